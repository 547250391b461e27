// What is known about the demo episode because it was made, not measured: who is visible when, and
// where. Pure arithmetic over script.ts; it looks at no picture.
import { round6 } from '../stage/artifacts.js';
import { type Box, episode, onScreen, pictureFaces, shots } from './script.js';

/** Half-open seconds [start_s, end_s). */
export interface Interval {
  readonly start_s: number;
  readonly end_s: number;
}

interface DemoPerson {
  readonly name: string;
  readonly visible: readonly Interval[];
  readonly visible_s: number;
}

/** A visible face in one frame, in pixels of the episode, cut off at the picture's edge. */
interface DemoFace {
  readonly name: string;
  readonly box: Box;
}

export interface DemoTruth {
  readonly fps: number;
  readonly duration_s: number;
  readonly width: number;
  readonly height: number;
  readonly people: readonly DemoPerson[];
  /** The faces of each frame. */
  readonly faces: readonly (readonly DemoFace[])[];
  readonly shots: readonly Interval[];
}

/**
 * A face counts as visible while this much of its box is inside the picture: detectors begin to see
 * a face that slides in at about half of it. A slide takes about a second, so another limit would
 * move a person's seconds by tenths.
 */
const visibleShareMin = 0.5;

/** The truth of the whole episode, people in the order of their names. */
export function demoTruth(): DemoTruth {
  const faces = shots.flatMap((shot) =>
    Array.from({ length: shot.frames }, (_, index) =>
      pictureFaces[shot.picture].flatMap(({ name, box }) => {
        const whole = onScreen(shot, index, box);
        const inside = clip(whole);
        return area(inside) >= visibleShareMin * area(whole) ? [{ name, box: inside }] : [];
      }),
    ),
  );
  const names = [...new Set(faces.flat().map(({ name }) => name))].sort();
  return {
    fps: episode.fps,
    duration_s: faces.length / episode.fps,
    width: episode.width,
    height: episode.height,
    people: names.map((name) => person(name, faces)),
    faces,
    shots: shotTimes(),
  };
}

function person(name: string, faces: readonly (readonly DemoFace[])[]): DemoPerson {
  const present = faces.map((inFrame) => inFrame.some((face) => face.name === name));
  const visible = present.flatMap((here, start) => {
    if (!here || present[start - 1] === true) return [];
    const end = present.indexOf(false, start);
    return [{ start_s: seconds(start), end_s: seconds(end < 0 ? present.length : end) }];
  });
  return { name, visible, visible_s: seconds(present.filter(Boolean).length) };
}

function shotTimes(): Interval[] {
  let frame = 0;
  return shots.map((shot) => {
    const start = frame;
    frame += shot.frames;
    return { start_s: seconds(start), end_s: seconds(frame) };
  });
}

function seconds(frame: number): number {
  return round6(frame / episode.fps);
}

function clip([x1, y1, x2, y2]: Box): Box {
  return [Math.max(0, x1), Math.max(0, y1), Math.min(episode.width, x2), Math.min(episode.height, y2)];
}

function area([x1, y1, x2, y2]: Box): number {
  return Math.max(0, x2 - x1) * Math.max(0, y2 - y1);
}
