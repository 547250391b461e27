// Which parts of a frame go through the detector, and at which size: its plan for one video. The
// frame is letterboxed or stretched into the input at each wanted size; a network with a small
// fixed input sees the whole frame and then overlapping crops, as many as the size asks for. Pure.
import type { DetectorCard } from '../../src/stage/model.js';
import { fitInside, roundUp, type Region, type Size } from '../media/geometry.js';

/** One run of the detector on one region of the frame. */
export interface Pass {
  /** In pixels of the frame as it was handed out. */
  readonly region: Region;
  /** What the region is scaled to, at the top left of the input. */
  readonly scaled: Size;
  readonly input: Size;
  /** Sides where the region was cut out of the frame: what touches them is cut, too. */
  readonly cut: { readonly left: boolean; readonly top: boolean; readonly right: boolean; readonly bottom: boolean };
}

/** What the plan needs of a card. */
export type InputRules = Pick<DetectorCard, 'resize' | 'inputSize'>;

/** Neighbouring crops share this much of their side, so that a face is whole in one of them. */
const cropOverlap = 0.3;
const padding = 32;
const uncut = { left: false, top: false, right: false, bottom: false };

/** The passes over a frame of size `frame` for the wanted longest sides `sizes`. No pass is planned twice. */
export function planPasses(rules: InputRules, frame: Size, sizes: readonly number[]): readonly Pass[] {
  const wanted = [...new Set(sizes)].sort((a, b) => b - a);
  const { inputSize } = rules;
  if (inputSize === null) return wanted.map((side) => wholeFrame(frame, side));
  const input = { width: inputSize[0], height: inputSize[1] };
  const whole = { x: 0, y: 0, ...frame };
  const crops = wanted.flatMap((side) => cropsFor(frame, input.width, side));
  return [{ region: whole, cut: uncut }, ...crops].map(({ region, cut }) => ({
    region,
    cut,
    input,
    scaled: rules.resize === 'stretch' ? input : fitInside(region, input),
  }));
}

function wholeFrame(frame: Size, side: number): Pass {
  const scaled = fitInside(frame, { width: side, height: side });
  const input = { width: roundUp(scaled.width, padding), height: roundUp(scaled.height, padding) };
  return { region: { x: 0, y: 0, ...frame }, scaled, input, cut: uncut };
}

/**
 * Crops of a network with a fixed input `inputWidth` wide that bring the frame to about `side`:
 * 640 with 320 gives two side by side, 1280 gives four by two, the input's own width none.
 */
function cropsFor(frame: Size, inputWidth: number, side: number): Pick<Pass, 'region' | 'cut'>[] {
  const columns = Math.round(side / inputWidth);
  const rows = Math.max(1, Math.round(columns / 2));
  if (columns < 2) return [];
  const width = frame.width / (columns - (columns - 1) * cropOverlap);
  const height = frame.height / (rows - (rows - 1) * cropOverlap);
  return Array.from({ length: rows * columns }, (_, index) => {
    const column = index % columns;
    const row = Math.floor(index / columns);
    const region = { x: column * width * (1 - cropOverlap), y: row * height * (1 - cropOverlap), width, height };
    const cut = { left: column > 0, top: row > 0, right: column < columns - 1, bottom: row < rows - 1 };
    return { region, cut };
  });
}
