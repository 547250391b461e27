// Finds the pictures of an H.264 file that no other picture refers to, by the headers of their NAL units. A
// decoder need not see those unless somebody wants them. It decodes nothing, and in doubt a picture is referred to.
import { open, type FileHandle } from 'node:fs/promises';
import { readSync } from 'node:fs';
import { setImmediate } from 'node:timers/promises';
import type { Packet } from './timestamps.js';

/** Holds the headers of all units of most packets: what comes before a picture's only slice is short. */
const windowBytes = 64;
/** A unit's length and the byte that says what it is; files with another length are not looked at. */
const headerBytes = 5;
/** So many packets take 4 ms; others may do something then. */
const packetsAtOnce = 1024;

/**
 * The packets that hold one unreferenced picture and nothing that another picture might need, by where they lie. Units must have lengths
 * of four bytes, as `prefixed` of the stream's facts says. An hour costs 0.3 s, once ffprobe has brought the file into memory.
 */
export async function unreferencedPackets(
  path: string,
  packets: readonly Packet[],
  signal: AbortSignal,
): Promise<readonly Packet[]> {
  // Their pictures need what only the container has.
  if (packets.some(({ bringsHeaders }) => bringsHeaders)) return [];
  const placed = packets.filter(({ position }) => position !== undefined);
  placed.sort((a, b) => a.position! - b.position!);
  const file = await open(path);
  try {
    const reader = new WindowReader(file);
    const found: Packet[] = [];
    for (const [at, packet] of placed.entries()) {
      if (at % packetsAtOnce === 0) {
        await setImmediate();
        signal.throwIfAborted();
      }
      if (isUnreferenced(packet, reader)) found.push(packet);
    }
    return found;
  } finally {
    await file.close();
  }
}

function isUnreferenced({ position = 0, size }: Packet, reader: WindowReader): boolean {
  let slices = 0;
  let at = 0;
  while (at + headerBytes <= size) {
    const [length, header] = reader.header(position + at);
    switch (header & 0x1f) {
      // A slice, and whether its picture is referred to.
      case 1:
        if ((header & 0x60) !== 0) return false;
        slices++;
        break;
      // Remarks, a mark of where a picture begins, padding.
      case 6:
      case 9:
      case 12:
        break;
      // Parameters for other pictures, pictures that are always referred to, and what is rare.
      default:
        return false;
    }
    at += headerBytes - 1 + length;
  }
  return at === size && slices > 0;
}

/** Reads unit headers at ascending places. Waits for the disk: to hand each of a million reads to a thread takes ten times as long. */
class WindowReader {
  readonly #file: FileHandle;
  readonly #window = Buffer.alloc(windowBytes);
  #from = 0;
  #length = 0;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** The unit's length and its first byte; past the file's end one that is no picture. */
  header(position: number): readonly [length: number, header: number] {
    if (position < this.#from || position + headerBytes > this.#from + this.#length) {
      this.#length = readSync(this.#file.fd, this.#window, 0, windowBytes, position);
      this.#from = position;
      if (this.#length < headerBytes) return [0, 0];
    }
    const at = position - this.#from;
    return [this.#window.readUInt32BE(at), this.#window[at + headerBytes - 1]!];
  }
}
