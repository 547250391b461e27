// Content digests: xxHash64 plus the byte length, `xxh64:<16 hex>:<bytes>`. Fast enough to read
// a video once; blobs that travel between machines are named by SHA-256 instead (sha256.ts).
import { closeSync, openSync, readSync } from 'node:fs';
import xxhash, { type XXHashAPI } from 'xxhash-wasm';

/** `xxh64:<16 hex digits>:<length in bytes>`. */
export type ContentDigest = `xxh64:${string}:${number}`;

const chunkBytes = 1 << 20;
/** One for all files: they are read one after the other, and ten thousand small ones need no gigabytes. */
const buffer = Buffer.allocUnsafeSlow(chunkBytes);
let loaded: XXHashAPI | undefined;

/** Compiles the WASM module; must have resolved once before any digest is taken. */
export async function loadHash(): Promise<void> {
  loaded ??= await xxhash();
}

function hash(): XXHashAPI {
  if (loaded === undefined) throw new Error('loadHash() was not awaited');
  return loaded;
}

/** Digest of bytes in memory. */
export function digestBytes(bytes: Uint8Array): ContentDigest {
  return format(hash().h64Raw(bytes), bytes.length);
}

/** Digest of a UTF-8 text. */
export function digestText(text: string): ContentDigest {
  return digestBytes(Buffer.from(text));
}

/** Digest of a file, read once in pieces of 1 MiB. Throws what `open` and `read` throw. */
export function digestFile(absolute: string): ContentDigest {
  const descriptor = openSync(absolute, 'r');
  try {
    let length = readSync(descriptor, buffer, 0, chunkBytes, null);
    let total = length;
    if (length < chunkBytes) {
      const rest = readSync(descriptor, buffer, length, chunkBytes - length, null);
      if (rest === 0) return digestBytes(buffer.subarray(0, length));
      length += rest;
      total += rest;
    }
    const state = hash().create64();
    while (length > 0) {
      state.update(buffer.subarray(0, length));
      length = readSync(descriptor, buffer, 0, chunkBytes, null);
      total += length;
    }
    return format(state.digest(), total);
  } finally {
    closeSync(descriptor);
  }
}

function format(value: bigint, bytes: number): ContentDigest {
  return `xxh64:${value.toString(16).padStart(16, '0')}:${bytes}`;
}
