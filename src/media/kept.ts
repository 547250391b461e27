// Pixels of a video that somebody will look at again: parts of frames, kept while they are decoded for others and found
// again by frame and place. A folder of a build's scratch holds those of one video; whatever is missing there is decoded
// anew, so nothing here may fail a build. It decodes nothing and knows no stage.
import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  rmSync,
  statSync,
  statfsSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { FramePart, FrameParts } from '../stage/frames.js';
import { yuv420Bytes } from './yuv.js';

/** Width and height in pixels of whole pictures: 8-bit YUV, colour planes of half the sides; both are even. */
export interface PictureSize {
  readonly width: number;
  readonly height: number;
}

/** Where a kept part lies in its file. */
interface Entry extends FramePart {
  readonly frame: number;
  readonly offset: number;
}

const pixelsExtension = '.yuv';
/** Written when all pixels are: a file of pixels without it is not looked at. */
const indexExtension = '.json';

/** No more is kept in all: some two hours of video with two faces to a frame, six looked at a second. */
const keptMax = 16 * 2 ** 30;
/** Others need room on the disk, too. */
const freeShare = 0.5;

/** What may still be kept below `root`, in bytes. */
function roomIn(root: string): number {
  const { bavail, bsize } = statfsSync(root);
  const kept = readdirSync(root, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + statSync(join(parentPath, name)).size, 0);
  return Math.min(keptMax - kept, freeShare * bavail * bsize);
}

/** Keeps parts of the frames of one stretch of a video, in a file of its own. */
export class PixelKeeper {
  readonly #path: string;
  readonly #size: PictureSize;
  readonly #entries: Entry[] = [];
  #file: number | undefined;
  #room = 0;
  #length = 0;
  #buffer = new Uint8Array(0);

