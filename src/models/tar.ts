// Reads members of a tar archive held in memory: ustar, its prefix field, and pax paths, which is
// what npm writes. Pure. Source: POSIX.1-2008, pax Interchange Format.

const blockBytes = 512;

/** Bytes of each wanted member, keyed by its path; members that are not there are left out. Throws on a damaged archive. */
export function tarMembers(archive: Uint8Array, wanted: ReadonlySet<string>): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  let paxPath: string | undefined;
  for (let at = 0; at + blockBytes <= archive.length;) {
    const header = archive.subarray(at, at + blockBytes);
    if (header.every((byte) => byte === 0)) return found;
    if (octal(header, 148, 8) !== checksum(header)) throw new Error(`tar: bad header at byte ${at}`);
    const size = octal(header, 124, 12);
    const body = archive.subarray(at + blockBytes, at + blockBytes + size);
    if (body.length < size) throw new Error('tar: the archive ends within a file');
    const type = String.fromCharCode(header[156]!);
    if (type === 'x') paxPath = paxRecord(body, 'path');
    else {
      const path = paxPath ?? ustarPath(header);
      if ((type === '0' || type === '\0') && wanted.has(path)) found.set(path, body);
      if (type !== 'g') paxPath = undefined;
    }
    at += blockBytes + Math.ceil(size / blockBytes) * blockBytes;
  }
  throw new Error('tar: the archive has no end');
}

function ustarPath(header: Uint8Array): string {
  const prefix = text(header, 345, 155);
  const name = text(header, 0, 100);
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** Records are "<length> <key>=<value>\n", the length counting itself. */
function paxRecord(body: Uint8Array, key: string): string | undefined {
  for (let at = 0; at < body.length;) {
    const length = Number.parseInt(Buffer.from(body.subarray(at, at + 20)).toString('latin1'), 10);
    if (!(length > 0)) return undefined;
    const record = Buffer.from(body.subarray(at, at + length)).toString('utf8');
    const [name, value] = [
      record.slice(record.indexOf(' ') + 1, record.indexOf('=')),
      record.slice(record.indexOf('=') + 1, -1),
    ];
    if (name === key) return value;
    at += length;
  }
  return undefined;
}

function checksum(header: Uint8Array): number {
  // The checksum's own eight bytes count as spaces.
  return header.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 32 : byte), 0);
}

function octal(header: Uint8Array, at: number, length: number): number {
  const value = Number.parseInt(text(header, at, length).trim(), 8);
  if (!Number.isInteger(value)) throw new Error('tar: a header number is not octal');
  return value;
}

function text(header: Uint8Array, at: number, length: number): string {
  const field = Buffer.from(header.subarray(at, at + length));
  const end = field.indexOf(0);
  return field.toString('utf8', 0, end < 0 ? length : end);
}
