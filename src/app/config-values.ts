// Checks values of EpisodeRunConfig without a project: for forms, bodies and other programs.
import type { Json } from '../base/canonical-json.js';
import { paramFields } from '../pipeline/schema.js';
import { resolveParams } from '../pipeline/settings.js';
import { defaultConfig, type EpisodeRunConfig } from '../stage/config.js';

/**
 * The given values over the defaults. Throws one ProblemError with every unknown name (and the nearest
 * known one) and every value out of its range.
 */
export function validateConfig(values: Readonly<Record<string, unknown>> = {}): EpisodeRunConfig {
  const shipped = {
    data: 'data',
    each: 'videos/{ep}/episode.*',
    params: defaultConfig() as Readonly<Record<string, Json>>,
    profiles: {},
    episodes: {},
    rules: [],
    groups: {},
    fields: paramFields(),
  };
  const resolved = resolveParams(
    { ...shipped, resources: {} },
    {
      explicit: values as Readonly<Record<string, Json>>,
    },
  );
  // Every field has its default, and what was given was checked against the same table.
  return resolved as unknown as EpisodeRunConfig;
}
