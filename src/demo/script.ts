// The demo episode's script: which part of which picture is on screen in each frame, and where the
// faces are in the pictures. Everything that is known about the demo follows from this file; it
// draws nothing and reads nothing.

/** A rectangle in pixels, corners [x1, y1, x2, y2]. */
export type Box = readonly [number, number, number, number];

/** What the camera sees: left, top and width in pixels of the picture; the height follows. */
interface View {
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

/** One shot: the camera moves in a straight line from one view of a picture to another. */
export interface Shot {
  readonly picture: PictureName;
  readonly frames: number;
  readonly from: View;
  readonly to: View;
  /** Left and right swapped, as if filmed from the other side of a mirror. */
  readonly mirrored?: boolean;
}

/** Somebody in a picture. The names are made up; nobody knows who the people are. */
export interface PictureFace {
  readonly name: string;
  readonly box: Box;
}

export type PictureName = 'lounge' | 'stairs' | 'window';

export const episode = { width: 854, height: 480, fps: 25 } as const;

/**
 * The three of the six photographs in which each face is large and turned to the camera, and in
 * which, by an embedder outside of this project, no two faces look like one person (in the other
 * three some do, and then nobody could say what is true). Boxes were detected once and looked at.
 */
export const pictureFaces: Readonly<Record<PictureName, readonly PictureFace[]>> = {
  lounge: [
    { name: 'Ada', box: [587, 337, 791, 604] },
    { name: 'Bea', box: [1065, 207, 1305, 519] },
    { name: 'Cleo', box: [1492, 300, 1690, 610] },
  ],
  window: [
    { name: 'Dora', box: [253, 483, 469, 770] },
    { name: 'Edie', box: [675, 325, 858, 639] },
    { name: 'Faye', box: [1168, 297, 1372, 579] },
    { name: 'Gina', box: [1473, 262, 1700, 559] },
  ],
  // Three more sit left of x = 960; no view goes there.
  stairs: [
    { name: 'Hope', box: [1107, 201, 1282, 440] },
    { name: 'Iris', box: [1404, 385, 1604, 692] },
  ],
};

/** 33.4 seconds, twelve cuts; neighbours show different pictures, so that each cut is one to find. */
export const shots: readonly Shot[] = [
  // The room before anybody is in the picture.
  { picture: 'lounge', frames: 40, from: { x: 0, y: 0, width: 540 }, to: { x: 20, y: 0, width: 540 } },
  // Four people; the camera comes closer.
  { picture: 'window', frames: 80, from: { x: 0, y: 90, width: 1920 }, to: { x: 150, y: 140, width: 1640 } },
  { picture: 'lounge', frames: 60, from: { x: 930, y: 150, width: 920 }, to: { x: 950, y: 170, width: 880 } },
  { picture: 'window', frames: 60, from: { x: 60, y: 260, width: 1020 }, to: { x: 130, y: 290, width: 880 } },
  { picture: 'stairs', frames: 70, from: { x: 960, y: 170, width: 960 }, to: { x: 990, y: 180, width: 900 } },
  // A pan past three people.
  { picture: 'lounge', frames: 100, from: { x: 340, y: 230, width: 720 }, to: { x: 1180, y: 200, width: 720 } },
  { picture: 'window', frames: 55, from: { x: 990, y: 160, width: 900 }, to: { x: 1000, y: 170, width: 880 } },
  { picture: 'lounge', frames: 50, from: { x: 310, y: 250, width: 720 }, to: { x: 340, y: 270, width: 660 } },
  // The same two from the other side, the camera going back.
  {
    picture: 'stairs',
    frames: 60,
    from: { x: 1000, y: 190, width: 880 },
    to: { x: 960, y: 165, width: 960 },
    mirrored: true,
  },
  // A pan the other way, ending between two people.
  { picture: 'window', frames: 90, from: { x: 1190, y: 215, width: 730 }, to: { x: 500, y: 270, width: 730 } },
  {
    picture: 'lounge',
    frames: 50,
    from: { x: 520, y: 150, width: 880 },
    to: { x: 540, y: 160, width: 850 },
    mirrored: true,
  },
  { picture: 'window', frames: 45, from: { x: 0, y: 430, width: 665 }, to: { x: 0, y: 420, width: 665 } },
  // All three once more, the camera going back to the whole room.
  { picture: 'lounge', frames: 75, from: { x: 400, y: 120, width: 1480 }, to: { x: 0, y: 60, width: 1920 } },
];

export const frameCount = shots.reduce((sum, shot) => sum + shot.frames, 0);

/** Height of a view in pixels of the picture: the episode's shape. */
export function viewHeight(width: number): number {
  return (width * episode.height) / episode.width;
}

/** What the camera sees in frame `index` of a shot. */
function viewAt(shot: Shot, index: number): View {
  const part = shot.frames > 1 ? index / (shot.frames - 1) : 0;
  const between = (from: number, to: number): number => from + (to - from) * part;
  return {
    x: between(shot.from.x, shot.to.x),
    y: between(shot.from.y, shot.to.y),
    width: between(shot.from.width, shot.to.width),
  };
}

/** Where a box of the picture lies on screen, in pixels of the episode; it may lie outside. */
export function onScreen(shot: Shot, index: number, [x1, y1, x2, y2]: Box): Box {
  const view = viewAt(shot, index);
  const scale = episode.width / view.width;
  const left = (x1 - view.x) * scale;
  const right = (x2 - view.x) * scale;
  const sides: readonly [number, number] = shot.mirrored
    ? [episode.width - right, episode.width - left]
    : [left, right];
  return [sides[0], (y1 - view.y) * scale, sides[1], (y2 - view.y) * scale];
}
