// The shape of every artifact, defined once and checked on the way in and out. Boxes are
// [x1,y1,x2,y2] and points [x,y], normalised to 0..1 of the upright frame; seconds count from the
// first frame's PTS; numbers are rounded by `round6` so that the same result is the same text.
import { z } from 'zod';
import type { DeepReadonly } from './deep-readonly.js';

/** Six decimals: 0.002 px at 1080p and a microsecond; the digits every artifact keeps. */
export function round6(value: number): number {
  return Math.round(value * 1e6) / 1e6;
}

const seconds = z.number().min(0);
const frameIndex = z.number().int().min(0);
const bbox = z.tuple([z.number(), z.number(), z.number(), z.number()]);
const point = z.tuple([z.number(), z.number()]);
const landmarks = z.tuple([point, point, point, point, point]);

export type Bbox = DeepReadonly<z.infer<typeof bbox>>;
export type Landmarks = DeepReadonly<z.infer<typeof landmarks>>;

/** frames.json: the time base of everything else. */
export const framesIndexSchema = z.object({
  schema_version: z.literal('frames_v1'),
  container: z.string(),
  codec: z.string(),
  /** Upright size with square pixels: what boxes are normalised to. */
  width: z.number().int().positive(),
  height: z.number().int().positive(),
  stored_width: z.number().int().positive(),
  stored_height: z.number().int().positive(),
  rotation: z.union([z.literal(0), z.literal(90), z.literal(180), z.literal(270)]),
  pixel_aspect: z.tuple([z.number().int().positive(), z.number().int().positive()]),
  time_base: z.tuple([z.number().int().positive(), z.number().int().positive()]),
  frame_count: z.number().int().positive(),
  /** Mean rate: frame_count / duration_s. */
  fps: z.number().positive(),
  duration_s: z.number().positive(),
  variable_rate: z.boolean(),
  /** PTS of each frame in time base units, ascending; the first one is second 0. */
  pts: z.array(z.number().int()),
  /** Length of the last frame in time base units. */
  last_duration: z.number().int().positive(),
  /** Stands only where the file's own times were missing or did not ascend: no frame can be sought by `pts` there. */
  clock_mended: z.literal(true).optional(),
  /** Stands only where pixels are 8-bit yuv420p of limited range: the matrix that makes them RGB. */
  yuv420: z.enum(['bt601', 'bt709']).optional(),
  /** Ordinals of the frames at which decoding can begin; left out where the container does not tell beyond doubt. */
  key_frames: z.array(frameIndex).optional(),
  /** Frames that no other frame's picture is made from, and at which byte of the file the packet of each begins. */
  unreferenced: z.object({ frames: z.array(frameIndex), positions: z.array(z.number().int().min(0)) }).optional(),
});
export type FramesIndex = DeepReadonly<z.infer<typeof framesIndexSchema>>;

/** scenes.json: half-open frame ranges [start_frame, end_frame) that cover the video. */
export const scenesSchema = z.object({
  schema_version: z.literal('scenes_v1'),
  detector: z.string(),
  threshold: z.number(),
  min_len: z.number().int(),
  scenes: z.array(z.object({ start_frame: frameIndex, end_frame: frameIndex, start_s: seconds, end_s: seconds })),
  /** Cut score of each frame against the one before; the first is 0. */
  scores: z.array(z.number()),
});
export type Scenes = DeepReadonly<z.infer<typeof scenesSchema>>;

/** A row of detections.jsonl; rows ascend by frame, then by falling score. */
export const detectionSchema = z.object({
  schema_version: z.literal('det_v1'),
  frame_idx: frameIndex,
  ts_s: seconds,
  bbox,
  landmarks: landmarks.nullable(),
  conf: z.number().min(0).max(1),
  /** How sure it is that this is a face, of several looks where there was doubt; only in some frames, of some detectors. */
  face_conf: z.number().min(0).max(1).optional(),
  /** There where the network did not look at the frame, and the face was put between those of two others (an adaptive stride). */
  interpolated: z.literal(true).optional(),
  model_id: z.string(),
});
export type Detection = DeepReadonly<z.infer<typeof detectionSchema>>;

