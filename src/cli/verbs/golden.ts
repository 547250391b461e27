// sa golden record|check.
import { checkGolden, recordGolden, type GoldenJson } from '../../app/golden/golden.js';
import { goldenEpisodes } from '../../app/golden/golden-file.js';
import { problem } from '../../base/problem.js';
import { printJson, type Io } from '../io.js';
import { machineFromFlags, sessionFromFlags, text, texts, type Flags } from '../options.js';
import { watchProgress } from '../progress.js';
import { printFindings, requireFormat } from './print-findings.js';

const goldenFlags = ['action', 'episodes', 'format', 'recompute', 'jobs', 'resource'] as const;

/** Exit code 0, or 1 when something moved. */
export async function golden(io: Io, flags: Flags): Promise<number> {
  const action = text(flags['action']) ?? '';
  const session = await sessionFromFlags(io, flags, goldenFlags);
  const named = texts(flags['episodes']);
  switch (action) {
    case 'record': {
      if (named.length === 0) throw problem('usage', 'say which episodes to record', 'sa golden record EPISODE');
      const paths = await recordGolden(session, named);
      if (flags['json'] === true) printJson(io, { version: 1, recorded: paths });
      else for (const path of paths) io.out.write(`${path}\n`);
      return 0;
    }
    case 'check': {
      const format = requireFormat('golden check', flags);
      const episodes = named.length > 0 ? named : goldenEpisodes(session.workspace.projectRoot);
      if (episodes.length === 0)
        throw problem('no-golden', 'this project has no golden episode', 'record one with: sa golden record EPISODE');
      const progress = watchProgress(io, { quiet: !io.err.live || format === 'json', verbose: false });
      let result: GoldenJson;
      try {
        result = await checkGolden(session, episodes, {
          ...machineFromFlags(flags),
          env: io.env,
          recompute: flags['recompute'] === true,
          keepGoing: false,
          observer: progress,
          signal: io.signal,
        });
      } finally {
        progress.end();
      }
      printFindings(io, format, result, {
        verb: 'golden check',
        findings: result.moved.map(({ id, kind, text: line }) => ({ id, state: kind, kinds: [kind], lines: [line] })),
        warnings: [],
        checked: result.checked,
        summary: result.ok
          ? `${result.checked} stages and people of ${episodes.join(', ')}, none of which moved`
          : `${result.moved.length} moved, of ${result.checked} stages and people of ${episodes.join(', ')}`,
      });
      return result.ok ? 0 : 1;
    }
    default:
      throw problem('usage', `sa golden knows no ${JSON.stringify(action)}`, 'there are: record, check');
  }
}
