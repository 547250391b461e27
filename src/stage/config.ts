// EpisodeRunConfig: every parameter with its type, range, default and meaning, defined once.
// pipeline.yaml, the flags, the JSON Schema, HTTP bodies and TypeScript all read this table.
import { z } from 'zod';

const unit = z.number().min(0).max(1);
const count = z.number().int().min(1);

/** What a parameter is for: `result` can change bytes and is in fingerprints; `how` never is. */
export type ParamRole = 'result' | 'how';

/** A parameter: its schema, default, and what it is for. */
export interface ParamDefinition<T extends z.ZodType> {
  readonly schema: T;
  readonly default: z.infer<T>;
  readonly role: ParamRole;
  readonly doc: string;
}

function param<T extends z.ZodType>(
  schema: T,
  value: z.infer<T>,
  doc: string,
  role: ParamRole = 'result',
): ParamDefinition<T> {
  return { schema: schema.describe(doc), default: value, role, doc };
}

const device = z.enum(['auto', 'cpu', 'cuda', 'tensorrt', 'coreml', 'directml', 'openvino', 'webgpu']);

/** The table itself. Names and defaults are the Python engine's (contract 5 and algorithms 1). */
export const configFields = {
  device: param(device, 'auto', 'where detection runs: auto, or an execution provider by name', 'how'),
  embed_device: param(device.nullable(), null, 'where embedding runs; null means the same as device', 'how'),
  detector: param(z.string().min(1), 'retinaface', 'face detector: a name from models.yaml, or auto'),
  embedder: param(z.string().min(1), 'arcface', 'face embedder: a name from models.yaml, or auto'),
  det_thresh: param(unit, 0.65, 'score from which a detection can start or carry a track'),
  det_size: param(
    z.number().int().min(64).max(4096).multipleOf(32),
    640,
    'longest side of the detector input in pixels',
  ),
  det_scales: param(
    z.array(z.number().int().min(64).max(4096).multipleOf(32)).max(4),
    [],
    'further detector input sizes, merged by one suppression',
  ),
  min_box_area: param(z.number().min(0), 10, 'smallest face box kept, in square pixels of the stored video'),
  stride: param(count, 1, 'process every n-th frame'),
  adaptive_stride: param(
    count.nullable(),
    null,
    'detect in every n-th frame where the same faces stay, and every stride-th where they change; null: in every stride-th',
  ),
  tracker: param(z.enum(['bytetrack']), 'bytetrack', 'tracking algorithm'),
  track_buffer: param(count, 15, 'how long a lost track may wait, in frames at 30 fps'),
  match_thresh: param(unit, 0.85, 'limit of the first association cost (1 - IoU x score)'),
  new_track_thresh: param(unit, 0.7, 'score from which an unmatched detection starts a track'),
  max_gap: param(count, 60, 'longest hole inside a track, in source frames; a longer one splits it'),
  scene_detector: param(
    z.enum(['pyscenedetect', 'adaptive', 'hybrid', 'off']),
    'pyscenedetect',
    'pyscenedetect is its ContentDetector, adaptive its AdaptiveDetector; hybrid also finds dissolves and fades',
  ),
  scene_threshold: param(z.number().min(0).max(255), 27, 'content score at which a frame starts a new scene'),
  scene_min_len: param(count, 12, 'shortest scene in frames'),
  max_samples_per_track: param(count, 16, 'most faces embedded for one track'),
  min_samples_per_track: param(count, 4, 'faces wanted at least for one track'),
  sample_every_n_frames: param(count, 4, 'spacing of samples added after the best of each time bin'),
  save_crops: param(z.boolean(), true, 'keep the aligned 112x112 crops'),
  save_frames: param(z.boolean(), false, 'keep the sampled frames as JPEG'),
  thumb_size: param(z.number().int().min(16).max(2048), 256, 'side of a thumbnail in pixels'),
  jpeg_quality: param(z.number().int().min(1).max(100), 85, 'JPEG quality of crops, frames and thumbnails'),
  cluster_thresh: param(
    z.union([z.number().min(0).max(0.999), z.literal('auto')]),
    0.75,
    'calibrated similarity above which two groups of tracks are one person; auto calibrates on the episode',
  ),
  min_identity_sim: param(
    z.number().min(0).max(0.99),
    0.5,
    'calibrated similarity to its identity below which a track leaves it',
  ),
  min_cluster_size: param(count, 1, 'smallest group of tracks that stays together'),
  second_pass: param(z.boolean(), false, 'let small clusters join a clear, close large one'),
  track_vector: param(
    z.enum(['all_faces', 'prototype']),
    'all_faces',
    'what tracks are compared by: the mean of all their embedded faces, or the prototype of the best ones',
  ),
  blur_correction: param(
    z.boolean(),
    true,
    'compare blurred faces without what all blurred faces of the episode share',
  ),
  gap_tolerance_s: param(
    z.number().min(0).max(60),
    0.5,
    'holes inside a track up to this long count as bridged seconds',
  ),
  min_person_s: param(z.number().min(0), 1, 'a person seen for less is counted among the others'),
  min_person_samples: param(
    z.number().int().min(0),
    3,
    'a person with fewer embedded faces is counted among the others',
  ),
  min_person_conf: param(
    unit,
    0.65,
    'a person whose detections score less on average is counted among the others, unless named',
  ),
  cast_name_sim: param(
    unit,
    0.68,
    "calibrated similarity to a person's pictures in the cast gallery from which an identity is named",
  ),
  cast_lead: param(unit, 0.1, 'how much more similar to that person than to the second one it must be'),
  cast_suggest_sim: param(unit, 0.5, 'calibrated similarity from which the gallery suggests a name'),
  target_fps: param(z.number().positive().nullable(), null, 'frames a second to process instead of a stride'),
  reuse_detections: param(
    z.boolean(),
    false,
    'trust the detections and tracks on disk whatever their fingerprint',
    'how',
  ),
  reuse_embeddings: param(
    z.boolean(),
    false,
    'trust the faces and embeddings on disk whatever their fingerprint',
    'how',
  ),
  force_recluster: param(z.boolean(), false, 'cluster again whatever the fingerprint says', 'how'),
  chunk_frames: param(
    count.nullable(),
    null,
    'frames (faces for embed) that a chunk of a stage covers; null chooses by the length of the video',
    'how',
  ),
  hwaccel: param(
    z
      .enum(['auto', 'cuda', 'vaapi', 'qsv', 'vdpau', 'videotoolbox', 'd3d11va', 'd3d12va', 'dxva2', 'vulkan', 'drm'])
      .nullable(),
    null,
    'what decodes plain 8-bit H.264, HEVC, VP8, VP9 and AV1: a method of ffmpeg by name, auto, or null for the processor',
    'how',
  ),
  allow_cpu_fallback: param(
    z.boolean(),
    false,
    'use the CPU when the asked device, or the asked hwaccel, is not there',
    'how',
  ),
} as const;

/** A parameter's name, the same in YAML, flags (kebab-case), HTTP bodies and TypeScript. */
export type ParamName = keyof typeof configFields;

/** All parameters of a run with their values. */
export type EpisodeRunConfig = { readonly [K in ParamName]: z.infer<(typeof configFields)[K]['schema']> };

export const paramNames = Object.keys(configFields) as readonly ParamName[];

/** Every default, as the Python engine had them. */
export function defaultConfig(): EpisodeRunConfig {
  return Object.fromEntries(paramNames.map((name) => [name, configFields[name].default])) as EpisodeRunConfig;
}
