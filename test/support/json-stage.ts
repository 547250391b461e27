// Runs a stage that needs neither pictures nor models, on artifacts written to a temporary folder.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { defaultConfig, type EpisodeRunConfig, type ParamName } from '../../src/stage/config.js';
import type { Stage, StageContext, StageCounts } from '../../src/stage/stage.js';

export interface JsonStageRun {
  readonly ep?: string;
  readonly params?: Partial<EpisodeRunConfig>;
  /** Text of each input file by role; a list of [episode, text] for a gathering role. */
  readonly inputs: Readonly<Record<string, string | readonly (readonly [ep: string, text: string])[]>>;
}

/** What the stage counted, and the text of every output it was asked for. */
export async function runJsonStage<K extends ParamName>(
  stage: Stage<K>,
  { ep, params, inputs }: JsonStageRun,
): Promise<{ counts: StageCounts; output: (role: string) => Promise<string> }> {
  const folder = await mkdtemp(join(tmpdir(), 'sa-stage-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const gathered = new Map<string, { ep: string; path: string }[]>();
  for (const [role, content] of Object.entries(inputs)) {
    if (typeof content === 'string') await writeFile(join(folder, role), content);
    else {
      gathered.set(role, []);
      for (const [episode, text] of content) {
        const path = join(folder, `${role}-${episode}`);
        await writeFile(path, text);
        gathered.get(role)!.push({ ep: episode, path });
      }
    }
  }
  const path = (role: string): string => join(folder, role);
  const outputPath = (role: string): string => join(folder, `out-${role}`);
  const absent = (): never => {
    throw new Error('this stage has no pictures and no models');
  };
  const context: StageContext<K> = {
    ep,
    params: { ...defaultConfig(), ...params },
    inputs: {
      path,
      optional: (role) => (role in inputs ? path(role) : undefined),
      gathered: (role) => gathered.get(role) ?? [],
    },
    outputs: { path: outputPath, relative: (role) => role, has: () => true },
    frames: { [Symbol.asyncIterator]: absent },
    media: { probe: absent },
    model: absent,
    card: absent,
    resources: {},
    signal: new AbortController().signal,
    progress: () => undefined,
  };
  const counts = await stage.run(context);
  return { counts, output: (role) => readFile(outputPath(role), 'utf8') };
}

/** Rows as JSON Lines. */
export function jsonLines(rows: readonly unknown[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join('');
}

/** A frames.json of `frameCount` frames at `fps`, or with the given PTS in milliseconds. */
export function framesJson({
  fps,
  frameCount,
  ptsMs,
  width = 1000,
  height = 500,
}: {
  fps: number;
  frameCount: number;
  ptsMs?: readonly number[];
  width?: number;
  height?: number;
}): string {
  const pts = ptsMs ?? Array.from({ length: frameCount }, (_, i) => Math.round((i * 1000) / fps));
  return JSON.stringify({
    schema_version: 'frames_v1',
    container: 'mp4',
    codec: 'h264',
    width,
    height,
    stored_width: width,
    stored_height: height,
    rotation: 0,
    pixel_aspect: [1, 1],
    time_base: [1, 1000],
    frame_count: frameCount,
    fps,
    duration_s: frameCount / fps,
    variable_rate: ptsMs !== undefined,
    pts,
    last_duration: Math.round(1000 / fps),
  });
}

/** A scenes.json with a cut at each of the frames. */
export function scenesJson({
  cuts,
  fps,
  frameCount,
}: {
  cuts: readonly number[];
  fps: number;
  frameCount: number;
}): string {
  const starts = [0, ...cuts];
  return JSON.stringify({
    schema_version: 'scenes_v1',
    detector: 'off',
    threshold: 27,
    min_len: 12,
    scenes: starts.map((start_frame, i) => {
      const end_frame = starts[i + 1] ?? frameCount;
      return { start_frame, end_frame, start_s: start_frame / fps, end_s: end_frame / fps };
    }),
    scores: [],
  });
}
