// Makes a file of another one by a list of pieces. Pure; whoever calls it checks the result's digest.
import type { PatchPiece } from './declaration.js';

/** The pieces in order: [offset, length] copied from `original`, a text as base64. Throws on a piece beyond the original. */
export function applyPatch(original: Uint8Array, pieces: readonly PatchPiece[]): Uint8Array {
  return Buffer.concat(
    pieces.map((piece) => {
      if (typeof piece === 'string') return Buffer.from(piece, 'base64');
      const [offset, length] = piece;
      if (offset + length > original.length)
        throw new Error(`piece ${offset}+${length} lies beyond ${original.length} bytes`);
      return original.subarray(offset, offset + length);
    }),
  );
}
