// Writes the faces of finished tracks: pictures and aligned crops at once, rows at the end.
// Chooses and measures nothing.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Bbox, type Face, faceSchema, type Landmarks, round6 } from '../../src/stage/artifacts.js';
import { type NpyRowWriter, openNpyRows } from '../../src/stage/npy.js';
import { writeJsonLines } from '../../src/stage/read-write.js';
import { encodeJpeg } from '../media/jpeg.js';
import type { Picture } from '../media/resample.js';
import { alignedSide } from './align.js';
import type { Gathered, Refusal } from './gather.js';
import type { QualityParts } from './quality.js';

/** All that is kept of a face until its track is finished. */
export interface KeptFace {
  /** The aligned crop, 112 x 112 x 3. */
  readonly crop: Uint8Array;
  readonly parts: QualityParts;
  readonly bbox: Bbox;
  readonly landmarks: Landmarks;
  /** The square around the face, at most about twice the thumbnail's side. */
  readonly around: Picture;
  /** The whole frame as JPEG, when frames are saved. */
  readonly frameJpeg: Uint8Array | undefined;
}

/** A refused face with the place it was seen at. */
export interface RefusedFace extends Refusal {
  readonly bbox: Bbox;
  readonly landmarks: Landmarks | null;
}

export interface FaceWriterOptions {
  /** Where everything is written, under the names in `partNames`. */
  readonly folder: string;
  /** The path that an output will have under the data root. */
  readonly relative: (role: string) => string;
  readonly timeOf: (frame: number) => number;
  readonly saveCrops: boolean;
  readonly thumbSize: number;
  readonly jpegQuality: number;
}

/** What a part holds, by the role of the output that it goes into. */
export const partNames = {
  faces: 'faces.jsonl',
  aligned: 'aligned.npy',
  thumbs: 'thumbs',
  crops: 'crops',
  sampled_frames: 'frames',
} as const;

/** `track-00001-f000123`: sorts by track and frame, and names the pictures. */
export function faceId(trackId: string, frame: number): string {
  return `${trackId}-f${String(frame).padStart(6, '0')}`;
}

export class FaceWriter {
  readonly #options: FaceWriterOptions;
  readonly #aligned: NpyRowWriter;
  readonly #faces: Face[] = [];
  readonly #framesSaved = new Set<number>();

  private constructor(options: FaceWriterOptions, aligned: NpyRowWriter) {
    this.#options = options;
    this.#aligned = aligned;
  }

  /** Opens the outputs; `close` or `abort` must follow. */
  static async open(options: FaceWriterOptions): Promise<FaceWriter> {
    const { folder } = options;
    for (const role of ['thumbs', 'crops', 'sampled_frames'] as const) await mkdir(join(folder, partNames[role]));
    const aligned = await openNpyRows(join(folder, partNames.aligned), [alignedSide, alignedSide, 3]);
    return new FaceWriter(options, aligned);
  }

  /** Writes the pictures of a track and takes in its rows, in the order of frames. */
  async write(trackId: string, { chosen, refused }: Gathered<KeptFace, RefusedFace>): Promise<void> {
    const rows: Face[] = refused.map((face) => ({
      ...this.#row(trackId, face),
      quality_score: 0,
      quality: { det: round6(face.conf), size: 0, sharpness: 0, frontality: 0, exposure: 0 },
      rejection_reason: face.reason,
    }));
    for (const { payload } of chosen) await this.#aligned.append(payload.crop);
    const pictures = await Promise.all(
      chosen.map(({ frame, payload }) => this.#writePictures(faceId(trackId, frame), frame, payload)),
    );
    for (const [index, { frame, quality, payload }] of chosen.entries()) {
      rows.push({
        ...this.#row(trackId, { frame, ...payload }),
        quality_score: round6(quality),
        quality: rounded(payload.parts),
        ...pictures[index]!,
      });
    }
    this.#faces.push(...rows.sort((left, right) => left.frame_idx - right.frame_idx));
  }

  /** Makes the artifacts whole. */
  async close(): Promise<{ readonly sampled: number; readonly rejected: number }> {
    const sampled = await this.#aligned.close();
    writeJsonLines(join(this.#options.folder, partNames.faces), faceSchema, this.#faces);
    return { sampled, rejected: this.#faces.length - sampled };
  }

  /** Lets go of the outputs after a failure. */
  abort(): Promise<void> {
    return this.#aligned.abort();
  }

  #row(trackId: string, face: { frame: number; bbox: Bbox; landmarks: Landmarks | null }) {
    return {
      schema_version: 'face_v1' as const,
      face_id: faceId(trackId, face.frame),
      track_id: trackId,
      frame_idx: face.frame,
      ts_s: round6(this.#options.timeOf(face.frame)),
      bbox: face.bbox,
      landmarks: face.landmarks,
    };
  }

  async #writePictures(id: string, frame: number, face: KeptFace): Promise<{ thumb_path: string; crop_path?: string }> {
    const { folder, relative, thumbSize, jpegQuality, saveCrops } = this.#options;
    const name = `${id}.jpg`;
    const thumb = await encodeJpeg(face.around, { quality: jpegQuality, side: thumbSize });
    await writeFile(join(folder, partNames.thumbs, name), thumb);
    if (face.frameJpeg !== undefined && !this.#framesSaved.has(frame)) {
      this.#framesSaved.add(frame);
      await writeFile(join(folder, partNames.sampled_frames, `${String(frame).padStart(6, '0')}.jpg`), face.frameJpeg);
    }
    const thumb_path = inFolder(relative('thumbs'), name);
    if (!saveCrops) return { thumb_path };
    const crop = { width: alignedSide, height: alignedSide, data: face.crop };
    await writeFile(join(folder, partNames.crops, name), await encodeJpeg(crop, { quality: jpegQuality }));
    return { thumb_path, crop_path: inFolder(relative('crops'), name) };
  }
}

/** A path under the data root, with `/` on every system. */
function inFolder(folder: string, name: string): string {
  return `${folder.replace(/\/$/, '')}/${name}`;
}

function rounded(parts: QualityParts): QualityParts {
  const { det, size, sharpness, frontality, exposure } = parts;
  return {
    det: round6(det),
    size: round6(size),
    sharpness: round6(sharpness),
    frontality: round6(frontality),
    exposure: round6(exposure),
  };
}
