// Writes a made-up episode of a real one's size as its stages would leave it up to track_reps: what
// stages that follow cost does not depend on the pictures. The same numbers in every run.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { encodeNpy } from '../../src/stage/npy.js';
import { jsonLines } from './json-stage.js';

export interface LongEpisode {
  readonly ep: string;
  readonly tracks: number;
  /** People whom the tracks are of, the first ones far more often. */
  readonly people: number;
  readonly minutes: number;
  readonly samples: number;
  readonly dim: number;
  /** No two tracks at a time, so that a tracker finds these very ones. */
  readonly apart?: boolean;
  /** Two episodes of one seed are the same. */
  readonly seed?: number;
}

const fps = 25;
/** Spread of a face around its person, against unit steps of the person's own direction. */
const noise = 0.9;

/** The shipped pipeline.yaml with models named, so that none is looked for. */
export function shippedPipeline(): string {
  return readFileSync(join(import.meta.dirname, '../../pipeline.yaml'), 'utf8')
    .replace('detector: auto', 'detector: yunet-n')
    .replace('embedder: auto', 'embedder: mobilefacenet-512');
}

/** A xorshift generator of numbers from 0 to 1. */
export function numbers(seed: number): () => number {
  let state = seed;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Writes the episode's video (which is none) and its artifacts below `dataRoot`. */
export function writeLongEpisode(dataRoot: string, episode: LongEpisode): void {
  const { ep, tracks: count, people, minutes, samples, dim, apart = false, seed = 7 } = episode;
  const next = numbers(seed);
  const normal = (): number => next() + next() + next() - 1.5;
  const frameCount = minutes * 60 * fps;
  const centres = Array.from({ length: people }, () => Float32Array.from({ length: dim }, normal));
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(dataRoot, path)), { recursive: true });
    writeFileSync(join(dataRoot, path), content);
  };
  const id = (track: number): string => `track-${String(track + 1).padStart(5, '0')}`;
  const shots = Array.from({ length: Math.ceil(minutes * 12) + 1 }, (_, shot) =>
    Math.min(frameCount, Math.round((shot * frameCount) / (minutes * 12))),
  );
  const tracks = Array.from({ length: count }, (_, track) => {
    const from = Math.floor((track * frameCount) / count);
    const longest = apart ? Math.floor(frameCount / count) - 2 * fps : frameCount - from;
    const length = Math.min(longest, 50 + Math.floor(next() ** 2 * 400));
    const [left, top] = [0.1 + 0.6 * next(), 0.1 + 0.4 * next()];
    const frames = Array.from({ length }, (_, step) => {
      const [x, y] = [left + 0.0001 * step, top + 0.002 * next()].map((value) => Math.round(value * 1e6) / 1e6);
      return [from + step, [x!, y!, x! + 0.1, y! + 0.2], Math.round(1e6 * (0.7 + 0.25 * next())) / 1e6, 1] as const;
    });
    return { track, person: Math.floor(next() ** 2 * people), from, length, frames };
  });
  const faces = tracks.flatMap(({ track, frames, length, person }) =>
    Array.from({ length: samples }, (_, sample) => {
      const [frame, bbox, conf] = frames[Math.floor((sample * length) / samples)]!;
      const face_id = `${id(track)}-${sample}`;
      const row = {
        schema_version: 'face_v1',
        face_id,
        track_id: id(track),
        frame_idx: frame,
        ts_s: frame / fps,
        bbox,
        landmarks: Array.from({ length: 5 }, () => [bbox[0] + 0.05 * next(), bbox[1] + 0.1 * next()]),
        quality_score: 0.5 + 0.4 * next(),
        quality: { det: conf, size: next(), sharpness: next(), frontality: next(), exposure: next() },
        thumb_path: `frames/${ep}/thumbs/${face_id}.jpg`,
      };
      return { row, vector: unit(centres[person]!.map((value) => value + noise * normal())) };
    }),
  );
  const prototypes = tracks.map((_, track) => {
    const own = faces.slice(track * samples, (track + 1) * samples);
    return unit(Float32Array.from({ length: dim }, (_, at) => own.reduce((sum, { vector }) => sum + vector[at]!, 0)));
  });

  write(`videos/${ep}/episode.mp4`, `${ep}\n`);
  const place = (name: string): string => `manifests/${ep}/${name}`;
  write(place('frames.json'), framesJson(frameCount));
  write(
    place('scenes.json'),
    JSON.stringify({
      schema_version: 'scenes_v1',
      detector: 'hybrid',
      threshold: 27,
      min_len: 12,
      scenes: shots.slice(0, -1).map((start_frame, shot) => {
        const end_frame = shots[shot + 1]!;
        return { start_frame, end_frame, start_s: start_frame / fps, end_s: end_frame / fps };
      }),
      scores: Array.from({ length: frameCount }, () => Math.round(next() * 1e6) / 1e6),
    }),
  );
  write(
    place('detections.jsonl'),
    jsonLines(
      tracks.flatMap(({ frames }) =>
        frames.map(([frame, bbox, conf]) => ({
          schema_version: 'det_v1',
          frame_idx: frame,
          ts_s: frame / fps,
          bbox,
          landmarks: null,
          conf,
          model_id: 'made-up',
        })),
      ),
    ),
  );
  write(
    place('tracks.jsonl'),
    jsonLines(
      tracks.map(({ track, from, length, frames }) => ({
        schema_version: 'track_v1',
        track_id: id(track),
        start_s: from / fps,
        end_s: (from + length) / fps,
        frame_span: [from, from + length - 1],
        stats: { detections: length, avg_conf: 0.85 },
        scene: shots.findLastIndex((start) => start <= from),
        frames,
      })),
    ),
  );
  write(place('faces.jsonl'), jsonLines(faces.map(({ row }) => row)));
  write(place('faces_aligned.npy'), encodeNpy({ shape: [0, 112, 112, 3], data: new Uint8Array(0) }));
  write(place('faces_embeddings.npy'), matrix(faces.map(({ vector }) => vector), dim)); // prettier-ignore
  write(
    place('track_reps.jsonl'),
    jsonLines(
      tracks.map(({ track }) => ({
        schema_version: 'track_rep_v1',
        track_id: id(track),
        face_id: `${id(track)}-0`,
        thumb_path: `frames/${ep}/thumbs/${id(track)}-0.jpg`,
        samples,
        spread: 0.2,
        low_confidence: false,
        quality: 0.8,
      })),
    ),
  );
  write(place('track_reps.npy'), matrix(prototypes, dim));
  for (const { row } of faces) {
    write(row.thumb_path, row.face_id);
    write(`frames/${ep}/crops/${row.face_id}.jpg`, row.face_id);
  }
  mkdirSync(join(dataRoot, `frames/${ep}/frames`), { recursive: true });
}

function unit(vector: Float32Array): Float32Array {
  const norm = Math.hypot(...vector);
  return vector.map((value) => value / norm);
}

function matrix(rows: readonly Float32Array[], dim: number): Uint8Array {
  const data = new Float32Array(rows.length * dim);
  for (const [row, vector] of rows.entries()) data.set(vector, row * dim);
  return encodeNpy({ shape: [rows.length, dim], data });
}

function framesJson(frameCount: number): string {
  return JSON.stringify({
    schema_version: 'frames_v1',
    container: 'mp4',
    codec: 'h264',
    width: 1920,
    height: 1080,
    stored_width: 1920,
    stored_height: 1080,
    rotation: 0,
    pixel_aspect: [1, 1],
    time_base: [1, fps],
    frame_count: frameCount,
    fps,
    duration_s: frameCount / fps,
    variable_rate: false,
    pts: Array.from({ length: frameCount }, (_, index) => index),
    last_duration: 1,
  });
}
