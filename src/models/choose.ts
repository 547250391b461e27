// Decides what a choice (`auto`, `arcface`) stands for in this project, once: the first model of the
// registry's order that is installed or can be fetched. The answer goes to models/models.lock.
import { problem, ProblemError } from '../base/problem.js';
import { ensureInstalled, isInstalled, tellLicence, type InstallOptions } from './install.js';
import { readModelsLock, writePin } from './lock.js';
import type { ModelEntry, ModelRole, Registry } from './registry.js';

/**
 * The model that `value` names, chosen and installed now if it is a choice that models.lock has no
 * pin for. Throws ProblemError when no model of the choice can be had, saying why of each.
 */
export async function pinAuto(
  registry: Registry,
  role: ModelRole,
  value: string,
  options: InstallOptions = {},
): Promise<ModelEntry> {
  registry.lock = readModelsLock(registry.projectRoot);
  const known = registry.resolve(role, value);
  if (known !== undefined) return known;
  const reasons: string[] = [];
  for (const name of registry.choices[role][value] ?? []) {
    const entry = registry.resolve(role, name);
    if (entry === undefined) continue;
    try {
      if (isInstalled(registry, entry)) tellLicence(entry, options);
      else await ensureInstalled(registry, entry, options);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      reasons.push(
        ...error.problems.flatMap(({ message, hint }) => [
          message,
          ...(hint?.split('\n    ') ?? []).map((line) => `  ${line}`),
        ]),
      );
      continue;
    }
    registry.lock = writePin(registry.projectRoot, role, value, entry.name);
    return entry;
  }
  throw problem(
    'no-model',
    `none of the models that ${role} "${value}" may stand for can be had here`,
    reasons.join('\n    '),
  );
}
