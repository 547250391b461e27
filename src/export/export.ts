// `sa export`: an episode for other programs. Pure: parsed artifacts in, texts out; whoever calls
// decides whether they are printed or written.
import { screentimeCsv } from '../stage/screentime-csv.js';
import { unreachable } from '../base/unreachable.js';
import { episodeCoco } from './coco.js';
import { episodeEdls } from './edl.js';
import type { EpisodeArtifacts, ExportedFile } from './episode.js';
import { episodeJson } from './json.js';
import { episodeMot } from './mot.js';
import { episodeWebvtt } from './webvtt.js';

export const exportFormats = ['csv', 'json', 'webvtt', 'edl', 'mot', 'coco'] as const;
export type ExportFormat = (typeof exportFormats)[number];

export interface ExportRequest extends EpisodeArtifacts {
  readonly format: ExportFormat;
}

/** The files of one format: one file each, but for `edl`, which is a file a person. */
export function exportEpisode({ format, ...artifacts }: ExportRequest): ExportedFile[] {
  const ep = artifacts.screentime.ep_id;
  switch (format) {
    case 'csv':
      return [{ name: `${ep}.csv`, text: screentimeCsv(artifacts.screentime) }];
    case 'json':
      return [{ name: `${ep}.json`, text: episodeJson(artifacts) }];
    case 'webvtt':
      return [{ name: `${ep}.vtt`, text: episodeWebvtt(artifacts) }];
    case 'edl':
      return episodeEdls(artifacts);
    case 'mot':
      return [{ name: `${ep}.mot.txt`, text: episodeMot(artifacts) }];
    case 'coco':
      return [{ name: `${ep}.coco.json`, text: episodeCoco(artifacts) }];
    default:
      return unreachable(format);
  }
}
