// sa cache stats|gc|verify.
import { verifyCache } from '../../app/cache-verify.js';
import { cacheStats, collectCache, type CacheStats, type CollectJson } from '../../app/cache.js';
import { describeBytes, parseBytes } from '../../base/bytes.js';
import { problem } from '../../base/problem.js';
import { asDiskProblem } from '../../disk/disk-problem.js';
import { printJson, table, type Io } from '../io.js';
import { openFromFlags, text, type Flags } from '../options.js';

/** Exit code 0, or 1 when something in the store was damaged and could not be repaired. */
export async function cache(io: Io, flags: Flags): Promise<number> {
  const action = text(flags['action']) ?? '';
  const workspace = await openFromFlags(io, flags);
  const json = flags['json'] === true;
  const print = (document: unknown, lines: readonly string[]): void => {
    if (json) printJson(io, document);
    else for (const line of lines) io.out.write(`${line}\n`);
  };
  switch (action) {
    case 'stats': {
      const stats = cacheStats(workspace);
      print(stats, statsLines(stats));
      return 0;
    }
    case 'gc': {
      const limits = {
        maxBytes: bytesOf(text(flags['max-bytes'])),
        maxAgeMs: parseAge(text(flags['max-age'])),
      };
      try {
        const collected = await collectCache(workspace, limits, {
          dryRun: flags['dry-run'] === true,
          signal: io.signal,
          onWait: (holder) =>
            io.err.write(
              `a build of this project is running${holder === '' ? '' : ` (process ${holder})`}; waiting for it\n`,
            ),
        });
        print(collected, collectLines(collected));
        return 0;
      } catch (error) {
        throw asDiskProblem(error);
      }
    }
    case 'verify': {
      const verified = await verifyCache(workspace, io.signal);
      print(verified, [
        ...verified.damaged.map(
          ({ kind, name, bytes, repaired }) =>
            `damaged ${kind} ${name} (${describeBytes(bytes)}), set aside${repaired ? '; kept anew from its artifact' : ''}`,
        ),
        ...verified.rebuilt.map((id) => `cannot be restored: ${id}; it runs again when it is next wanted`),
        `${count(verified.blobs, 'blob')} and ${count(verified.traces, 'trace')} read, ${verified.damaged.length} damaged`,
      ]);
      return verified.ok ? 0 : 1;
    }
    default:
      throw problem('usage', `sa cache knows no ${JSON.stringify(action)}`, 'there are: stats, gc, verify');
  }
}

function statsLines({
  store,
  bytes,
  blobs,
  traces,
  locked,
  unnamed,
  set_aside: aside,
  by_rule: rules,
  ...rest
}: CacheStats): string[] {
  return [
    store,
    `${describeBytes(bytes)}: ${count(blobs, 'blob')}, ${count(traces, 'trace')}`,
    `named by lockfiles: ${describeBytes(locked.bytes)} in ${count(locked.blobs, 'blob')}, ${count(locked.traces, 'trace')}${locked.missing === 0 ? '' : `; ${locked.missing} could not be restored`}`,
    ...(unnamed.blobs === 0
      ? []
      : [`named by no trace: ${describeBytes(unnamed.bytes)} in ${count(unnamed.blobs, 'blob')}`]),
    ...(rest.damaged_traces === 0 ? [] : [`damaged: ${count(rest.damaged_traces, 'trace')}; see: sa cache verify`]),
    ...(aside.files === 0
      ? []
      : [`set aside as damaged: ${describeBytes(aside.bytes)} in ${count(aside.files, 'file')}`]),
    ...table(
      Object.entries(rules).map(([rule, { traces: of, bytes: size }]) => [
        `  ${rule}`,
        count(of, 'trace'),
        describeBytes(size),
      ]),
      [1, 2],
    ),
  ];
}

function collectLines({
  dry_run: dryRun,
  removed,
  freed_bytes: freed,
  kept_bytes: kept,
  over_by_bytes: over,
}: CollectJson): string[] {
  return [
    ...removed.map(
      ({ kind, name, action, bytes, reason }) =>
        `${dryRun ? 'would remove' : 'removed'} ${kind} ${name.slice(0, 12)}${action === null ? '' : ` of ${action}`} (${describeBytes(bytes)}): ${reason}`,
    ),
    `${describeBytes(freed)} ${dryRun ? 'would be freed' : 'freed'}, ${describeBytes(kept)} ${dryRun ? 'would be ' : ''}kept`,
    ...(over === 0 ? [] : [`still ${describeBytes(over)} too much: what is left is named by lockfiles, or in use`]),
  ];
}

const hourMs = 60 * 60 * 1000;
const unitsOfAge: Readonly<Record<string, number>> = { m: hourMs / 60, h: hourMs, d: 24 * hourMs, w: 7 * 24 * hourMs };

function bytesOf(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const bytes = parseBytes(given);
  if (bytes === undefined)
    throw problem('usage', `${JSON.stringify(given)} is no number of bytes`, 'write e.g. --max-bytes 20G or 500M');
  return bytes;
}

function parseAge(given: string | undefined): number | undefined {
  if (given === undefined) return undefined;
  const [, amount, unit = ''] = /^(\d+(?:\.\d+)?)\s*([mhdw])$/.exec(given) ?? [];
  if (amount === undefined)
    throw problem('usage', `${JSON.stringify(given)} is no age`, 'write e.g. --max-age 30d, 12h or 4w');
  return Number(amount) * unitsOfAge[unit]!;
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
