// The stage `screentime`: who was on screen, when and for how long, as screentime.json and as a CSV
// table. It only gathers what screenTime() needs and rounds what it says.
import { writeFile } from 'node:fs/promises';
import {
  framesIndexSchema,
  identitiesSchema,
  round6,
  scenesSchema,
  screentimeSchema,
  trackSchema,
  type Track,
  type Identity,
  type Screentime,
} from '../../src/stage/artifacts.js';
import { readJson, readJsonLines, writeJson } from '../../src/stage/read-write.js';
import { screentimeCsv } from '../../src/stage/screentime-csv.js';
import type { Stage } from '../../src/stage/stage.js';
import { frameTimes } from '../media/frame-times.js';
import { processingStride } from '../media/stride.js';
import { type Person, screenTime } from './screen-time.js';

type Params = 'gap_tolerance_s' | 'min_person_s' | 'min_person_samples' | 'min_person_conf' | 'stride' | 'target_fps';

export const stage: Stage<Params> = {
  async run({ inputs, outputs, params, signal }) {
    const index = await readJson(inputs.path('frames'), framesIndexSchema);
    const { scenes } = await readJson(inputs.path('scenes'), scenesSchema);
    const { identities, metadata } = await readJson(inputs.path('identities'), identitiesSchema);
    const tracks = await readJsonLines(inputs.path('tracks'), trackSchema);
    signal.throwIfAborted();
    const statsOf = new Map(tracks.map(({ track_id, stats }) => [track_id, stats]));
    const table = screenTime({
      times: frameTimes(index),
      fps: index.fps,
      stride: processingStride(params, index.fps),
      sceneStarts: scenes.map((scene) => scene.start_frame),
      tracks: tracks.map(({ track_id, frames }) => ({
        id: track_id,
        frames: frames.map(([frame, [, top, , bottom]]) => ({ index: frame, height: bottom - top })),
      })),
      people: identities.map((identity) => personOf(identity, statsOf)),
      gapToleranceS: params.gap_tolerance_s,
      minPersonS: params.min_person_s,
      minPersonSamples: params.min_person_samples,
      minPersonConf: params.min_person_conf,
    });
    const screentime: Screentime = { schema_version: 'screentime_v1', ep_id: metadata.ep_id, ...rounded(table) };
    await writeJson(outputs.path('screentime'), screentimeSchema, screentime);
    await writeFile(outputs.path('csv'), screentimeCsv(screentime));
    return { people_count: screentime.identities.length, others_count: screentime.others.identity_ids.length };
  },
};

function personOf(identity: Identity, statsOf: ReadonlyMap<string, Track['stats']>): Person {
  const { cohesion, num_faces_total } = identity.embedding_stats;
  const stats = identity.track_ids.flatMap((track) => statsOf.get(track) ?? []);
  const sum = (value: (one: Track['stats']) => number): number => stats.reduce((total, one) => total + value(one), 0);
  return {
    id: identity.identity_id,
    name: identity.name,
    trackIds: identity.track_ids,
    samples: num_faces_total,
    detectionScore:
      sum(({ detections, avg_conf, face_conf }) => detections * (face_conf ?? avg_conf)) /
      Math.max(
        1,
        sum(({ detections }) => detections),
      ),
    hidden: identity.hidden ?? false,
    thumbPath: identity.thumb_path,
    // Where the similarity of each track is not told, the mean stands for all of them.
    similarities: identity.track_similarity ?? identity.track_ids.map(() => cohesion),
  };
}

/** The same value with every number in it rounded as artifacts keep them. */
function rounded<T>(value: T): T {
  if (typeof value === 'number') return round6(value) as T;
  if (Array.isArray(value)) return value.map(rounded) as T;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, rounded(part)])) as T;
}
