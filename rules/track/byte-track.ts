// ByteTrack (Zhang et al., ECCV 2022), step by step as its reference code runs: which detection
// carries on which track. All state is the instance's own, so two runs give the same ids.
import { assignBelow } from './assignment.js';
import { correct, filterBox, type KalmanBox, predict, startFilter } from './kalman.js';
import { grown, iou, type Box, type IouKind } from './iou.js';

/** Scores up to this are never looked at. */
const scoreFloor = 0.1;
/** Limit of the second association's cost, 1 - IoU. */
const secondMatchThresh = 0.5;
const unconfirmedMatchThresh = 0.7;
/** A lost and a seen track that overlap more than 1 minus this are one; the younger goes. */
const duplicateDistance = 0.15;

/** Thresholds and rates of a run of ByteTrack. */
export interface ByteTrackOptions {
  /** Detections above it take part in the first association. */
  readonly trackThresh: number;
  /** Limit of the first association's cost, 1 - IoU x score. */
  readonly matchThresh: number;
  /** How long a lost track waits, in frames at 30 a second. */
  readonly trackBuffer: number;
  /** Frames a second of the video. */
  readonly fps: number;
  /** Default `reference`: ByteTrack's own IoU, which adds one pixel to widths and heights. */
  readonly iou?: IouKind;
  /** Score from which an unmatched detection starts a track; default trackThresh + 0.1. */
  readonly newTrackThresh?: number;
  /** Source frames between two steps; default 1. The Kalman filter moves by as many. */
  readonly stride?: number;
  /**
   * Second look at what the first association left: boxes grown by this share of their size on
   * each side (C-BIoU, Yang et al., WACV 2023), so that a face that moved its own width between two
   * steps is still found. Default 0: no second look, as in the reference.
   */
  readonly boxGrowth?: number;
}

/** Faces of one frame, boxes in pixels, in the order that decides the numbering of new tracks. */
export interface FrameBoxes {
  readonly index: number;
  readonly boxes: readonly Box[];
  readonly scores: readonly number[];
}

/** What became of one track in one step. */
/** A box with the track it was found to belong to. */
export interface TrackedBox {
  readonly id: number;
  /** Kalman-filtered, in pixels. */
  readonly box: Box;
  readonly score: number;
  /** Which of the frame's detections it took. */
  readonly detection: number;
  /** 1: matched, or born, above trackThresh; 2: carried by a low score. */
  readonly association: 1 | 2;
  /** False until a second detection follows the first, except in the tracker's first step. */
  readonly confirmed: boolean;
}

/** One detection of a track: the frame, which of its boxes, and the association that took it. */
export interface Link {
  readonly index: number;
  readonly detection: number;
  readonly association: 1 | 2;
}

/**
 * Tracks the faces of a whole video (or of one scene).
 *
 * @param input frames ascending by index; a frame without boxes must be given too
 * @returns for each frame the confirmed tracks seen in it: id from 1, filtered box, score
 */
export function byteTrack(
  input: ByteTrackOptions & { readonly frames: readonly FrameBoxes[] },
): { index: number; tracks: { id: number; box: Box; score: number }[] }[] {
  const tracker = new ByteTracker(input);
  return input.frames.map((frame) => ({
    index: frame.index,
    tracks: tracker
      .step(frame)
      .filter((tracked) => tracked.confirmed)
      .map(({ id, box, score }) => ({ id, box, score })),
  }));
}

/** Steps that a lost track waits before it is removed. */
export function lostStepsMax({ trackBuffer, fps, stride = 1 }: ByteTrackOptions): number {
  // The reference rounds down; between two far steps less than two would be no patience at all.
  if (stride === 1) return Math.floor((fps / 30) * trackBuffer);
  return Math.max(2, Math.round(((trackBuffer / 30) * fps) / stride));
}

/** What it costs to take a detection for the face expected at a box: 1 - IoU, or 1 - IoU x score. */
export function pairCost(
  expected: Box,
  box: Box,
  score: number,
  how: { readonly fuse: boolean; readonly growth: number; readonly iou: IouKind },
): number {
  const overlap = iou(grown(expected, how.growth), grown(box, how.growth), how.iou);
  return 1 - overlap * (how.fuse ? score : 1);
}

interface Target {
  readonly id: number;
  readonly filter: KalmanBox;
  readonly startStep: number;
  state: 'tracked' | 'lost' | 'removed';
  confirmed: boolean;
  lastStep: number;
  score: number;
  detection: number;
  association: 1 | 2;
}

/** One tracker: feed it the frames of one scene in order. */
export class ByteTracker {
  readonly #options: Required<ByteTrackOptions>;
  readonly #lostStepsMax: number;
  readonly #removedIds = new Set<number>();
  #tracked: Target[] = [];
  #lost: Target[] = [];
  #steps = 0;
  #ids = 0;

  constructor(options: ByteTrackOptions) {
    const { iou: kind = 'reference', newTrackThresh = options.trackThresh + 0.1, stride = 1, boxGrowth = 0 } = options;
    this.#options = { ...options, iou: kind, newTrackThresh, stride, boxGrowth };
    this.#lostStepsMax = lostStepsMax(options);
  }

