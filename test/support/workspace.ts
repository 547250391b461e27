// A whole little project in a temporary folder, driven through the same calls as the command line.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, onTestFinished } from 'vitest';
import { main } from '../../src/cli/main.js';
import type { Io, Screen } from '../../src/cli/io.js';

export interface Ran {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

export interface World {
  readonly root: string;
  write(files: Readonly<Record<string, string>>): void;
  read(path: string): string;
  remove(path: string): void;
  /** Runs `sa` with these words; never throws. */
  sa(...argv: readonly string[]): Promise<Ran>;
  /** `build`, as "rule outcome" pairs in plan order, fresh ones included. */
  build(...argv: readonly string[]): Promise<string>;
}

/** A project with the given files; it is removed when the test ends. */
export function testWorkspace(files: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}): World {
  const root = mkdtempSync(join(tmpdir(), 'sa-test-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return workspaceIn(root, files, env);
}

/** The same for a whole file of tests, made in `beforeAll` and removed after the last one. */
export function keptWorkspace(files: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv = {}): World {
  const root = mkdtempSync(join(tmpdir(), 'sa-test-'));
  toRemove.push(root);
  return workspaceIn(root, files, env);
}

const toRemove: string[] = [];
afterAll(() => {
  for (const root of toRemove.splice(0)) rmSync(root, { recursive: true, force: true });
});

function workspaceIn(root: string, files: Readonly<Record<string, string>>, env: NodeJS.ProcessEnv): World {
  const write: World['write'] = (contents) => {
    for (const [path, text] of Object.entries(contents)) {
      mkdirSync(dirname(join(root, path)), { recursive: true });
      writeFileSync(join(root, path), text);
    }
  };
  write(files);
  const sa: World['sa'] = async (...argv) => {
    const out = recorder();
    const err = recorder();
    const io: Io = {
      cwd: root,
      env: { ...process.env, ...env },
      out: out.screen,
      err: err.screen,
      signal: new AbortController().signal,
    };
    const code = await main(argv, io);
    return { code, out: out.text(), err: err.text() };
  };
  return {
    root,
    write,
    read: (path) => readFileSync(join(root, path), 'utf8'),
    remove: (path) => rmSync(join(root, path), { recursive: true, force: true }),
    sa,
    build: async (...argv) => {
      const { out, err } = await sa('build', '--json', ...argv);
      if (out === '') throw new Error(err);
      const { actions } = JSON.parse(out) as { actions: { id: string; outcome: string; trusted?: boolean }[] };
      return actions.map(({ id, outcome, trusted }) => `${id} ${trusted ? 'trusted' : outcome}`).join(', ');
    },
  };
}

function recorder(): { screen: Screen; text: () => string } {
  const pieces: string[] = [];
  return {
    screen: { write: (text) => void pieces.push(text), live: false, colour: false, columns: 100 },
    text: () => pieces.join(''),
  };
}
