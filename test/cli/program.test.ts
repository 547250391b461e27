// The built program as people start it: by its name, which npm links to the file that a build has made.
import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { expect, test } from 'vitest';

test('the built file runs as it stands, without the word node before it', () => {
  const program = resolve(import.meta.dirname, '../../dist/src/cli/main.js');
  expect(execFileSync(program, ['--version'], { encoding: 'utf8' }).trim()).toMatch(/^\d+\.\d+\.\d+/);
});
