// SHA-256, for names that other machines will trust: blobs, fingerprints, models.
import { createHash } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';

/** Hex SHA-256 of a text or of bytes. */
export function sha256(data: string | Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** One for all files, which are read one after the other. */
const buffer = Buffer.allocUnsafeSlow(1 << 20);

/** Hex SHA-256 of a file, read in pieces. */
export function sha256File(absolute: string): string {
  const descriptor = openSync(absolute, 'r');
  try {
    const state = createHash('sha256');
    for (let length; (length = readSync(descriptor, buffer, 0, buffer.length, null)) > 0;) {
      state.update(buffer.subarray(0, length));
    }
    return state.digest('hex');
  } finally {
    closeSync(descriptor);
  }
}
