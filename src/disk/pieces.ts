// Reads files in pieces, so that memory does not grow with them.
import { closeSync, openSync, readSync, writeFileSync } from 'node:fs';

/** One for all files, which are read one after the other. */
const buffer = Buffer.allocUnsafeSlow(1 << 20);

/** A stretch of a file, in bytes; left out: from its start, to its end. */
export interface Stretch {
  readonly from?: number;
  readonly to?: number;
}

/**
 * The bytes of a file, at most 1 MiB at a time. A piece holds until the next one, of whatever file, is asked for.
 * @throws what opening and reading throw
 */
export function* piecesOf(absolute: string, { from = 0, to = Infinity }: Stretch = {}): Generator<Buffer, void> {
  const descriptor = openSync(absolute, 'r');
  try {
    for (let at = from; at < to;) {
      const length = readSync(descriptor, buffer, 0, Math.min(buffer.length, to - at), at);
      if (length === 0) return;
      yield buffer.subarray(0, length);
      at += length;
    }
  } finally {
    closeSync(descriptor);
  }
}

/** Writes pieces, one after another, to a new file or over an old one. */
export function writePieces(absolute: string, pieces: Iterable<Uint8Array>): void {
  const descriptor = openSync(absolute, 'w');
  try {
    // Given a descriptor it goes on where the last one ended, and a write that was cut short is taken up again.
    for (const piece of pieces) writeFileSync(descriptor, piece);
  } finally {
    closeSync(descriptor);
  }
}
