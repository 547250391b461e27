// The project under examples/ci-project: the shipped pipeline without the rules that need pictures or
// models, and two small made-up episodes. All of it can be made again anywhere, to the byte.
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { shippedPipeline, writeLongEpisode } from './long-episode.js';

const checkout = join(import.meta.dirname, '../..');
export const ciProject = join(checkout, 'examples/ci-project');
export const ciEpisodes = ['one', 'two'] as const;

/** Rules that look at pictures or run a model; what they would make lies there as the user's own files. */
const withoutRules = ['probe', 'scenes', 'detect', 'faces', 'embed', 'report'];

const ownRule = `  minutes:
    run: "./minutes.sh {inputs.table} {outputs.minutes} {params.digits}"
    inputs: { table: "manifests/{ep}/screentime.csv" }
    outputs: { minutes: "reports/{ep}/minutes.txt" }
    params: [digits]
    code: [minutes.sh]

`;

/** pipeline.yaml of the project, made of the shipped one as it is now. */
export function ciPipeline(): string {
  let text = shippedPipeline();
  for (const rule of withoutRules) text = text.replace(new RegExp(`^  ${rule}:\\n(?:(?:    .*)?\\n)+`, 'm'), '');
  return text
    .replace(
      /^# .*\n/,
      '# Made by `npm run golden` of the shipped pipeline: the rules that need neither pictures nor models.\n',
    )
    .replace(/^each: .*$/m, 'each: { ep: "manifests/{ep}/detections.jsonl" }')
    .replace(/^params:\n/m, 'params:\n  digits: 1                 # of our own, for the command at the end\n')
    .replace(/^groups:\n(?: .*\n?)*/m, `${ownRule}groups:\n  cluster: [cluster, identities]\n`);
}

/** Writes everything that is no artifact into `folder`. */
export function writeCiProject(folder: string): void {
  writeFileSync(join(folder, 'pipeline.yaml'), ciPipeline());
  writeFileSync(join(folder, '.gitignore'), '.sa/\n');
  writeFileSync(
    join(folder, 'minutes.sh'),
    '#!/bin/sh\n# Minutes on screen a person, from the screen-time table.\nawk -F, -v d="$3" \'NR > 1 { printf "%s %." d "f\\n", $1, $3 / 60 }\' "$1" > "$2"\n',
    { mode: 0o755 },
  );
  const data = join(folder, 'data');
  for (const [index, ep] of ciEpisodes.entries()) {
    writeLongEpisode(data, {
      ep,
      tracks: 8,
      people: 3,
      minutes: 0.8,
      samples: 4,
      dim: 32,
      apart: true,
      seed: 7 + index,
    });
    for (const unused of [
      `videos`,
      `frames`,
      ...['faces_aligned.npy', 'tracks.jsonl', 'track_reps.jsonl', 'track_reps.npy'].map(
        (name) => `manifests/${ep}/${name}`,
      ),
    ])
      rmSync(join(data, unused), { recursive: true, force: true });
  }
  writeFileSync(join(data, 'manifests/two/edits.yaml'), '- name: { face: { track: track-00001 }, name: Lisa }\n');
}
