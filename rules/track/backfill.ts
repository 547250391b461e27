// Lets tracks begin where the face does. ByteTrack starts a track at a higher score than carries it
// on, so good detections just before the start are left over; here the first association is made
// backwards in time from each first detection. Low scores were tried too and dropped: on the
// labelled clips they brought three false boxes for each true one. Pure.
import { assignBelow } from './assignment.js';
import { type ByteTrackOptions, type FrameBoxes, type Link, pairCost } from './byte-track.js';

/**
 * Prepends to each track the detections of the frames right before it, as long as one above
 * trackThresh that no track has taken lies where the face was; the first frame without one ends it.
 *
 * @param tracks of one scene; changed in place
 * @param frames every processed frame of that scene, ascending
 */
export function backfill(tracks: readonly Link[][], frames: readonly FrameBoxes[], options: ByteTrackOptions): void {
  const { trackThresh, matchThresh, boxGrowth = 0, iou = 'reference' } = options;
  const taken = new Map(frames.map((frame) => [frame.index, new Set<number>()]));
  for (const { index, detection } of tracks.flat()) taken.get(index)!.add(detection);
  for (let at = frames.length - 2; at >= 0; at -= 1) {
    const [before, next] = [frames[at]!, frames[at + 1]!];
    const starting = tracks.filter((track) => track[0]!.index === next.index);
    const free = before.scores.flatMap((score, detection) => {
      return score > trackThresh && !taken.get(before.index)!.has(detection) ? [detection] : [];
    });
    const costs = starting.map((track) => {
      const face = next.boxes[track[0]!.detection]!;
      return free.map((detection) =>
        pairCost(face, before.boxes[detection]!, before.scores[detection]!, { fuse: true, growth: boxGrowth, iou }),
      );
    });
    for (const [row, column] of assignBelow(costs, matchThresh).entries()) {
      if (column >= 0) starting[row]!.unshift({ index: before.index, detection: free[column]!, association: 1 });
    }
  }
}
