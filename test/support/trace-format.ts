// What Chrome's trace event format asks of a file for Perfetto or chrome://tracing, in its JSON object form
// with complete and metadata events. Perfetto drops slices of one row that overlap without nesting:
// https://perfetto.dev/docs/faq, "Why are overlapping events in JSON traces not displayed correctly?"

/** Each way in which `text` is no such file, in words; none for a good one. */
export function faultsOfTrace(text: string): string[] {
  const document = JSON.parse(text) as Readonly<Record<string, unknown>>;
  const faults: string[] = [];
  if (!['ms', 'ns'].includes(document['displayTimeUnit'] as string)) faults.push('displayTimeUnit is not ms or ns');
  if (!Array.isArray(document['traceEvents'])) return [...faults, 'traceEvents is no list'];
  const events = document['traceEvents'] as readonly Readonly<Record<string, unknown>>[];
  for (const event of events) faults.push(...faultsOfEvent(event));
  if (faults.length > 0) return faults;
  const slices = events.filter(({ ph }) => ph === 'X') as unknown as readonly Slice[];
  const rows = new Set(events.filter(({ name }) => name === 'thread_name').map(({ tid }) => tid));
  for (const one of slices) {
    if (!rows.has(one.tid)) faults.push(`row ${one.tid} of ${one.name} has no name`);
    for (const other of slices)
      if (one !== other && one.tid === other.tid && cross(one, other))
        faults.push(`${one.name} and ${other.name} overlap in row ${one.tid}`);
  }
  return faults;
}

interface Slice {
  readonly name: string;
  readonly ts: number;
  readonly dur: number;
  readonly tid: number;
}

function faultsOfEvent(event: Readonly<Record<string, unknown>>): string[] {
  const { name, ph, pid, tid, ts, dur, cat, args } = event;
  const said = JSON.stringify(event);
  const faults: string[] = [];
  if (typeof name !== 'string' || name === '') faults.push(`no name: ${said}`);
  if (!Number.isInteger(pid) || !Number.isInteger(tid)) faults.push(`pid or tid is no whole number: ${said}`);
  if (typeof args !== 'object' || args === null || Array.isArray(args)) faults.push(`args is no object: ${said}`);
  if (ph === 'M') {
    const known = ['process_name', 'thread_name'].includes(name as string);
    const label = (args as Readonly<Record<string, unknown>> | undefined)?.['name'];
    if (!known || typeof label !== 'string') faults.push(`metadata that names nothing: ${said}`);
  } else if (ph === 'X') {
    if (typeof cat !== 'string') faults.push(`no category: ${said}`);
    const isTime = (value: unknown): boolean => typeof value === 'number' && Number.isFinite(value) && value >= 0;
    if (!isTime(ts) || !isTime(dur)) faults.push(`ts or dur is no time in microseconds: ${said}`);
  } else faults.push(`a phase that sa does not write: ${said}`);
  return faults;
}

/** The one begins first and ends inside the other. */
function cross(one: Slice, other: Slice): boolean {
  const [oneEnd, otherEnd] = [one.ts + one.dur, other.ts + other.dur];
  return one.ts < other.ts && other.ts < oneEnd && oneEnd < otherEnd;
}
