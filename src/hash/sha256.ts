// SHA-256, for names that other machines will trust: blobs, fingerprints, models.
import { createHash } from 'node:crypto';
import { piecesOf } from '../disk/pieces.js';

/** Hex SHA-256 of a text or of bytes. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Hex SHA-256 of bytes that come in pieces. */
export function sha256Pieces(pieces: Iterable<Uint8Array>): string {
  const state = createHash('sha256');
  for (const piece of pieces) state.update(piece);
  return state.digest('hex');
}

/** Hex SHA-256 of a file, read in pieces. */
export function sha256File(absolute: string): string {
  return sha256Pieces(piecesOf(absolute));
}
