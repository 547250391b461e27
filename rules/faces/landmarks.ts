// Finds the landmarks of a track's box: tracks carry boxes alone, detections carry both. Pure.
import type { Bbox, Detection, Landmarks } from '../../src/stage/artifacts.js';
import { intersectionOverUnion } from '../media/geometry.js';

/** The landmarks of the detection that a track's box in a frame came from, or null. */
export type LandmarksFinder = (frame: number, bbox: Bbox) => Landmarks | null;

/** A box that overlaps less than this is another face. Normally the boxes are equal to the last digit. */
const overlapMin = 0.5;

/** Whether a line of detections.jsonl is of a frame in `frames`. A line that names no frame is, so that reading it tells. */
export function isOfFrames(frames: { has(frame: number): boolean }): (line: string) => boolean {
  return (line) => {
    const frame = /"frame_idx"\s*:\s*(\d+)/.exec(line)?.[1];
    return frame === undefined || frames.has(Number(frame));
  };
}

/** Indexes detections by frame; the best overlap wins, of equals the earlier row. */
export function landmarksFinder(detections: readonly Detection[]): LandmarksFinder {
  const byFrame = new Map<number, Detection[]>();
  for (const detection of detections) {
    const others = byFrame.get(detection.frame_idx);
    if (others) others.push(detection);
    else byFrame.set(detection.frame_idx, [detection]);
  }
  return (frame, bbox) => {
    let best: Detection | undefined;
    let bestOverlap = overlapMin;
    for (const detection of byFrame.get(frame) ?? []) {
      const overlap = intersectionOverUnion(detection.bbox, bbox);
      if (overlap > bestOverlap) [best, bestOverlap] = [detection, overlap];
    }
    return best?.landmarks ?? null;
  };
}
