// Finds dissolves and fades: the picture at first, some time later another, and in between a blend
// of the two that loses contrast. Streams; keeps 65 thumbnails. What a find is worth is decided elsewhere.
import { blankPower, dullPower, product, type Thumbnail } from './thumbnail.js';

/** A gradual change that was seen; the same one is seen many times, from frames side by side. */
export interface Gradual {
  /** Where the new picture begins to outweigh the old one: the first frame of the new scene. */
  readonly frame: number;
  /** Frames compared: the old picture and the new one. */
  readonly first: number;
  readonly last: number;
  /** Frames at which the picture leaves the old one, and at which it has reached the new one. */
  readonly begin: number;
  readonly end: number;
  /** How unlike those two are: 0 the same, about 1 unrelated. */
  readonly unlike: number;
  /** `unlike`, less what the change lacks in symmetry about its middle; ranks finds of one change. */
  readonly strength: number;
}

/** Half the distance of the pictures compared, in frames: changes of 3 to some 60 frames. */
const spans = [4, 8, 16, 32];
const longest = 2 * Math.max(...spans) + 1;

/** Both ends must differ this much. Slow pans, whose ends still overlap, reach 0.6 rarely. */
const unlikeMin = 0.6;

/** What of a picture in between may be neither old nor new, of the mean power; a moving camera leaves 0.3 and more. */
const restMax = 0.15;

/** Blending two pictures cancels contrast, for unrelated ones half the power. Most of that must be gone. */
const dipShare = 0.75;

/** How far the old picture must outweigh the new one halfway to the middle, and the new one the old beyond it. */
const leadMin = 0.3;

/** The boundary lies midway between the frames at which the lead is this, and this for the other. */
const boundaryLead = 0.25;

/** From this lead on a picture counts as the old or the new one, unblended. */
const wholeLead = 0.9;

/** Of a blank stretch, however long, this many frames are looked at: a fade may rest in black. */
const blankFrames = 3;

export interface GradualFinder {
  /** Takes the next frame's thumbnail. */
  push(picture: Thumbnail): void;
  /** What was seen so far, in the order of seeing. */
  found(): readonly Gradual[];
}

interface Kept {
  readonly frame: number;
  readonly picture: Thumbnail;
}

export function gradualFinder(): GradualFinder {
  const kept: Kept[] = [];
  const found: Gradual[] = [];
  let frame = 0;
  let blanks = 0;
  return {
    push(picture) {
      blanks = picture.power < blankPower ? blanks + 1 : 0;
      if (blanks <= blankFrames) {
        kept.push({ frame, picture });
        if (kept.length > longest) kept.shift();
        for (const span of spans) {
          const gradual = gradualIn(kept.slice(-(2 * span + 1)), span);
          if (gradual !== undefined) found.push(gradual);
        }
      }
      frame++;
    },
    found: () => found,
  };
}

/** The change from the first to the last of 2 x span + 1 pictures, if it is a blend with its middle in the middle. */
function gradualIn(window: readonly Kept[], span: number): Gradual | undefined {
  if (window.length !== 2 * span + 1) return undefined;
  const first = window[0]!;
  const last = window[2 * span]!;
  const blend = blendOf(first.picture, last.picture);
  if (Math.min(first.picture.power, last.picture.power) < dullPower || blend.unlike < unlikeMin) return undefined;

  const [early, middle, late] = [span / 2, span, span + span / 2].map((at) => blend.shares(window[at]!.picture));
  const rest = Math.max(early!.rest, middle!.rest, late!.rest);
  const dips = window[span]!.picture.power <= (1 - (dipShare * blend.unlike) / 2) * blend.power;
  if (rest > restMax || !dips || early!.lead < leadMin || late!.lead > -leadMin) return undefined;

  const skew = Math.abs(middle!.lead) + Math.abs(early!.old - late!.new) + Math.abs(late!.old - early!.new);
  // The frames around the middle at which the lead is still, and no longer, this much.
  const around = (lead: number): readonly [Kept, Kept] => {
    let before = span;
    while (before > 0 && blend.shares(window[before]!.picture).lead < lead) before--;
    let after = span;
    while (after < 2 * span && blend.shares(window[after]!.picture).lead > -lead) after++;
    return [window[before]!, window[after]!];
  };
  const [before, after] = around(boundaryLead);
  const [begin, end] = around(wholeLead);
  return {
    frame: Math.ceil((before.frame + after.frame) / 2),
    first: first.frame,
    last: last.frame,
    begin: begin.frame,
    end: end.frame,
    unlike: blend.unlike,
    strength: Math.max(0, blend.unlike - skew / 2),
  };
}

interface Shares {
  /** Parts of the old and of the new picture that explain this one best; both 0 for a blank one. */
  readonly old: number;
  readonly new: number;
  /** `old` less `new`: 1 at first, -1 at last. */
  readonly lead: number;
  /** Power that neither explains, relative to the pictures compared. */
  readonly rest: number;
}

/** Least squares on two pictures. As brightness is taken away, a fade is a blend too: with nothing. */
function blendOf(
  from: Thumbnail,
  to: Thumbnail,
): { readonly unlike: number; readonly power: number; shares(picture: Thumbnail): Shares } {
  const common = product(from.cells, to.cells);
  const power = (from.power + to.power) / 2;
  // Never 0, though both may be the same picture.
  const determinant = Math.max(from.power * to.power - common ** 2, 1e-6 * from.power * to.power, 1e-9);
  return {
    unlike: (power - common) / (power + dullPower),
    power,
    shares(picture) {
      const withOld = product(from.cells, picture.cells);
      const withNew = product(to.cells, picture.cells);
      const old = (withOld * to.power - withNew * common) / determinant;
      const young = (withNew * from.power - withOld * common) / determinant;
      const rest = picture.power - old * withOld - young * withNew;
      return {
        old,
        new: young,
        lead: old - young,
        // Of both powers, else a dull scene between two lively ones would pass for a fade.
        rest: rest / (Math.sqrt(picture.power * power) + blankPower),
      };
    },
  };
}
