// Builds the labelled clips with the shipped defaults and writes docs/accuracy.md: every figure with
// its clip, its models and the command. Run by `npm run accuracy`; it needs the shared clips beside the
// checkout and python3 for the scorer. The project it builds in is kept (SA_ACCURACY_DIR), so that a
// second run computes only what changed.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
const shared = resolve(process.env['SA_SHARED'] ?? join(root, '../shared'));
const project = process.env['SA_ACCURACY_DIR'] ?? join(tmpdir(), 'sa-accuracy');
const program = join(root, 'dist/src/cli/main.js');

interface Clip {
  readonly ep: string;
  readonly file: string;
  readonly truth: string | undefined;
}

const clips: readonly Clip[] = [
  { ep: 'angelone', file: 'angelone_480p.webm', truth: 'angelone.gt.json' },
  { ep: 'bbt_demo', file: 'bbt_demo.mp4', truth: 'bbt_demo.gt.json' },
  { ep: 'hamilton', file: 'short_hamilton_clip.mp4', truth: 'hamilton_short.gt.json' },
  { ep: 'office', file: 'office_montage.mp4', truth: undefined },
];

const pairs = [
  { name: 'npm alone', detector: 'ultralight-rfb320', embedder: 'mobilefacenet-512' },
  { name: 'best permissive', detector: 'yunet-n', embedder: 'mobilefacenet-512' },
  { name: 'best permissive, other embedder', detector: 'yunet-n', embedder: 'mobileface-v2' },
] as const;

interface Score {
  readonly accuracy: number;
  readonly mean_rel_error: number;
  readonly max_rel_error: number;
  readonly identities: number;
  readonly characters_matched: number;
  readonly characters_with_visible_time: number;
  readonly false_alarm_s: number;
  readonly unmapped_fragment_s: number;
  readonly characters: readonly { readonly identity: string | null }[];
  readonly faces: {
    readonly bcubed_f1: number;
    readonly purity: number;
    readonly inverse_purity: number;
    readonly detection_recall: number;
  };
  readonly shots?: { readonly f1: number };
}

interface Exported {
  readonly identities: readonly {
    readonly id: string;
    readonly intervals: readonly { start_s: number; end_s: number }[];
  }[];
}

function sa(...words: readonly string[]): string {
  const env = { ...process.env, SA_MODELS: join(shared, 'models') };
  return execFileSync('node', [program, ...words], {
    cwd: project,
    env,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
}

function score(clip: Clip, stride: number, set: readonly string[]): string {
  sa('build', clip.ep, '--quiet', ...set);
  const text = sa('export', clip.ep);
  const exported = JSON.parse(text) as Exported;
  const seconds = new Map(
    exported.identities.map(({ id, intervals }) => [
      id,
      intervals.reduce((sum, { start_s, end_s }) => sum + end_s - start_s, 0),
    ]),
  );
  if (clip.truth === undefined) {
    return `| ${clip.ep} | ${stride} | no names known | | | | | | ${exported.identities.length} | |`;
  }
  const prediction = join(project, `${clip.ep}.json`);
  writeFileSync(prediction, text);
  const scorer = [
    join(shared, 'tools/score_screentime.py'),
    prediction,
    join(shared, 'data/truth', clip.truth),
    '--json-only',
  ];
  const result = JSON.parse(execFileSync('python3', scorer, { encoding: 'utf8', maxBuffer: 1 << 26 })) as Score;
  const matched = new Set(result.characters.map(({ identity }) => identity));
  const unmatched = [...seconds].filter(([id, total]) => !matched.has(id) && total > 2).length;
  const { faces } = result;
  const cells = [
    clip.ep,
    stride,
    result.accuracy.toFixed(3),
    faces.bcubed_f1.toFixed(3),
    `${faces.purity.toFixed(3)} / ${faces.inverse_purity.toFixed(3)}`,
    `${result.mean_rel_error.toFixed(3)} / ${result.max_rel_error.toFixed(3)}`,
    `${result.false_alarm_s.toFixed(1)} / ${result.unmapped_fragment_s.toFixed(1)}`,
    result.shots?.f1.toFixed(3) ?? '',
    `${result.identities} (${result.characters_matched} of ${result.characters_with_visible_time})`,
    unmatched,
  ];
  return `| ${cells.join(' | ')} |`;
}

mkdirSync(project, { recursive: true });
copyFileSync(join(root, 'pipeline.yaml'), join(project, 'pipeline.yaml'));
for (const { ep, file } of clips) {
  if (!existsSync(join(project, 'data/videos', ep))) sa('add', ep, join(shared, 'data/video', file));
}
const sections = pairs.map(({ name, detector, embedder }) => {
  const rows = [1, 4].flatMap((stride) =>
    clips.map((clip) =>
      score(clip, stride, [
        '--set',
        `detector=${detector}`,
        '--set',
        `embedder=${embedder}`,
        '--set',
        `stride=${stride}`,
      ]),
    ),
  );
  return `## ${name}: ${detector} + ${embedder}

| clip | stride | accuracy | B-cubed F1 | purity / inverse | mean / max relative error | false alarm / fragment s | shots F1 | identities (people found) | unmatched > 2 s |
|---|---|---|---|---|---|---|---|---|---|
${rows.join('\n')}
`;
});
mkdirSync(join(root, 'docs'), { recursive: true });
const page = join(root, 'docs/accuracy.md');
const notes = existsSync(page) ? (/## Limits[^]*$/.exec(readFileSync(page, 'utf8'))?.[0] ?? '') : '';
writeFileSync(
  page,
  `# Accuracy

Written by \`npm run accuracy\` (the labelled clips lie beside the checkout, not in it). Shipped defaults but for the models and the stride in each
heading; nothing is set per clip. *accuracy*: per-time identity accuracy, 10 samples a second. *unmatched > 2 s*: identities of the table
longer than 2 s that are nobody's best match; people whom the truth calls uncertain, and extras, are among them.

${sections.join('\n')}
${notes === '' ? '## Limits\n' : notes}`,
);
