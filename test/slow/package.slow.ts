// The package as somebody else installs it: packed, installed into an empty folder, compiled against and run.
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { findMediaTools } from '../../src/media/tools.js';

const root = join(import.meta.dirname, '../..');

test('a strict program compiles against the packed package and runs an episode with it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'sa-package-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const call = (program: string, words: readonly string[], cwd = folder): string =>
    execFileSync(program, [...words], {
      cwd,
      encoding: 'utf8',
      maxBuffer: 1 << 26,
      stdio: ['ignore', 'pipe', 'inherit'],
    });

  call('npm', ['pack', '--silent', '--pack-destination', folder], root);
  const [tarball = ''] = readdirSync(folder).filter((name) => name.endsWith('.tgz'));
  const listed = call('tar', ['-tzf', tarball]).trim().split('\n');
  expect(
    listed.filter(
      (name) => !/^package\/(dist\/|[A-Z]+(\.md)?$|models\/models\.yaml$|pipeline\.yaml$|package\.json$)/.test(name),
    ),
  ).toEqual([]);

  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'other', private: true, type: 'module' }));
  call('npm', ['install', '--silent', '--no-audit', '--no-fund', '--prefer-offline', `./${tarball}`, '@types/node@20']);
  copyFileSync(join(import.meta.dirname, '../package/program.ts'), join(folder, 'program.ts'));
  const strict = ['--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--skipLibCheck', 'false'];
  call(process.execPath, [
    join(root, 'node_modules/typescript/bin/tsc'),
    ...strict,
    '--target',
    'es2023',
    '--module',
    'nodenext',
    '--types',
    'node',
    'program.ts',
  ]);

  call('npx', ['--no-install', 'sa', 'init']);
  const { ffmpeg } = await findMediaTools(process.env);
  call(ffmpeg, ['-v', 'error', '-f', 'lavfi', '-i', 'testsrc2=duration=2:size=320x240:rate=24', 'clip.mp4']);
  const said = JSON.parse(call(process.execPath, ['program.js', join(folder, 'clip.mp4')])) as Record<string, unknown>;
  expect(said).toMatchObject({
    unknown: expect.stringContaining('there is no episode "clip"') as string,
    first: { success: true, error: null },
    kinds: expect.arrayContaining(['planned', 'started', 'progress', 'finished']) as string[],
    again: [true, true, true, true],
    stopped: false,
    refused: expect.arrayContaining(['unknown-param', 'out-of-range']) as string[],
    exist: { video: true, identities: true, screentime: true, report: true, edits: false },
    path: 'manifests/clip/identities.json',
    defaults: [0.75, 3],
    algorithms: ['function', 'function', 'function', 'function'],
  });
});
