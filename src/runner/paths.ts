// The absolute paths that a stage is handed for its roles.
import { join } from 'node:path';
import { hasWildcard } from '../disk/glob.js';
import type { ActionJob } from '../engine/job.js';
import type { Manifest } from '../engine/manifest.js';
import type { Action } from '../graph/graph.js';
import type { StageInputs, StageOutputs } from '../stage/stage.js';

/** What the paths of an action's inputs follow from; an ActionJob is one. */
export interface InputJob {
  readonly action: {
    readonly id: string;
    readonly ep: string | undefined;
    readonly rule: { readonly name: string; readonly inputs: Readonly<Record<string, unknown>> };
  };
  readonly manifest: Pick<Manifest, 'inputs'>;
}

/** Inputs of an action by role. The manifest says which optional files were there when it was judged. */
export function stageInputs(job: InputJob, dataRoot: string): StageInputs {
  const { action, manifest } = job;
  const present = (role: string): readonly { path: string; ep?: string | undefined }[] => {
    const files = manifest.inputs[role];
    if (files === undefined) throw new Error(`rule ${action.rule.name} has no input ${role}`);
    return files;
  };
  const only = (role: string): string | undefined => {
    const files = present(role);
    if (files.length > 1) throw new Error(`input ${role} of ${action.id} is ${files.length} files, not one`);
    return files[0] && join(dataRoot, files[0].path);
  };
  return {
    path(role) {
      const path = only(role);
      if (path === undefined) throw new Error(`input ${role} of ${action.id} is not there`);
      return path;
    },
    optional: (role) => (role in action.rule.inputs ? only(role) : undefined),
    gathered: (role) =>
      present(role).map(({ path, ep }) => ({ ep: ep ?? action.ep ?? '', path: join(dataRoot, path) })),
  };
}

/** Outputs of an action by role: staged, not yet in their places. */
export function stageOutputs(job: ActionJob): StageOutputs {
  const { action } = job;
  const declared = (role: string): string => {
    const path = action.outputs[role];
    if (path === undefined) throw new Error(`rule ${action.rule.name} has no output ${role}`);
    return path;
  };
  return {
    path: (role) => {
      declared(role);
      return job.stagedPath(role);
    },
    relative: declared,
    has: (role) => role in action.outputs,
  };
}

/** User inputs that two files match although one is meant, e.g. episode.mp4 beside episode.mkv. */
export function ambiguousInputs(action: Action): { role: string; paths: readonly string[] }[] {
  return Object.entries(action.rule.inputs)
    .filter(([, { pattern, gathers }]) => hasWildcard(pattern) && !gathers)
    .map(([role]) => ({ role, paths: action.inputs.filter((input) => input.role === role).map(({ path }) => path) }))
    .filter(({ paths }) => paths.length > 1);
}
