// One dependency graph as input for several build tools: the same targets, edges and commands, so that
// builds with nothing to do and with one change can be compared.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export type Shape = 'chain' | 'fan' | 'grid';
export type Tool = 'sa' | 'ninja' | 'make' | 'snakemake';

interface Target {
  readonly output: string;
  readonly inputs: readonly string[];
  /** Its inputs are too many for a command line: it only writes their count. */
  readonly counts: boolean;
}

export interface DependencyGraph {
  readonly shape: Shape;
  readonly targets: readonly Target[];
  readonly sources: readonly string[];
  /** A source that one target reads, which nothing or one other target needs. */
  readonly leaf: string;
}

/**
 * `count` targets. chain: each reads the one before; fan: all but one have a source of their own, and
 * the last reads them all; grid: a square in which each reads two of the row above.
 */
export function dependencyGraph(shape: Shape, count: number): DependencyGraph {
  const output = (index: number): string => `o/${Math.floor(index / 1000)}/t${index}`;
  const target = (index: number, inputs: readonly string[]): Target => ({
    output: output(index),
    inputs,
    counts: false,
  });
  switch (shape) {
    case 'chain': {
      const targets = Array.from({ length: count }, (_, index) =>
        target(index, [index === 0 ? 's/head' : output(index - 1), ...(index === count - 1 ? ['s/tail'] : [])]),
      );
      return { shape, targets, sources: ['s/head', 's/tail'], leaf: 's/tail' };
    }
    case 'fan': {
      const sources = Array.from({ length: count - 1 }, (_, index) => `s/${index}`);
      const targets = sources.map((source, index) => target(index, [source]));
      const last = { output: output(count - 1), inputs: targets.map((one) => one.output), counts: true };
      return { shape, targets: [...targets, last], sources, leaf: 's/0' };
    }
    case 'grid': {
      const width = Math.max(2, Math.round(Math.sqrt(count)));
      const height = Math.max(2, Math.floor(count / width));
      const sources: string[] = [];
      const targets: Target[] = [];
      for (let row = 0; row < height; row++) {
        for (let column = 0; column < width; column++) {
          const above = row === 0 ? [] : [column, (column + 1) % width].map((at) => output((row - 1) * width + at));
          const own = row === 0 || row === height - 1 ? [`s/${row}_${column}`] : [];
          sources.push(...own);
          targets.push(target(row * width + column, [...above, ...own]));
        }
      }
      return { shape, targets, sources, leaf: sources.at(-1)! };
    }
  }
}

/** Writes sources, output folders and the tool's own file below `folder`. */
export function writeProject(folder: string, tool: Tool, graph: DependencyGraph): void {
  const data = tool === 'sa' ? join(folder, 'data') : folder;
  mkdirSync(join(data, 's'), { recursive: true });
  for (const source of graph.sources) writeFileSync(join(data, source), `${source}\n`);
  // sa makes its folders itself; the others would need a command more.
  if (tool !== 'sa') for (const { output } of graph.targets) mkdirSync(join(data, output, '..'), { recursive: true });
  const [name, text] = describe[tool](graph);
  writeFileSync(join(folder, name), text);
}

const describe: Readonly<Record<Tool, (graph: DependencyGraph) => readonly [string, string]>> = {
  sa: ({ targets }) => ['pipeline.yaml', pipelineOf(targets)],
  ninja: ({ targets }) => [
    'build.ninja',
    `rule c\n  command = $cmd\n${targets.map((target) => `build ${target.output}: c ${target.inputs.join(' ')}\n  cmd = ${commandOf(target)}\n`).join('')}build all: phony ${finals(targets)}\ndefault all\n`,
  ],
  make: ({ targets }) => [
    'Makefile',
    `MAKEFLAGS += -rR\n.SUFFIXES:\n.PHONY: all\nall: ${finals(targets)}\n${targets.map((target) => `${target.output}: ${target.inputs.join(' ')}\n\t@${commandOf(target)}\n`).join('')}`,
  ],
  snakemake: ({ targets }) => [
    'Snakefile',
    `rule all:\n    input: ${finals(targets).split(' ').map(quoted).join(', ')}\n${targets
      .map(
        (target, index) =>
          `rule t${index}:\n    input: ${target.inputs.map(quoted).join(', ')}\n    output: ${quoted(target.output)}\n    shell: ${quoted(commandOf(target))}\n`,
      )
      .join('')}`,
  ],
};

function commandOf({ inputs, output, counts }: Target): string {
  return counts ? `echo ${inputs.length} > ${output}` : `cksum ${inputs.join(' ')} > ${output}`;
}

// What a program that writes pipelines would write: rules in block style, the rest in flow style.
function pipelineOf(targets: readonly Target[]): string {
  const rules = targets.map((target, index) => {
    const roles = target.inputs.map((_, place) => `i${place}`);
    const command = target.counts
      ? `echo ${roles.length} > {outputs.o}`
      : `cksum ${roles.map((role) => `{inputs.${role}}`).join(' ')} > {outputs.o}`;
    const inputs = target.inputs.map((path, place) => `${roles[place]!}: ${path}`).join(', ');
    return `  t${index}:\n    run: ${quoted(command)}\n    inputs: { ${inputs} }\n    outputs: { o: ${target.output} }\n`;
  });
  return `sa: 1\neach: { ep: "videos/{ep}/episode.*" }\nrules:\n${rules.join('')}`;
}

function finals(targets: readonly Target[]): string {
  const read = new Set(targets.flatMap(({ inputs }) => inputs));
  return targets.flatMap(({ output }) => (read.has(output) ? [] : [output])).join(' ');
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
