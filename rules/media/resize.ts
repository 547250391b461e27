// Scales a picture to another size for people to look at: Catmull and Rom's cubic, widened when shrinking so that
// nothing aliases. Whole numbers, so that every processor gives the same bytes.
import { growingWorkspace } from '../../src/kernels/workspace.js';
import type { Size } from './geometry.js';
import type { Picture } from './resample.js';

const scratch = growingWorkspace<'from' | 'columns' | 'rows' | 'row' | 'to'>();

/** What the kernel's weights sum to. */
const whole = 16_384;

/** Scales the whole of an RGB picture to `size`, whatever its shape. */
export function resizePicture({ width, height, data }: Picture, size: Size): Picture {
  const columns = planAxis(width, size.width);
  const isSquare = width === height && size.width === size.height;
  const rows = isSquare ? columns : planAxis(height, size.height);
  const length = size.width * size.height * 3;
  // A row and a pixel more than there are: taps come in twos.
  const { run, bytes } = scratch({
    from: width * (height + 1) * 3,
    columns: columns.bytes.length,
    rows: rows.bytes.length,
    row: (width + 1) * 3,
    to: length,
  });
  bytes.from.set(data.subarray(0, width * height * 3));
  bytes.columns.set(columns.bytes);
  bytes.rows.set(rows.bytes);
  const [from, atColumns, atRows, row, to] = [bytes.from, bytes.columns, bytes.rows, bytes.row, bytes.to].map(
    ({ byteOffset }) => byteOffset,
  ) as [number, number, number, number, number];
  run.resize(from, width, to, size.width, size.height, atColumns, columns.taps, atRows, rows.taps, row);
  return { ...size, data: bytes.to.slice(0, length) };
}

/** As the kernel wants it: first sources in 32 bits, then weights in 16, `taps` for each. */
function planAxis(from: number, to: number): { readonly taps: number; readonly bytes: Uint8Array } {
  const step = Math.max(1, from / to);
  const sources = Math.min(from, Math.ceil(4 * step));
  const taps = sources + (sources % 2);
  const firsts = new Int32Array(to);
  const weights = new Int16Array(to * taps);
  const exact = new Float64Array(sources);
  for (let at = 0; at < to; at++) {
    const centre = ((at + 0.5) * from) / to - 0.5;
    const wanted = Math.floor(centre - 2 * step) + 1;
    const first = Math.min(Math.max(wanted, 0), from - sources);
    exact.fill(0);
    let sum = 0;
    // Outside the picture its edge is repeated.
    for (let source = wanted; source < centre + 2 * step; source++) {
      const weight = cubic(Math.abs(source - centre) / step);
      exact[Math.min(Math.max(source, 0), from - 1) - first]! += weight;
      sum += weight;
    }
    let [rest, heaviest] = [whole, 0];
    for (let tap = 0; tap < sources; tap++) {
      const weight = Math.round((exact[tap]! * whole) / sum);
      weights[at * taps + tap] = weight;
      rest -= weight;
      if (exact[tap]! > exact[heaviest]!) heaviest = tap;
    }
    // What rounding leaves over goes to the heaviest.
    weights[at * taps + heaviest]! += rest;
    firsts[at] = first;
  }
  return { taps, bytes: Buffer.concat([new Uint8Array(firsts.buffer), new Uint8Array(weights.buffer)]) };
}

/** Keys' kernel with a = -1/2. */
function cubic(distance: number): number {
  if (distance < 1) return (1.5 * distance - 2.5) * distance * distance + 1;
  if (distance < 2) return ((-0.5 * distance + 2.5) * distance - 4) * distance + 2;
  return 0;
}
