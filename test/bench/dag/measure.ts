// npm run bench:dag: builds with nothing to do, with one leaf changed, and dry runs, of sa and its peers
// on the same generated graphs, side by side in one run. SA_BENCH_SIZES=1000,10000,100000 and
// SA_BENCH_TOOLS=sa,ninja,make,snakemake choose; what is not installed is left out and said so.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { dependencyGraph, writeProject, type DependencyGraph, type Shape, type Tool } from './graphs.js';

const sa = join(import.meta.dirname, '../../../dist/src/cli/main.js');
const runs = 5;

type Question = 'null' | 'leaf' | 'dry';

const commands: Readonly<Record<Tool, Readonly<Record<'full' | Question, readonly string[]>>>> = {
  sa: {
    full: [process.execPath, sa, 'build', '-q'],
    null: [process.execPath, sa, 'build', '-q'],
    leaf: [process.execPath, sa, 'build', '-q'],
    dry: [process.execPath, sa, 'plan', '-q'],
  },
  ninja: { full: ['ninja'], null: ['ninja'], leaf: ['ninja'], dry: ['ninja', '-n'] },
  make: { full: ['make', '-j2'], null: ['make', '-j2'], leaf: ['make', '-j2'], dry: ['make', '-n'] },
  snakemake: {
    full: ['snakemake', '-q', '-c2', '--nolock'],
    null: ['snakemake', '-q', '-c2', '--nolock'],
    leaf: ['snakemake', '-q', '-c2', '--nolock'],
    dry: ['snakemake', '-q', '-n', '--nolock'],
  },
};

/** Where a peer cannot follow: a chain deeper than its stack, or hours of building to have something to compare. */
const countMax: Readonly<Record<Tool, Readonly<Record<Shape, number>>>> = {
  sa: { chain: Infinity, fan: Infinity, grid: Infinity },
  ninja: { chain: 20_000, fan: Infinity, grid: Infinity },
  make: { chain: 20_000, fan: Infinity, grid: Infinity },
  snakemake: { chain: 500, fan: 1000, grid: 1000 },
};

interface Cost {
  readonly wall: number;
  readonly cpu: number;
  readonly mebibytes: number;
}

/** What Node itself takes, to be counted off the memory that an action needs. */
const idleMebibytes = idleMemory();

const sizes = (process.env['SA_BENCH_SIZES'] ?? '1000,10000').split(',').map(Number);
const shapes = (process.env['SA_BENCH_SHAPES'] ?? 'chain,fan,grid').split(',') as Shape[];
const wanted = (process.env['SA_BENCH_TOOLS'] ?? 'sa,ninja,make,snakemake').split(',') as Tool[];
const tools = wanted.filter((tool) => tool === 'sa' || spawnSync(tool, ['--version']).error === undefined);
for (const tool of wanted)
  if (!tools.includes(tool))
    console.log(`${tool} is not installed: apt-get install ${tool === 'ninja' ? 'ninja-build' : tool}`);

console.log(
  `${cpus()[0]?.model ?? 'unknown processor'}, ${cpus().length} cores, Node ${process.version}; medians of ${runs}`,
);
console.log('shape     count tool       what   wall s   cpu s     MiB  KiB/action  wall / ninja');
for (const count of sizes) for (const shape of shapes) measureShape(shape, count);

function measureShape(shape: Shape, count: number): void {
  const graph = dependencyGraph(shape, count);
  const ready: { tool: Tool; folder: string }[] = [];
  try {
    for (const tool of tools) {
      if (count > countMax[tool][shape]) continue;
      const folder = mkdtempSync(join(tmpdir(), `sa-bench-${tool}-`));
      ready.push({ tool, folder });
      writeProject(folder, tool, graph);
      tell({ shape, count, tool, what: 'full', cost: run(tool, 'full', folder) });
      // sa's memory of files is sure of them once they are a moment old; the others look at times alone.
      run(tool, 'null', folder);
      run(tool, 'null', folder);
    }
    for (const what of ['null', 'leaf', 'dry'] as const) {
      const costs = new Map<Tool, Cost[]>();
      // Turn by turn, so that what else the machine does meets all of them alike.
      for (let turn = 0; turn < runs; turn++) {
        for (const { tool, folder } of ready) {
          if (what === 'leaf') changeLeaf(tool, folder, graph, turn);
          costs.set(tool, [...(costs.get(tool) ?? []), run(tool, what, folder)]);
          if (what === 'leaf') run(tool, 'null', folder);
        }
      }
      const peer = costs.get('ninja') && medianOf(costs.get('ninja')!);
      for (const { tool } of ready) tell({ shape, count, tool, what, cost: medianOf(costs.get(tool)!), peer });
    }
  } finally {
    for (const { folder } of ready) rmSync(folder, { recursive: true, force: true });
  }
}

function changeLeaf(tool: Tool, folder: string, { leaf, shape }: DependencyGraph, turn: number): void {
  writeFileSync(join(folder, tool === 'sa' ? 'data' : '', leaf), `${shape} ${turn} ${process.pid}\n`);
}

function run(tool: Tool, what: 'full' | Question, folder: string): Cost {
  const [command = '', ...args] = commands[tool][what];
  const figures = join(folder, '.time');
  // GNU time counts the processes that a build starts too.
  const started = performance.now();
  const ended = spawnSync('/usr/bin/time', ['-f', '%U %S %M', '-o', figures, command, ...args], {
    cwd: folder,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const wall = (performance.now() - started) / 1000;
  if (ended.status !== 0)
    throw new Error(`${tool} ${what} ended with ${ended.status}: ${ended.stderr.toString().slice(-500)}`);
  const [user = 0, system = 0, kibibytes = 0] = readFileSync(figures, 'utf8')
    .trim()
    .split('\n')
    .at(-1)!
    .split(' ')
    .map(Number);
  return { wall, cpu: user + system, mebibytes: kibibytes / 1024 };
}

function idleMemory(): number {
  const folder = mkdtempSync(join(tmpdir(), 'sa-bench-idle-'));
  try {
    const figures = join(folder, 'time');
    const ended = spawnSync('/usr/bin/time', ['-f', '%M', '-o', figures, process.execPath, '-e', '0']);
    if (ended.error !== undefined)
      throw new Error('GNU time is not installed: apt-get install time', { cause: ended.error });
    return Number(readFileSync(figures, 'utf8')) / 1024;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function tell({
  shape,
  count,
  tool,
  what,
  cost,
  peer,
}: {
  shape: Shape;
  count: number;
  tool: Tool;
  what: string;
  cost: Cost;
  peer?: Cost | undefined;
}): void {
  const each = tool === 'sa' ? (((cost.mebibytes - idleMebibytes) * 1024) / count).toFixed(2) : '';
  const ratio = peer === undefined ? '' : (cost.wall / peer.wall).toFixed(2);
  console.log(
    `${shape.padEnd(6)} ${String(count).padStart(8)} ${tool.padEnd(10)} ${what.padEnd(5)} ${cost.wall.toFixed(3).padStart(8)} ${cost.cpu.toFixed(2).padStart(7)} ${cost.mebibytes.toFixed(0).padStart(7)} ${each.padStart(11)} ${ratio.padStart(13)}`,
  );
}

function medianOf(costs: readonly Cost[]): Cost {
  const middle = (of: (cost: Cost) => number): number => costs.map(of).sort((a, b) => a - b)[costs.length >> 1]!;
  return {
    wall: middle(({ wall }) => wall),
    cpu: middle(({ cpu }) => cpu),
    mebibytes: middle(({ mebibytes }) => mebibytes),
  };
}
