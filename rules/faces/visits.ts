// Plans each track: which frames are looked at, and whose faces are in them. Pure.
import type { Bbox, Track } from '../../src/stage/artifacts.js';
import { planSampling, type SamplingOptions, type SamplingPlan } from './sampling.js';

export interface PlannedTrack {
  readonly track: Track;
  readonly plan: SamplingPlan;
  /** After this frame the track's samples can be chosen. */
  readonly lastFrame: number;
}

/** A track's detection in a frame that is looked at. */
export interface Visit {
  readonly planned: PlannedTrack;
  readonly bin: number;
  readonly bbox: Bbox;
  readonly conf: number;
}

/** Plans a track by itself. `timeOf` gives a frame's seconds. Undefined for one without detections, which has nothing to look at. */
export function planTrack(
  track: Track,
  timeOf: (frame: number) => number,
  options: SamplingOptions,
): PlannedTrack | undefined {
  if (track.frames.length === 0) return undefined;
  const sightings = track.frames.map(([frame, , , stage]) => ({
    frame,
    timeS: timeOf(frame),
    confident: stage === 1,
  }));
  const plan = planSampling(sightings, options);
  return { track, plan, lastFrame: Math.max(...plan.bins.flat()) };
}

/** The faces to look at by frame, frames ascending, and in a frame in the order of `tracks`. */
export function planVisits(tracks: readonly PlannedTrack[]): Map<number, readonly Visit[]> {
  const visits = new Map<number, Visit[]>();
  for (const planned of tracks) {
    const detections = new Map(planned.track.frames.map(([frame, bbox, conf]) => [frame, { bbox, conf }]));
    for (const [bin, frames] of planned.plan.bins.entries()) {
      for (const frame of frames) {
        const inFrame = visits.get(frame) ?? [];
        inFrame.push({ planned, bin, ...detections.get(frame)! });
        visits.set(frame, inFrame);
      }
    }
  }
  return new Map([...visits].sort(([left], [right]) => left - right));
}
