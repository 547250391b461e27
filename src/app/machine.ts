// The pools that running actions share on this machine: what it has, what pipeline.yaml declares
// instead, and what the environment and the command line say over both. It changes no result.
import { problem } from '../base/problem.js';
import type { Pools } from '../pipeline/pipeline.js';
import { parsePools, poolOf } from '../pipeline/pools.js';
import { usableMemory, usableProcessors } from './processors.js';

/** What a call says of this machine. */
export interface MachineChoice {
  /** Actions at a time: the pool `cpu`. Else as many as `resources`, SA_RESOURCES, pipeline.yaml or the machine say. */
  readonly jobs?: number | undefined;
  /** Texts such as `gpu=0,1` and `memory=16G`. */
  readonly resources?: readonly string[] | undefined;
}

/** The pools of a build. Throws ProblemError for words that name none. */
export function machinePoolsFor(
  declared: Pools,
  { jobs, resources = [] }: MachineChoice,
  env: Readonly<NodeJS.ProcessEnv>,
): Pools {
  const own: Pools = {
    cpu: { amount: usableProcessors() },
    gpu: poolOf('gpu', 1),
    memory: { amount: usableMemory() },
    ...declared,
  };
  const variable = (env['SA_RESOURCES'] ?? '').split(';').filter((text) => text.trim() !== '');
  const fromVariable = { ...own, ...parsePools(variable, own, 'SA_RESOURCES') };
  const pools = { ...fromVariable, ...parsePools(resources, fromVariable, '--resource') };
  const cpu = jobs ?? pools.cpu!.amount;
  if (!(cpu >= 1) || (jobs !== undefined && !Number.isInteger(jobs)))
    throw problem('usage', `${cpu} actions at a time would build nothing`, 'write a whole number of at least 1: -j 4');
  return jobs === undefined ? pools : { ...pools, cpu: { amount: jobs } };
}
