// sa run: the Python engine's episode_run. Brings the video in when it is new, builds everything for
// the episode, and prints its EpisodeRunResult.
import { resolve } from 'node:path';
import { runInSession } from '../../app/run-session.js';
import { printJson, type Io } from '../io.js';
import { machineFromFlags, sessionFromFlags, text, type Flags } from '../options.js';
import { watchProgress } from '../progress.js';
import { describeSeconds } from '../words.js';
import { buildFlags } from '../options.js';

export async function run(io: Io, flags: Flags): Promise<number> {
  const session = await sessionFromFlags(io, flags, [...buildFlags, 'video', 'ep']);
  const ep = text(flags['ep']) ?? '';
  const given = text(flags['video']);
  const video = given === undefined ? undefined : resolve(io.cwd, given);
  const progress = watchProgress(io, { quiet: flags['quiet'] === true, verbose: flags['verbose'] === true });
  try {
    const result = await runInSession(
      session,
      { ep, video, targets: [] },
      {
        ...machineFromFlags(flags),
        keepGoing: flags['keep-going'] === true,
        observer: progress,
        signal: io.signal,
      },
    );
    progress.end();
    if (flags['json'] === true) printJson(io, result);
    else {
      const {
        identities_count: people,
        faces_count: faces,
        tracks_count: tracks,
        detections_count: detections,
      } = result;
      io.out.write(
        `${ep}: ${people} identities, ${tracks} tracks, ${faces} faces, ${detections} detections, in ${describeSeconds(result.runtime_sec)}\n`,
      );
    }
    return result.success ? 0 : 1;
  } finally {
    progress.end();
  }
}