  /** `folder` is the video's own in one for all, and `name` the stretch's among those of the video. */
  constructor(folder: string, name: string, size: PictureSize) {
    this.#path = join(folder, name);
    this.#size = size;
    try {
      mkdirSync(folder, { recursive: true });
      rmSync(this.#path + indexExtension, { force: true });
      this.#room = roomIn(dirname(folder));
      this.#file = openSync(this.#path + pixelsExtension, 'w');
    } catch {
      this.drop();
    }
  }

  /** Keeps parts of a frame whose stored picture is `raw`. */
  keep(frame: number, raw: Uint8Array, parts: readonly FramePart[]): void {
    for (const part of parts.map((one) => evenly(one, this.#size))) {
      if (this.#file === undefined || part.width < 1 || part.height < 1) continue;
      const length = yuv420Bytes(part.width, part.height);
      if (this.#length + length > this.#room) {
        this.#close();
        return;
      }
      if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
      let at = 0;
      forRows(this.#size, part, (from, across) => {
        this.#buffer.set(raw.subarray(from, from + across), at);
        at += across;
      });
      try {
        if (writeSync(this.#file, this.#buffer, 0, length, this.#length) < length) throw new Error('the disk is full');
      } catch {
        this.drop();
        return;
      }
      this.#entries.push({ frame, ...part, offset: this.#length });
      this.#length += length;
    }
  }

  /** Makes what was kept findable. */
  finish(): void {
    if (this.#entries.length === 0) {
      this.drop();
      return;
    }
    this.#close();
    try {
      writeFileSync(this.#path + indexExtension, JSON.stringify(this.#entries));
    } catch {
      this.drop();
    }
  }

  /** Keeps nothing of it. */
  drop(): void {
    this.#close();
    this.#entries.length = 0;
    for (const extension of [indexExtension, pixelsExtension]) {
      try {
        rmSync(this.#path + extension, { force: true });
      } catch {
        // Whoever clears the scratch removes it.
      }
    }
  }

  #close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }
}

/** What was kept of a video, for a reader who will look at some parts of some frames. */
export class KeptPixels {
  readonly #size: PictureSize;
  readonly #places: ReadonlyMap<number, readonly Place[]>;
  readonly #files: number[] = [];
  #buffer = new Uint8Array(0);

  /** Of the frames that `parts` names those of which every named part was kept. */
  constructor(folder: string, size: PictureSize, parts: FrameParts) {
    this.#size = size;
    const known = new Map<number, Place[]>();
    for (const name of indexesIn(folder)) {
      const pixels = join(folder, name.replace(indexExtension, pixelsExtension));
      const entries = entriesOf(join(folder, name), pixels)?.filter(({ frame }) => parts.has(frame)) ?? [];
      if (entries.length === 0) continue;
      const file = openSync(pixels, 'r');
      this.#files.push(file);
      for (const entry of entries) known.set(entry.frame, [...(known.get(entry.frame) ?? []), { ...entry, file }]);
    }
    this.#places = new Map(
      [...known].filter(([frame, places]) =>
        parts.get(frame)!.every((part) => places.some((place) => holds(place, evenly(part, size)))),
      ),
    );
  }

  has(frame: number): boolean {
    return this.#places.has(frame);
  }

  /** Whether a part of a frame was kept. */
  holds(frame: number, part: FramePart): boolean {
    return this.#places.get(frame)?.some((place) => holds(place, evenly(part, this.#size))) === true;
  }

  /** Writes what was kept of a frame to its places in the picture `raw`. Throws where it cannot be read any more. */
  putInto(frame: number, raw: Uint8Array): void {
    for (const { file, offset, ...part } of this.#places.get(frame) ?? []) {
      const length = yuv420Bytes(part.width, part.height);
      if (this.#buffer.length < length) this.#buffer = new Uint8Array(length);
      if (readSync(file, this.#buffer, 0, length, offset) < length)
        throw new Error(`what was kept of frame ${frame} is cut off`);
      let at = 0;
      forRows(this.#size, part, (to, across) => {
        raw.set(this.#buffer.subarray(at, at + across), to);
        at += across;
      });
    }
  }

  /** Harmless when called again. */
  close(): void {
    for (const file of this.#files.splice(0)) closeSync(file);
  }
}

interface Place extends Entry {
  readonly file: number;
}

function indexesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
      .filter((name) => name.endsWith(indexExtension))
      .sort();
  } catch {
    return [];
  }
}

/** What an index names; undefined where it, or a byte of the pixels that it names, is missing. */
function entriesOf(index: string, pixels: string): readonly Entry[] | undefined {
  try {
    // Written by this build itself.
    const entries = JSON.parse(readFileSync(index, 'utf8')) as readonly Entry[];
    const { size } = statSync(pixels);
    const isThere = ({ offset, width, height }: Entry): boolean => offset + yuv420Bytes(width, height) <= size;
    return entries.every(isThere) ? entries : undefined;
  } catch {
    return undefined;
  }
}

/** The part, grown to whole pixels of colour, of which each lies under four of luma. */
function evenly({ left, top, width, height }: FramePart, size: PictureSize): FramePart {
  const [right, bottom] = [
    Math.min(size.width, left + width + ((left + width) & 1)),
    Math.min(size.height, top + height + ((top + height) & 1)),
  ];
  const [evenLeft, evenTop] = [left & ~1, top & ~1];
  return { left: evenLeft, top: evenTop, width: right - evenLeft, height: bottom - evenTop };
}

function holds(outer: FramePart, { left, top, width, height }: FramePart): boolean {
  return (
    outer.left <= left &&
    outer.top <= top &&
    outer.left + outer.width >= left + width &&
    outer.top + outer.height >= top + height
  );
}

/** Calls with place and length of each row of a part in a stored picture: luma's, then both colours'. */
function forRows({ width, height }: PictureSize, part: FramePart, call: (from: number, across: number) => void): void {
  for (let row = 0; row < part.height; row++) call((part.top + row) * width + part.left, part.width);
  const [half, across] = [width / 2, part.width / 2];
  for (const plane of [width * height, width * height + half * (height / 2)])
    for (let row = 0; row < part.height / 2; row++) call(plane + (part.top / 2 + row) * half + part.left / 2, across);
}
