// sa export and sa report.
import { writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { select } from '../../app/select.js';
import { requireEpisode, type Workspace } from '../../app/workspace.js';
import { problem } from '../../base/problem.js';
import { exportEpisode, exportFormats, type ExportFormat } from '../../export/export.js';
import { artifactPath } from '../../stage/artifact-path.js';
import {
  framesIndexSchema,
  identitiesSchema,
  scenesSchema,
  screentimeSchema,
  trackSchema,
} from '../../stage/artifacts.js';
import { readJson, readJsonLines } from '../../stage/read-write.js';
import type { Io } from '../io.js';
import { openFromFlags, sessionFromFlags, text, type Flags } from '../options.js';
import { buildFlags } from '../options.js';
import { build } from './build.js';

/** Prints a built episode in another program's form; a form of several files needs --output FOLDER. */
export async function exportVerb(io: Io, flags: Flags): Promise<number> {
  const workspace = await openFromFlags(io, flags);
  const ep = text(flags['ep']) ?? '';
  requireEpisode(ep, workspace.episodes({ lockedToo: true }));
  const format = flags['json'] === true ? 'json' : (text(flags['format']) ?? 'json');
  if (!isFormat(format))
    throw problem(
      'unknown-format',
      `export knows no format ${JSON.stringify(format)}`,
      `there are: ${exportFormats.join(', ')}`,
    );
  const files = exportEpisode({ format, ...(await readArtifacts(workspace, ep)) });
  const output = text(flags['output']);
  const [only] = files;
  if (output === undefined) {
    if (files.length > 1)
      throw problem(
        'several-files',
        `${format} is a file a person: ${files.map(({ name }) => name).join(', ')}`,
        'name a folder for them with: --output FOLDER',
      );
    io.out.write(only?.text ?? '');
  } else if (files.length === 1 && !output.endsWith('/')) writeFileSync(resolve(io.cwd, output), only!.text);
  else for (const { name, text: content } of files) writeFileSync(join(resolve(io.cwd, output), name), content);
  return 0;
}

/** Builds the report page and prints its path. */
export async function report(io: Io, flags: Flags): Promise<number> {
  const ep = text(flags['ep']) ?? '';
  const session = await sessionFromFlags(io, flags, [...buildFlags, 'ep']);
  requireEpisode(ep, session.workspace.episodes());
  const code = await build(io, { ...flags, words: [ep, 'report'] });
  const made = select(session.workspace, { words: [ep, 'report'], all: false }).wanted.flatMap(({ outputs }) =>
    Object.values(outputs),
  );
  if (code === 0 && flags['json'] !== true)
    for (const path of made) io.out.write(`${join(session.workspace.dataRoot, path)}\n`);
  return code;
}

/** Everything that export and compare read of an episode; a missing file says what to build. */
export async function readArtifacts(
  { dataRoot }: Workspace,
  ep: string,
): Promise<Omit<Parameters<typeof exportEpisode>[0], 'format'>> {
  const path = (kind: Parameters<typeof artifactPath>[1]): string => join(dataRoot, artifactPath(ep, kind));
  try {
    return {
      frames: await readJson(path('frames_index'), framesIndexSchema),
      scenes: await readJson(path('scenes'), scenesSchema),
      tracks: await readJsonLines(path('tracks'), trackSchema),
      identities: await readJson(path('identities'), identitiesSchema),
      screentime: await readJson(path('screentime'), screentimeSchema),
    };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    throw problem(
      'not-built',
      `episode ${ep} is not built to its screen time yet`,
      `build it with: sa build ${ep}`,
      error,
    );
  }
}

function isFormat(word: string): word is ExportFormat {
  return (exportFormats as readonly string[]).includes(word);
}
