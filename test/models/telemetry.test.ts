// What the runtime does beside running models, seen from outside: a process of its own, with a home of its own.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';

const session = pathToFileURL(resolve(import.meta.dirname, '../../dist/src/models/session.js')).href;
const script = `import(${JSON.stringify(session)}).then(({ prepareThreads }) => prepareThreads())`;

/** Names in the home of a user whose process opened a model; nothing of the environment here, where CI may keep the runtime quiet. */
function leftInHome(settings: Readonly<Record<string, string>> = {}): readonly string[] {
  const home = mkdtempSync(join(tmpdir(), 'sa-home-'));
  onTestFinished(() => rmSync(home, { recursive: true }));
  execFileSync(process.execPath, ['-e', script], { env: { PATH: process.env['PATH'], HOME: home, ...settings } });
  return readdirSync(home);
}

test('a process that opens a model leaves no telemetry in the user’s home', () => {
  expect(existsSync(new URL(session))).toBe(true);
  expect(leftInHome()).toEqual([]);
});

test.runIf(process.platform === 'linux')('whoever asks the runtime for its telemetry has it', () => {
  expect(leftInHome({ ORT_DISABLE_TELEMETRY: '0' })).toEqual(['.cache']);
});
