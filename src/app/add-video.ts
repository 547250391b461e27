// Brings a video in as an episode. The video is looked at first; what is no video leaves nothing
// behind, and another episode's video is never replaced.
import { constants, copyFileSync, existsSync, mkdirSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { problem } from '../base/problem.js';
import { temporaryBeside } from '../disk/atomic.js';
import { fillIn } from '../graph/graph.js';
import { probeVideo } from '../media/probe.js';
import { episodeShape, type Workspace } from './workspace.js';

export type Manner = 'copy' | 'link' | 'move';

/** Probes `video` and puts it where the pipeline looks for the episode. Refuses to replace another one. */
export async function addVideo(
  workspace: Workspace,
  { ep, video, manner }: { readonly ep: string; readonly video: string; readonly manner: Manner },
  signal: AbortSignal,
): Promise<{ path: string; width: number; height: number; frames: number; seconds: number; codec: string }> {
  if (!episodeShape.test(ep))
    throw problem(
      'bad-episode-name',
      `${JSON.stringify(ep)} cannot be an episode`,
      'use letters, digits, dots, dashes and underscores, starting with a letter or digit',
    );
  if (!existsSync(video)) throw problem('no-video', `there is no file ${video}`);
  if (workspace.episodes().includes(ep))
    throw problem(
      'episode-exists',
      `episode ${ep} has a video already`,
      `to replace it, remove it first: ${join('videos', ep)}`,
    );
  const facts = await probeVideo(video, signal);
  const { pipeline, dataRoot } = workspace;
  const suffix = extname(video) === '' ? '.mp4' : extname(video).toLowerCase();
  const path = fillIn(pipeline.each, ep).replace(/\.\*$/, suffix);
  const target = join(dataRoot, path);
  mkdirSync(dirname(target), { recursive: true });
  bringIn(video, target, manner);
  const [numerator, denominator] = facts.timeBase;
  const ticks = facts.pts.at(-1)! + facts.lastDuration - facts.pts[0]!;
  return {
    path,
    width: facts.width,
    height: facts.height,
    frames: facts.pts.length,
    seconds: (ticks * numerator) / denominator,
    codec: facts.codec,
  };
}

function bringIn(video: string, target: string, manner: Manner): void {
  if (manner === 'link') {
    symlinkSync(video, target);
    return;
  }
  if (manner === 'move') {
    try {
      renameSync(video, target);
      return;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error;
    }
  }
  const beside = temporaryBeside(target);
  try {
    copyFileSync(video, beside, constants.COPYFILE_FICLONE);
    renameSync(beside, target);
  } catch (error) {
    rmSync(beside, { force: true });
    throw error;
  }
  if (manner === 'move') rmSync(video);
}