  /** Takes the next frame's detections; returns the tracks that took one, unconfirmed ones too. */
  step({ boxes, scores }: Omit<FrameBoxes, 'index'>): TrackedBox[] {
    this.#steps += 1;
    const { trackThresh, matchThresh, newTrackThresh, stride, boxGrowth } = this.#options;
    const all = boxes.map((_, detection) => detection);
    const high = all.filter((detection) => scores[detection]! > trackThresh);
    const low = all.filter((detection) => scores[detection]! > scoreFloor && scores[detection]! < trackThresh);
    const unconfirmed = this.#tracked.filter((target) => !target.confirmed);
    const pool = [...this.#tracked.filter((target) => target.confirmed), ...this.#lost];
    for (const target of pool) predict(target.filter, stride, { holdHeight: target.state !== 'tracked' });

    const seen: Target[] = [];
    const match = (targets: readonly Target[], detections: readonly number[], how: Association): Leftover => {
      const columnOfRow = assignBelow(this.#costs(targets, detections, { boxes, scores }, how), how.limit);
      for (const [row, column] of columnOfRow.entries()) {
        if (column < 0) continue;
        const detection = detections[column]!;
        this.#see(targets[row]!, { detection, box: boxes[detection]!, score: scores[detection]! }, how.association);
        seen.push(targets[row]!);
      }
      const taken = new Set(columnOfRow);
      return {
        targets: targets.filter((_, row) => columnOfRow[row] === -1),
        detections: detections.filter((_, column) => !taken.has(column)),
      };
    };

    let rest = match(pool, high, { limit: matchThresh, fuse: true, growth: 0, association: 1 });
    if (boxGrowth > 0) {
      const wider = { limit: matchThresh, fuse: true, growth: boxGrowth, association: 1 } as const;
      rest = match(rest.targets, rest.detections, wider);
    }
    const stillTracked = rest.targets.filter((target) => target.state === 'tracked');
    const second = { limit: secondMatchThresh, fuse: false, growth: 0, association: 2 } as const;
    const nowLost = match(stillTracked, low, second).targets;
    for (const target of nowLost) target.state = 'lost';

    const third = { limit: unconfirmedMatchThresh, fuse: true, growth: boxGrowth, association: 1 } as const;
    const fresh = match(unconfirmed, rest.detections, third);
    const removed = fresh.targets;
    for (const detection of fresh.detections) {
      if (scores[detection]! >= newTrackThresh)
        seen.push(this.#start(detection, boxes[detection]!, scores[detection]!));
    }
    removed.push(...this.#lost.filter((target) => this.#steps - target.lastStep > this.#lostStepsMax));
    for (const target of removed) target.state = 'removed';
    this.#settle({ seen, nowLost, removed });
    return this.#tracked.filter((target) => target.lastStep === this.#steps).map(asTrackedBox);
  }

  #costs(
    targets: readonly Target[],
    detections: readonly number[],
    { boxes, scores }: Omit<FrameBoxes, 'index'>,
    { fuse, growth }: Association,
  ): number[][] {
    return targets.map((target) => {
      const expected = filterBox(target.filter);
      const how = { fuse, growth, iou: this.#options.iou };
      return detections.map((detection) => pairCost(expected, boxes[detection]!, scores[detection]!, how));
    });
  }

  #start(detection: number, box: Box, score: number): Target {
    this.#ids += 1;
    return {
      id: this.#ids,
      filter: startFilter(box),
      startStep: this.#steps,
      state: 'tracked',
      confirmed: this.#steps === 1,
      lastStep: this.#steps,
      score,
      detection,
      association: 1,
    };
  }

  #see(target: Target, found: { detection: number; box: Box; score: number }, association: 1 | 2): void {
    correct(target.filter, found.box);
    target.state = 'tracked';
    target.confirmed = true;
    target.lastStep = this.#steps;
    target.score = found.score;
    target.detection = found.detection;
    target.association = association;
  }

  /** The lists after a step, in the reference's order: its order decides later ties and numbering. */
  #settle({
    seen,
    nowLost,
    removed,
  }: {
    seen: Target[];
    nowLost: readonly Target[];
    removed: readonly Target[];
  }): void {
    this.#tracked = [...new Set([...this.#tracked.filter((target) => target.state === 'tracked'), ...seen])];
    const tracked = new Set(this.#tracked);
    // As in the reference, a track removed in this step waits one more in the list of the lost; found
    // again there it lives on, but its next loss is final.
    this.#lost = [...this.#lost.filter((target) => !tracked.has(target)), ...nowLost].filter(
      (target) => !this.#removedIds.has(target.id),
    );
    for (const target of removed) this.#removedIds.add(target.id);
    this.#dropDuplicates();
  }

  #dropDuplicates(): void {
    const dropped = new Set<Target>();
    for (const tracked of this.#tracked) {
      for (const lost of this.#lost) {
        const distance = 1 - iou(filterBox(tracked.filter), filterBox(lost.filter), this.#options.iou);
        if (distance >= duplicateDistance) continue;
        const older = tracked.lastStep - tracked.startStep > lost.lastStep - lost.startStep;
        dropped.add(older ? lost : tracked);
      }
    }
    this.#tracked = this.#tracked.filter((target) => !dropped.has(target));
    this.#lost = this.#lost.filter((target) => !dropped.has(target));
  }
}

interface Association {
  readonly limit: number;
  readonly fuse: boolean;
  readonly growth: number;
  readonly association: 1 | 2;
}

interface Leftover {
  readonly targets: Target[];
  readonly detections: readonly number[];
}

function asTrackedBox(target: Target): TrackedBox {
  const { id, score, detection, association, confirmed } = target;
  return { id, box: filterBox(target.filter), score, detection, association, confirmed };
}
