// Takes one member out of a zip file on disk, without reading the rest. Knows stored and deflated
// members and no zip64, which archives below 4 GiB do not need. Source: PKWARE's APPNOTE 6.3.
import { createWriteStream } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { PassThrough } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createInflateRaw } from 'node:zlib';

const endRecord = { signature: 0x06054b50, bytes: 22 };
const centralRecord = { signature: 0x02014b50, bytes: 46 };
const localRecord = { signature: 0x04034b50, bytes: 30 };
/** A zip may end with a comment of up to 65,535 bytes. */
const tailBytes = endRecord.bytes + 65_535;

interface Member {
  readonly method: number;
  readonly compressedBytes: number;
  readonly offset: number;
}

/**
 * Writes the member to `target`. `member` is its whole path, or its last part when the archive keeps
 * everything in one folder. Throws when it is not there, is encrypted, or the archive is damaged.
 */
export async function extractZipMember(
  archive: string,
  member: string,
  target: string,
  signal?: AbortSignal,
): Promise<void> {
  const handle = await open(archive, 'r');
  try {
    const { method, compressedBytes, offset } = await findMember(handle, member);
    if (method !== 0 && method !== 8)
      throw new Error(`zip: ${member} is packed by method ${method}, which is not known`);
    const local = await readAt(handle, offset, localRecord.bytes);
    if (local.readUInt32LE(0) !== localRecord.signature) throw new Error('zip: a local header is damaged');
    const start = offset + localRecord.bytes + local.readUInt16LE(26) + local.readUInt16LE(28);
    const packed = handle.createReadStream({ start, end: start + compressedBytes - 1, autoClose: false });
    const unpack = method === 0 ? new PassThrough() : createInflateRaw();
    await pipeline(packed, unpack, createWriteStream(target), signal ? { signal } : {});
  } finally {
    await handle.close();
  }
}

async function findMember(handle: FileHandle, member: string): Promise<Member> {
  const { size } = await handle.stat();
  const tail = await readAt(handle, Math.max(0, size - tailBytes), Math.min(size, tailBytes));
  let end = tail.length - endRecord.bytes;
  while (end >= 0 && tail.readUInt32LE(end) !== endRecord.signature) end -= 1;
  if (end < 0) throw new Error('zip: no end record; the download is no zip, or not all of it');
  const directory = await readAt(handle, tail.readUInt32LE(end + 16), tail.readUInt32LE(end + 12));
  for (let at = 0; at + centralRecord.bytes <= directory.length;) {
    if (directory.readUInt32LE(at) !== centralRecord.signature) throw new Error('zip: its directory is damaged');
    const nameBytes = directory.readUInt16LE(at + 28);
    const path = directory.toString('utf8', at + centralRecord.bytes, at + centralRecord.bytes + nameBytes);
    if (path === member || path.endsWith(`/${member}`)) {
      if (directory.readUInt16LE(at + 8) & 1) throw new Error(`zip: ${member} is encrypted`);
      return {
        method: directory.readUInt16LE(at + 10),
        compressedBytes: directory.readUInt32LE(at + 20),
        offset: directory.readUInt32LE(at + 42),
      };
    }
    at += centralRecord.bytes + nameBytes + directory.readUInt16LE(at + 30) + directory.readUInt16LE(at + 32);
  }
  throw new Error(`zip: there is no ${member} in it`);
}

async function readAt(handle: FileHandle, position: number, length: number): Promise<Buffer> {
  const buffer = Buffer.alloc(length);
  const { bytesRead } = await handle.read(buffer, 0, length, position);
  if (bytesRead < length) throw new Error('zip: the archive ends too early');
  return buffer;
}