/** A row of tracks.jsonl; a frame is [frame_idx, bbox, conf, stage of ByteTrack (1 or 2)]. */
export const trackSchema = z.object({
  schema_version: z.literal('track_v1'),
  track_id: z.string().regex(/^track-\d{5,}$/),
  start_s: seconds,
  end_s: seconds,
  frame_span: z.tuple([frameIndex, frameIndex]),
  /** Index into scenes.json's scenes. */
  scene: z.number().int().min(0),
  stats: z.object({
    detections: z.number().int(),
    avg_conf: z.number(),
    /** Mean of the detections' face_conf, if any of them has one. */
    face_conf: z.number().optional(),
  }),
  frames: z.array(z.tuple([frameIndex, bbox, z.number(), z.union([z.literal(1), z.literal(2)])])),
});
export type Track = DeepReadonly<z.infer<typeof trackSchema>>;

/** Parts of the quality score, each 0..1, measured on the aligned crop where that makes sense. */
export const qualitySchema = z.object({
  det: z.number(),
  size: z.number(),
  sharpness: z.number(),
  frontality: z.number(),
  exposure: z.number(),
});

/** A row of faces.jsonl. Row i of faces_embeddings.npy is the i-th face without a rejection. */
export const faceSchema = z.object({
  schema_version: z.literal('face_v1'),
  face_id: z.string(),
  track_id: z.string(),
  frame_idx: frameIndex,
  ts_s: seconds,
  bbox,
  landmarks: landmarks.nullable(),
  quality_score: z.number().min(0).max(1),
  quality: qualitySchema,
  /** Path of the thumbnail under the data root; a rejected face has none. */
  thumb_path: z.string().optional(),
  /** Path of the aligned crop under the data root, when crops are saved. */
  crop_path: z.string().optional(),
  /** Why the face is not embedded: no_landmarks, degenerate_landmarks, off_frame, ... */
  rejection_reason: z.string().optional(),
});
export type Face = DeepReadonly<z.infer<typeof faceSchema>>;

/** What is read of a face once it has a vector: an hour has tens of thousands, and a whole row takes several times the memory. */
export const faceSummarySchema = faceSchema
  .pick({ face_id: true, track_id: true, ts_s: true, quality_score: true, thumb_path: true, rejection_reason: true })
  .extend({ quality: qualitySchema.pick({ sharpness: true }) });
export type FaceSummary = DeepReadonly<z.infer<typeof faceSummarySchema>>;

/** A row of track_reps.jsonl; row i of track_reps.npy is the prototype of the i-th track. */
export const trackRepSchema = z.object({
  schema_version: z.literal('track_rep_v1'),
  track_id: z.string(),
  face_id: z.string(),
  thumb_path: z.string(),
  samples: z.number().int(),
  /** Largest cosine distance between two faces of the track. */
  spread: z.number(),
  low_confidence: z.boolean(),
  quality: z.number(),
});
export type TrackRep = DeepReadonly<z.infer<typeof trackRepSchema>>;

/** clusters.json: the bare result of clustering, before names and edits. */
export const clustersSchema = z.object({
  schema_version: z.literal('clusters_v1'),
  algorithm: z.string(),
  linkage: z.string(),
  embedder: z.string(),
  /** Calibrated threshold used and the cosine it stands for with this embedder. */
  cluster_thresh: z.number(),
  cluster_cosine: z.number(),
  /** What the episode itself says, when asked: `missed` is the share of same-person pairs below the cosine. */
  self_calibrated: z
    .object({ cosine: z.number(), negatives: z.number().int(), positives: z.number().int(), missed: z.number() })
    .nullable(),
  clusters: z.array(
    z.object({
      track_ids: z.array(z.string()),
      /** Calibrated similarity of each of track_ids to the centroid; 1 for a track alone, 0 without a vector. */
      track_similarity: z.array(z.number()),
      num_faces_total: z.number().int(),
      /** Mean and least of track_similarity. */
      cohesion: z.number(),
      min_sim: z.number(),
      outlier_reason: z.string().optional(),
    }),
  ),
  /** Tracks whose spread says that two people may be in them. */
  mixed_tracks: z.array(z.string()),
});
export type Clusters = DeepReadonly<z.infer<typeof clustersSchema>>;

