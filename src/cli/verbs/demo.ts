// sa demo: draws an episode whose truth is known, builds it with the project's pipeline, and says how
// far each person's measured seconds are from it.
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { init } from './init.js';
import { readArtifacts } from './export.js';
import { build } from './build.js';
import { openWorkspace } from '../../app/workspace.js';
import { ProblemError } from '../../base/problem.js';
import { compareWithTruth, comparisonLines } from '../../demo/compare.js';
import { fetchDemoPictures, pictureSource } from '../../demo/pictures.js';
import { makeDemoVideo } from '../../demo/render.js';
import { demoTruth } from '../../demo/truth.js';
import { exportedEpisode } from '../../export/json.js';
import { findMediaTools } from '../../media/tools.js';
import { printJson, type Io } from '../io.js';
import { text, type Flags } from '../options.js';
import { describeModelEvent } from '../words.js';

export const demoEpisode = 'demo';

export async function demo(io: Io, flags: Flags): Promise<number> {
  const workspace = await openOrInit(io, flags);
  const { dataRoot } = workspace;
  if (!workspace.episodes().includes(demoEpisode)) {
    const { ffmpeg } = await findMediaTools(io.env);
    const pictures = await fetchDemoPictures({
      into: join(workspace.stateRoot, 'demo-pictures'),
      signal: io.signal,
      onEvent: (event) => {
        const line = describeModelEvent(event);
        if (line !== undefined) io.err.write(`${line}\n`);
      },
    });
    io.err.write(
      `drawing the demo episode from photographs in ${pictureSource.npm} (${pictureSource.licence}, ${pictureSource.author})\n`,
    );
    mkdirSync(join(dataRoot, 'videos', demoEpisode), { recursive: true });
    await makeDemoVideo({
      pictures,
      out: join(dataRoot, 'videos', demoEpisode, 'episode.mp4'),
      ffmpeg,
      signal: io.signal,
    });
  }
  const code = await build(
    { ...io, out: flags['json'] === true ? { ...io.out, write: () => undefined } : io.out },
    { ...flags, words: [demoEpisode] },
  );
  if (code !== 0 || flags['dry-run'] === true) return code;
  const artifacts = await readArtifacts(workspace, demoEpisode);
  const comparison = compareWithTruth(exportedEpisode(artifacts), demoTruth());
  const report = join(dataRoot, 'reports', demoEpisode, 'index.html');
  if (flags['json'] === true) printJson(io, { version: 1, ...comparison, report });
  else io.out.write(`\n${comparisonLines(comparison).join('\n')}\n\nreport: ${report}\n`);
  return 0;
}

// In an empty folder the demo starts a project, so that it is one command for a stranger.
async function openOrInit(io: Io, flags: Flags): Promise<Awaited<ReturnType<typeof openWorkspace>>> {
  const options = { cwd: io.cwd, env: io.env, dataRoot: text(flags['data-root']), storeRoot: text(flags['store']) };
  try {
    return await openWorkspace(options);
  } catch (error) {
    if (
      !(error instanceof ProblemError) ||
      error.problems[0]?.code !== 'no-pipeline' ||
      existsSync(join(io.cwd, 'pipeline.yaml'))
    )
      throw error;
  }
  await init({ ...io, out: io.err });
  return openWorkspace(options);
}
