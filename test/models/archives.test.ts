import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { applyPatch } from '../../src/models/patch.js';
import { tarMembers } from '../../src/models/tar.js';
import { extractZipMember } from '../../src/models/zip.js';
import { temporaryFolder, zipOf } from './world.js';

/** An archive of `package/` made by the system's tar. */
function tarOf(format: string, members: Readonly<Record<string, string>>): Buffer {
  const folder = temporaryFolder();
  for (const [path, content] of Object.entries(members)) {
    mkdirSync(join(folder, 'package', path, '..'), { recursive: true });
    writeFileSync(join(folder, 'package', path), content);
  }
  execFileSync('tar', [`--format=${format}`, '-cf', 'all.tar', 'package'], { cwd: folder });
  return readFileSync(join(folder, 'all.tar'));
}

describe('tar', () => {
  const long = `${'deep/'.repeat(25)}${'n'.repeat(120)}.onnx`;

  test.each([
    ['ustar', `${'deep/'.repeat(25)}model.onnx`],
    ['pax', long],
  ])('%s members are found by their path, however long', (format, path) => {
    const archive = tarOf(format, { 'a.onnx': 'first', [path]: 'x'.repeat(1000), empty: '' });
    const found = tarMembers(archive, new Set(['package/a.onnx', `package/${path}`, 'package/none', 'package/empty']));
    expect([...found].map(([name, bytes]) => [name, bytes.length]).sort()).toEqual(
      [
        ['package/a.onnx', 5],
        [`package/${path}`, 1000],
        ['package/empty', 0],
      ].sort(),
    );
  });

  test('an archive that is cut off or damaged is refused', () => {
    const archive = tarOf('ustar', { 'a.onnx': 'x'.repeat(2000) });
    expect(() => tarMembers(archive.subarray(0, 1536), new Set())).toThrow('tar: the archive ends within a file');
    expect(() => tarMembers(archive.subarray(0, 512), new Set())).toThrow('tar: the archive has no end');
    archive[0] = archive[0]! ^ 1;
    expect(() => tarMembers(archive, new Set())).toThrow('tar: bad header at byte 0');
  });
});

describe('zip', () => {
  const archive = zipOf({ 'pack/packed.onnx': 'packed '.repeat(1000), 'pack/stored.onnx': 'stored' });

  test.each([
    ['packed.onnx', 'packed '.repeat(1000)],
    ['pack/stored.onnx', 'stored'],
  ])('%s is taken out', async (member, content) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a.zip'), Buffer.concat([archive, Buffer.alloc(0)]));
    await extractZipMember(join(folder, 'a.zip'), member, join(folder, 'out'));
    expect(readFileSync(join(folder, 'out'), 'utf8')).toBe(content);
  });

  test('a member that is not there, and a zip that is cut off, are refused', async () => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'a.zip'), archive);
    await expect(extractZipMember(join(folder, 'a.zip'), 'none', join(folder, 'out'))).rejects.toThrow(
      'zip: there is no none in it',
    );
    writeFileSync(join(folder, 'a.zip'), archive.subarray(0, -30));
    await expect(extractZipMember(join(folder, 'a.zip'), 'stored.onnx', join(folder, 'out'))).rejects.toThrow(
      'zip: no end record',
    );
  });
});

describe('a patch', () => {
  test('copies pieces and inserts bytes', () => {
    const bytes = applyPatch(Buffer.from('0123456789'), [[8, 2], 'LQ==', [0, 3]]);
    expect(Buffer.from(bytes).toString()).toBe('89-012');
  });

  test('a piece beyond the original is refused', () => {
    expect(() => applyPatch(Buffer.from('0123'), [[2, 3]])).toThrow('piece 2+3 lies beyond 4 bytes');
  });
});
