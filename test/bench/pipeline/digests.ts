// (g) The digest of a large file beside md5sum and sha256sum, from the page cache. GIB is its size.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { digestFile, loadHash } from '../../../src/hash/xxh64.js';
import { numbers } from '../../support/long-episode.js';
import { seconds, times, type Row } from './bench.js';
import { inTurns, timed } from './turns.js';

const gib = Number(process.env['GIB'] ?? 2);

export const digestsRow: Row = {
  letter: 'g',
  async measure({ folder, line }) {
    await loadHash();
    const big = join(folder, 'big');
    write(big);
    const { xxh64, md5, sha256 } = await inTurns({
      xxh64: () => timed(() => digestFile(big)),
      md5: () => timed(() => execFileSync('md5sum', [big])),
      sha256: () => timed(() => execFileSync('sha256sum', [big])),
    });
    rmSync(big);
    line({
      what: `digest of ${gib} GiB`,
      sa: seconds(xxh64.wallS),
      beside: `md5sum ${seconds(md5.wallS)}, sha256sum ${seconds(sha256.wallS)}`,
      ratio: `${times(md5.wallS / xxh64.wallS)}, ${times(sha256.wallS / xxh64.wallS)}`,
    });
  },
};

function write(path: string): void {
  const piece = Buffer.from(Float64Array.from({ length: 1 << 17 }, numbers(11)).buffer);
  const descriptor = openSync(path, 'w');
  for (let written = 0; written < gib * 1024; written++) writeSync(descriptor, piece);
  closeSync(descriptor);
}
