// Runs a `run:` rule: a command line with its placeholders filled in and quoted, in a process group
// of its own that ends with the build. The only importer of execa.
import { mkdirSync, readFileSync } from 'node:fs';
import { dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import type { ActionJob, RunResult } from '../engine/execute.js';
import type { RuleCode } from '../pipeline/pipeline.js';

type Command = RuleCode & { readonly kind: 'command' };

export interface CommandPlace {
  readonly projectRoot: string;
  readonly dataRoot: string;
  readonly params: Readonly<Record<string, unknown>>;
}

/** What every command sees of the environment, besides the names in the rule's `env`. */
const environmentAlways = ['PATH', 'HOME', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR', 'SystemRoot'];

/** Last lines of a failed command's output that its error shows. */
const tailLines = 20;

/** Runs the command until it ends well, at most 1 + retries times. Rejects with the end of its output. */
export async function runCommand(
  code: Command,
  job: ActionJob,
  place: CommandPlace,
  signal: AbortSignal,
): Promise<RunResult> {
  const { execa } = await import('execa');
  const values = placeholderValues(job, place);
  const depfile = code.depfile === undefined ? undefined : fillPlaceholders(code.depfile, values, (value) => value);
  const options = {
    cwd: place.projectRoot,
    env: Object.fromEntries(
      [...environmentAlways, ...code.env].flatMap((name) =>
        process.env[name] === undefined ? [] : [[name, process.env[name]]],
      ),
    ),
    extendEnv: false,
    all: true,
    reject: false,
    stdin: 'ignore',
    cancelSignal: signal,
    forceKillAfterDelay: 2000,
    ...(code.timeoutSeconds === undefined ? {} : { timeout: code.timeoutSeconds * 1000 }),
  } as const;
  for (let attempt = 0; ; attempt++) {
    const result = code.shell
      ? await execa(fillPlaceholders(code.command, values, quoteForShell), { ...options, shell: true })
      : await runWords(execa, code.command, values, options);
    signal.throwIfAborted();
    if (!result.failed) break;
    if (attempt < code.retries) continue;
    const why = result.timedOut
      ? `took longer than ${code.timeoutSeconds} s`
      : result.exitCode === undefined
        ? (result.originalMessage ?? `ended by ${result.signal}`)
        : `exit code ${result.exitCode}`;
    throw new Error(
      [
        `command failed: ${why}`,
        ...String(result.all ?? '')
          .split('\n')
          .slice(-tailLines),
      ]
        .join('\n')
        .trimEnd(),
    );
  }
  return { counts: {}, found: depfile === undefined ? undefined : readDepfile(depfile, job, place) };
}

type Values = (name: string) => string | readonly string[] | undefined;

function placeholderValues(job: ActionJob, { dataRoot, params }: CommandPlace): Values {
  return (name) => {
    const [kind, key = ''] = name.split('.', 2);
    if (name === 'ep') return job.action.ep ?? '';
    if (kind === 'inputs') return (job.manifest.inputs[key] ?? []).map(({ path }) => join(dataRoot, path));
    if (kind === 'outputs' && key in job.action.outputs) return job.stagedPath(key);
    if (kind === 'params' && key in params)
      return typeof params[key] === 'string' ? params[key] : JSON.stringify(params[key]);
    return undefined;
  };
}

function fillPlaceholders(text: string, values: Values, quote: (value: string) => string): string {
  return text.replace(/\{([a-z]+(?:\.[A-Za-z0-9_.-]+)?)\}/g, (whole, name: string) => {
    const value = values(name);
    if (value === undefined) return whole;
    return typeof value === 'string' ? quote(value) : value.map(quote).join(' ');
  });
}

/** One word of a POSIX shell, whatever it holds. */
export function quoteForShell(value: string): string {
  return /^[A-Za-z0-9_/.,:=@%+-]+$/.test(value) ? value : `'${value.replaceAll("'", `'\\''`)}'`;
}

// Without a shell the command is split at spaces before the placeholders are filled in, so that a
// value is always one word.
async function runWords(
  execa: typeof import('execa').execa,
  command: string,
  values: Values,
  options: object,
): Promise<Awaited<ReturnType<typeof execa>>> {
  const [file = '', ...words] = command
    .split(/\s+/)
    .filter((word) => word !== '')
    .flatMap((word) => {
      const name = /^\{([a-z]+\.[A-Za-z0-9_.-]+)\}$/.exec(word)?.[1];
      const value = name === undefined ? undefined : values(name);
      return Array.isArray(value) ? (value as readonly string[]) : [fillPlaceholders(word, values, (text) => text)];
    });
  return execa(file, words, options);
}

// Make syntax: `target: file file \` over several lines, with `\ ` for a space in a name.
function readDepfile(path: string, job: ActionJob, { projectRoot, dataRoot }: CommandPlace): string[] {
  const absolute = isAbsolute(path) ? path : join(projectRoot, path);
  mkdirSync(dirname(absolute), { recursive: true });
  const text = readFileSync(absolute, 'utf8').replace(/\\\r?\n/g, ' ');
  const declared = new Set(
    Object.values(job.manifest.inputs)
      .flat()
      .map((input) => join(dataRoot, input.path)),
  );
  const names = text.split('\n').flatMap((line) => {
    const colon = line.search(/:(\s|$)/);
    return colon < 0 ? [] : (line.slice(colon + 1).match(/(?:\\.|[^\s\\])+/g) ?? []);
  });
  const files = names
    .map((name) => resolve(projectRoot, name.replace(/\\(.)/g, '$1')))
    .filter((file) => !declared.has(file));
  return [...new Set(files.map((file) => relative(dataRoot, file).split(sep).join('/')))].sort();
}
