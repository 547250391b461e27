// sa serve.
import { once } from 'node:events';
import { resolve } from 'node:path';
import { problem } from '../../base/problem.js';
import { startServer } from '../../server/serve.js';
import { printJson, type Io } from '../io.js';
import { text, texts, type Flags } from '../options.js';
import { packageVersion } from '../version.js';

/** Serves until it is interrupted; then exit code 0, as that is how a server ends. */
export async function serve(io: Io, flags: Flags): Promise<number> {
  const quiet = flags['quiet'] === true;
  const log = (line: string): void => {
    if (!quiet) io.err.write(`${line}\n`);
  };
  const tokenFile = text(flags['token-file']);
  const server = await startServer({
    project: {
      cwd: io.cwd,
      env: io.env,
      dataRoot: text(flags['data-root']),
      storeRoot: text(flags['store']),
      videoFolders: texts(flags['allow-videos']).map((folder) => resolve(io.cwd, folder)),
    },
    host: text(flags['host']) ?? '127.0.0.1',
    port: wholeNumber(flags, 'port', { least: 0, most: 65_535 }) ?? 8000,
    tokenFile: tokenFile === undefined ? undefined : resolve(io.cwd, tokenFile),
    hostNames: texts(flags['allow-host']),
    maxJobs: wholeNumber(flags, 'max-jobs', { least: 1 }) ?? 1,
    maxQueued: wholeNumber(flags, 'max-queued', { least: 1 }) ?? 1000,
    actionsAtATime: wholeNumber(flags, 'jobs', { least: 1 }),
    maxRequestsPerSecond: wholeNumber(flags, 'max-rate', { least: 1 }) ?? 20_000,
    version: packageVersion(),
    log,
  });
  if (flags['json'] === true) printJson(io, { version: 1, url: server.url });
  else io.out.write(`serving at ${server.url} (documentation: ${server.url}/docs)\n`);
  if (!io.signal.aborted) await once(io.signal, 'abort');
  log('stopping; jobs that run go on when the server starts again');
  await server.close();
  return 0;
}

function wholeNumber(
  flags: Flags,
  name: string,
  { least, most = Number.MAX_SAFE_INTEGER }: { readonly least: number; readonly most?: number },
): number | undefined {
  const value = flags[name];
  if (value === undefined) return undefined;
  if (Number.isSafeInteger(value) && Number(value) >= least && Number(value) <= most) return Number(value);
  const range = most === Number.MAX_SAFE_INTEGER ? `of at least ${least}` : `from ${least} to ${most}`;
  throw problem('usage', `--${name} takes a whole number ${range}`);
}
