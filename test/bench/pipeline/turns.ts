// Takes turns and takes medians: what is compared runs one after the other within one run, so that
// whatever else the machine does falls on all alike. It measures nothing itself.

/** What one run took, by name and unit: `wallS`, `cpuS`, `treeMiB`. */
export type Figures = Readonly<Record<string, number>>;

/** How many times each is run: SA_BENCH_ROUNDS, else five. */
export const usualRounds = Number(process.env['SA_BENCH_ROUNDS'] ?? 5);

type Works = Readonly<Record<string, () => Figures | Promise<Figures>>>;

/** Runs each in its turn, `rounds` times over, and gives the median of each figure of each. */
export async function inTurns<W extends Works>(
  works: W,
  rounds = usualRounds,
): Promise<{ readonly [Name in keyof W]: Awaited<ReturnType<W[Name]>> }> {
  const taken = new Map<string, Figures[]>(Object.keys(works).map((name) => [name, []]));
  for (let round = 0; round < rounds; round++)
    for (const [name, work] of Object.entries(works)) taken.get(name)!.push(await work());
  const all = [...taken].map(([name, figures]) => [name, medians(figures)] as const);
  // Each name has the figures of its own work by construction.
  return Object.fromEntries(all) as { readonly [Name in keyof W]: Awaited<ReturnType<W[Name]>> };
}

function medians(all: readonly Figures[]): Figures {
  return Object.fromEntries(Object.keys(all[0]!).map((name) => [name, median(all.map((figures) => figures[name]!))]));
}

/** The middle value; the upper one of two. */
export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1]!;
}

/** Seconds that `work` takes in this process: by the clock, and of processor over all its threads. */
export async function timed(work: () => unknown): Promise<{ readonly wallS: number; readonly cpuS: number }> {
  const before = process.cpuUsage();
  const start = performance.now();
  await work();
  const wallS = (performance.now() - start) / 1000;
  const { user, system } = process.cpuUsage(before);
  return { wallS, cpuS: (user + system) / 1e6 };
}