/** cast.json: the pictures of the cast gallery. Row i of cast.npy is the i-th one without a rejection. */
export const castSchema = z.object({
  schema_version: z.literal('cast_v1'),
  detector: z.string(),
  embedder: z.string(),
  pictures: z.array(
    z.object({
      person: z.string(),
      /** Relative to the gallery. */
      path: z.string(),
      /** The face, normalised to the picture; a tight crop's may reach beyond it. */
      bbox: bbox.optional(),
      /** Why the picture is not used, in words. */
      rejection_reason: z.string().optional(),
    }),
  ),
  /** Files and folders of the gallery that say nothing of anybody. */
  notes: z.array(z.object({ path: z.string(), note: z.string() })),
});
export type Cast = DeepReadonly<z.infer<typeof castSchema>>;

/** Somebody whom an identity may be, by the cast gallery; calibrated similarity. */
const suggestion = z.object({ name: z.string(), similarity: z.number() });

export const identitySchema = z.object({
  identity_id: z.string(),
  name: z.string().optional(),
  /** Who says so: a person's edit, or the cast gallery. */
  name_from: z.enum(['edit', 'cast']).optional(),
  /** Of a name from the gallery: calibrated similarity to that person's pictures. */
  name_similarity: z.number().optional(),
  /** Of somebody unnamed: whom the gallery finds likely, the most similar first. */
  suggestions: z.array(suggestion).optional(),
  track_ids: z.array(z.string()),
  /** Calibrated similarity of each of track_ids to the identity's centroid; screen time's confidence reads it. */
  track_similarity: z.array(z.number()).optional(),
  thumb_path: z.string(),
  embedding_stats: z.object({
    num_tracks: z.number().int(),
    num_faces_total: z.number().int(),
    cohesion: z.number(),
    min_sim: z.number(),
  }),
  low_cohesion: z.boolean(),
  locked: z.boolean(),
  hidden: z.boolean().optional(),
  outlier_reason: z.string().optional(),
});
export type Identity = DeepReadonly<z.infer<typeof identitySchema>>;

/** identities.json. */
export const identitiesSchema = z.object({
  schema_version: z.literal('identities_v1'),
  identities: z.array(identitySchema),
  /** Edits that no longer apply, listed so that none is lost. */
  edits_not_applied: z.array(z.object({ edit: z.string(), reason: z.string() })),
  metadata: z.object({
    ep_id: z.string(),
    num_tracks: z.number().int(),
    num_identities: z.number().int(),
    num_singletons: z.number().int(),
    cluster_thresh: z.number(),
    cluster_cosine: z.number(),
    algorithm: z.string(),
    linkage: z.string(),
  }),
});
export type Identities = DeepReadonly<z.infer<typeof identitiesSchema>>;

const interval = z.object({
  start_s: seconds,
  end_s: seconds,
  /** `seen`: a detection stands behind it; `bridged`: a short hole inside one track and scene. */
  kind: z.enum(['seen', 'bridged']),
});

const personTime = z.object({
  /** Seconds of the union of seen intervals; bridged seconds are apart, in bridged_s. */
  screen_time_s: seconds,
  bridged_s: seconds,
  /** Each interval end is uncertain by the sampling step: plus or minus this much in all. */
  error_s: seconds,
  /** screen_time_s + bridged_s over the video's length. */
  share: z.number().min(0),
  appearances: z.number().int(),
  intervals: z.array(interval),
});

/** screentime.json. */
export const screentimeSchema = z.object({
  schema_version: z.literal('screentime_v1'),
  ep_id: z.string(),
  fps: z.number().positive(),
  duration_s: z.number().positive(),
  identities: z.array(
    personTime.extend({
      id: z.string(),
      name: z.string().optional(),
      longest_s: seconds,
      first_s: seconds,
      last_s: seconds,
      solo_s: seconds,
      scenes: z.number().int(),
      mean_face_height: z.number(),
      thumb_path: z.string(),
      /** Seconds supported by tracks close to the centroid over all seconds. */
      confidence: z.number().min(0).max(1),
    }),
  ),
  /** Small or fleeting groups, counted together; their identity ids are kept. */
  others: personTime.extend({ identity_ids: z.array(z.string()) }),
  per_scene: z.array(
    z.object({ scene: z.number().int(), start_s: seconds, end_s: seconds, seconds: z.record(z.string(), seconds) }),
  ),
  co_appearance: z.array(z.object({ a: z.string(), b: z.string(), seconds })),
});
/** Who was on screen, when and for how long. */
export type Screentime = DeepReadonly<z.infer<typeof screentimeSchema>>;
