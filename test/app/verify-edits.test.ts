// verify against generated edits, in both directions: what can change a result turns it red, with the
// word for it; what cannot leaves it green. On the project under examples/ci-project.
import { cpSync, readFileSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { VerifyJson } from '../../src/app/verify.js';
import { ciEpisodes, ciProject } from '../support/ci-project.js';
import { keptWorkspace, testWorkspace, type World } from '../support/workspace.js';

/** Freshly built, whatever the revisions of the checked-in one are. */
let built: World;
beforeAll(async () => {
  built = keptWorkspace({});
  cpSync(ciProject, built.root, { recursive: true });
  const { code, err } = await built.sa('build');
  expect(code, err).toBe(0);
});

interface Edit {
  readonly name: string;
  readonly make: (world: World) => void;
}
interface StaleEdit extends Edit {
  /** Action and reason word that verify must give. */
  readonly expected: readonly [id: string, kind: string];
  /** Whether the files on disk must be looked at to see it. */
  readonly needsFiles?: boolean;
}

const ep = fc.constantFrom(...ciEpisodes);
const edit =
  (path: string, change: (text: string) => string) =>
  (world: World): void =>
    world.write({ [path]: change(world.read(path)) });
const inYaml = (pattern: RegExp, by: string) =>
  edit('pipeline.yaml', (text) => {
    expect(text).toMatch(pattern);
    return text.replace(pattern, by);
  });

const rebuilt: Readonly<Record<string, string>> = {
  cluster_thresh: 'cluster',
  min_identity_sim: 'cluster',
  gap_tolerance_s: 'screentime',
  track_buffer: 'track',
  digits: 'minutes',
};
const paramEdits = fc
  .record({ name: fc.constantFrom(...Object.keys(rebuilt)), step: fc.integer({ min: 1, max: 9 }), ep })
  .map(({ name, step, ep: of }): StaleEdit => ({
    name: `${name} by ${step}`,
    make: inYaml(
      new RegExp(`^  ${name}: ([\\d.]+)`, 'm'),
      `  ${name}: ${name === 'track_buffer' ? 20 + step : name === 'digits' ? 1 + step : `0.1${step}`}`,
    ),
    expected: [`${rebuilt[name]!}@${of}`, 'param-changed'],
  }));
const inputs = ['detections.jsonl', 'frames.json', 'scenes.json', 'faces.jsonl', 'faces_embeddings.npy'] as const;
const readBy: Readonly<Record<(typeof inputs)[number], string>> = {
  'detections.jsonl': 'track',
  'frames.json': 'track',
  'scenes.json': 'track',
  'faces.jsonl': 'track_reps',
  'faces_embeddings.npy': 'track_reps',
};
const flip =
  (path: string, at: number) =>
  (world: World): void => {
    const bytes = readFileSync(join(world.root, path));
    const place = at % bytes.length;
    bytes[place]! ^= 1;
    world.write({ [path]: '' });
    renameOver(world, path, bytes);
  };
const inputEdits = fc
  .record({ ep, input: fc.constantFrom(...inputs), at: fc.nat(100_000) })
  .map(({ ep: of, input, at }): StaleEdit => ({
    name: `byte ${at} of ${of}/${input}`,
    make: flip(`data/manifests/${of}/${input}`, at),
    expected: [`${readBy[input]}@${of}`, 'input-changed'],
    needsFiles: true,
  }));
const outputs = {
  'manifests/{ep}/tracks.jsonl': 'track',
  'manifests/{ep}/track_reps.npy': 'track_reps',
  'manifests/{ep}/identities.json': 'identities',
  'reports/{ep}/minutes.txt': 'minutes',
} as const;
const outputEdits = fc
  .record({ ep, output: fc.constantFrom(...Object.entries(outputs)), at: fc.nat(100_000), gone: fc.boolean() })
  .map(({ ep: of, output: [pattern, rule], at, gone }): StaleEdit => {
    const path = `data/${pattern.replace('{ep}', of)}`;
    return gone
      ? {
          name: `${path} removed`,
          make: (world) => world.remove(path),
          expected: [`${rule}@${of}`, 'output-missing'],
          needsFiles: true,
        }
      : {
          name: `byte ${at} of ${path}`,
          make: flip(path, at),
          expected: [`${rule}@${of}`, 'output-altered'],
          needsFiles: true,
        };
  });
const otherEdits = ep.chain((of) =>
  fc.constantFrom<StaleEdit>(
    {
      name: 'the command',
      make: inYaml(/minutes\.sh \{inputs/, 'minutes.sh  {inputs'),
      expected: [`minutes@${of}`, 'rule-changed'],
    },
    {
      name: "the command's code",
      make: edit('minutes.sh', (text) => `${text}# more\n`),
      expected: [`minutes@${of}`, 'code-changed'],
    },
    {
      name: 'an edit more',
      make: (world) => world.write({ 'data/manifests/one/edits.yaml': '[]\n' }),
      expected: ['identities@one', 'input-changed'],
    },
    {
      name: 'the embedder',
      make: inYaml(/embedder: mobilefacenet-512/, 'embedder: mobileface-v2'),
      expected: [`cluster@${of}`, 'model-changed'],
    },
    {
      name: "an entry's fingerprint",
      make: edit(`data/manifests/${of}/sa.lock`, (text) => text.replace(/("fingerprint": ")./, '$1x')),
      expected: [`cast@${of}`, 'never-built'],
    },
    {
      name: 'the lockfile',
      make: (world) => world.remove(`data/manifests/${of}/sa.lock`),
      expected: [`track@${of}`, 'never-built'],
    },
    {
      name: "an output's path",
      make: inYaml(/reports\/\{ep\}\/minutes\.txt/, 'reports/{ep}/minutes.csv'),
      expected: [`minutes@${of}`, 'rule-changed'],
    },
  ),
);
const staleEdits = fc.oneof(paramEdits, inputEdits, outputEdits, otherEdits);

const harmless = fc.oneof(
  fc
    .string({ unit: 'grapheme-ascii', maxLength: 20 })
    .map((words): Edit => ({ name: `comment ${words}`, make: edit('pipeline.yaml', (text) => `# ${words}\n${text}`) })),
  fc
    .record({
      ep,
      file: fc.constantFrom(...inputs, 'tracks.jsonl', 'identities.json', 'sa.lock'),
      ms: fc.integer({ min: -1e9, max: 1e9 }),
    })
    .map(({ ep: of, file, ms }): Edit => ({
      name: `touch ${of}/${file}`,
      make: ({ root }) => {
        const time = new Date(Date.now() + ms);
        utimesSync(join(root, 'data/manifests', of, file), time, time);
      },
    })),
  fc.record({ ep, file: fc.constantFrom(...inputs, 'tracks.jsonl') }).map(({ ep: of, file }): Edit => ({
    name: `${of}/${file} written again`,
    make: (world) =>
      renameOver(world, `data/manifests/${of}/${file}`, readFileSync(join(world.root, 'data/manifests', of, file))),
  })),
  fc.constantFrom<Edit>(
    { name: 'a how-param', make: inYaml(/^ {2}device: auto/m, '  device: cpu') },
    { name: 'a param that no rule reads', make: inYaml(/^ {2}thumb_size: 256/m, '  thumb_size: 128') },
    { name: 'a profile', make: inYaml(/^profiles:\n/m, 'profiles:\n  mine: { cluster_thresh: 0.5 }\n') },
    {
      name: 'params in another order',
      make: inYaml(
        /params: \[embedder, cluster_thresh, min_identity_sim,/,
        'params: [min_identity_sim, cluster_thresh, embedder,',
      ),
    },
    { name: 'keys in another order', make: inYaml(/( {4}params: \[digits\]\n)( {4}code: \[minutes\.sh\]\n)/, '$2$1') },
    { name: 'a number written otherwise', make: inYaml(/cluster_thresh: 0\.75/, 'cluster_thresh: 7.5e-1') },
    {
      name: 'an unrelated file',
      make: (world) => world.write({ 'data/notes.txt': 'x', 'data/manifests/one/notes.txt': 'x', 'notes.md': 'x' }),
    },
    { name: 'a group', make: inYaml(/^groups:\n/m, 'groups:\n  all: [track, cluster]\n') },
    { name: 'no memory', make: (world) => world.remove('data/.sa') },
    {
      name: 'a lockfile with other spaces',
      make: edit('data/manifests/one/sa.lock', (text) => JSON.stringify(JSON.parse(text))),
    },
  ),
);

function renameOver(world: World, path: string, bytes: Uint8Array): void {
  world.write({ [`${path}.new`]: '' });
  const file = join(world.root, path);
  // as an editor does it
  writeFileSync(`${file}.new`, bytes);
  renameSync(`${file}.new`, file);
}

async function verified(world: World, ...words: string[]): Promise<{ code: number; result: VerifyJson; text: string }> {
  const { code, out, err } = await world.sa('verify', '--all', '--json', ...words);
  if (out === '') throw new Error(err);
  return { code, result: JSON.parse(out) as VerifyJson, text: out };
}

function project(): { world: World; done: () => void } {
  const world = testWorkspace({});
  cpSync(built.root, world.root, { recursive: true, preserveTimestamps: true });
  return { world, done: () => rmSync(world.root, { recursive: true, force: true }) };
}

const runs = { numRuns: 25 };

describe('verify', () => {
  test('stays green after whatever cannot change a result', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(harmless, { minLength: 1, maxLength: 5, selector: ({ name }) => name }),
        async (edits) => {
          const { world, done } = project();
          for (const { make } of edits) make(world);
          for (const words of [[], ['--allow-missing']]) {
            const { code, text } = await verified(world, ...words);
            expect(code, `${edits.map(({ name }) => name).join('; ')}\n${text}`).toBe(0);
          }
          done();
        },
      ),
      runs,
    );
  });

  test('turns red after whatever can, names the action and says the word', async () => {
    await fc.assert(
      fc.asyncProperty(
        staleEdits,
        fc.uniqueArray(harmless, { maxLength: 2, selector: ({ name }) => name }),
        async (stale, edits) => {
          const { world, done } = project();
          stale.make(world);
          for (const { make, name } of edits) if (!clashes(name, stale.name)) make(world);
          const [id, kind] = stale.expected;
          for (const words of [[], ['--allow-missing']]) {
            if (kind === 'output-missing' && words.length > 0) continue;
            const { code, result, text } = await verified(world, ...words);
            expect(code, `${stale.name}\n${text}`).toBe(1);
            const found = result.stale.find((one) => one.id === id);
            expect(
              found?.reasons.map((reason) => reason.kind),
              `${stale.name}\n${text}`,
            ).toContain(kind);
          }
          done();
        },
      ),
      runs,
    );
  });

  test('with --allow-missing, and all files gone but the lockfiles, still sees every edit of pipeline.yaml and code', async () => {
    const needNoFiles = fc.oneof(
      paramEdits,
      otherEdits.filter(({ name }) => name !== 'an edit more'),
    );
    await fc.assert(
      fc.asyncProperty(needNoFiles, fc.boolean(), async (stale, isEdited) => {
        const { world, done } = project();
        for (const of of ciEpisodes)
          for (const file of [
            ...inputs,
            'tracks.jsonl',
            'track_reps.jsonl',
            'track_reps.npy',
            'clusters.json',
            'identities.json',
            'screentime.json',
          ])
            world.remove(`data/manifests/${of}/${file}`);
        for (const path of ['data/reports', 'data/.sa']) world.remove(path);
        if (isEdited) stale.make(world);
        const { code, text } = await verified(world, '--allow-missing');
        expect(code, `${stale.name}\n${text}`).toBe(isEdited ? 1 : 0);
        done();
      }),
      runs,
    );
  });
});

// A touch of what was removed, or a text that is no longer there to be replaced.
function clashes(harmlessName: string, staleName: string): boolean {
  const words = harmlessName.split(' ');
  return (
    staleName.includes('removed') ||
    staleName === 'the lockfile' ||
    staleName.startsWith('cluster_thresh') ||
    (harmlessName === 'a lockfile with other spaces' && staleName.includes('fingerprint')) ||
    words.some((word) => word.includes('/') && staleName.includes(word))
  );
}
