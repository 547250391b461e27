// The shape of pipeline.yaml, defined once: the reader checks files against it and editors get it
// as JSON Schema. What no schema can say (cycles, unknown names, paths) is in read.ts and below.
import { z } from 'zod';
import { bytesPattern } from '../base/bytes.js';
import { configFields, paramNames } from '../stage/config.js';
import type { StageCatalogue } from '../stage/stage.js';
import type { ParamField } from './pipeline.js';
import type { ValueSchema } from './value-schema.js';

/** Names of rules, roles, params, profiles and groups. `__proto__` would change objects it is a key of. */
const namePattern = /^(?!__proto__$)[A-Za-z_][A-Za-z0-9_.-]*$/;
const nameTitle = 'a name: letters, digits, "_", "-" and ".", with a letter or "_" first';
const name = z.string().regex(namePattern).meta({ title: nameTitle });
const names = z.array(name);
/** Episode ids may start with a digit; they are one part of a path. */
const episodeId = z
  .string()
  .regex(/^(?!\.|__proto__$)[^/\\\p{Cc}]+$/u)
  .meta({ title: 'an episode: the name of one file or folder' });
const scalar = z
  .union([z.string(), z.number(), z.boolean(), z.null()])
  .meta({ title: 'text, a number, true, false or null' });
const path = z.string().meta({ title: 'a path' });

const params = z
  .object(Object.fromEntries(paramNames.map((field) => [field, documented(field).optional()])))
  .catchall(scalar)
  .meta({ title: 'a map of params to values', propertyNames: { pattern: namePattern.source, title: nameTitle } });

const inputForm = z
  .union([
    path,
    z.strictObject({
      path: path.describe('the path, relative to the data root'),
      optional: z.boolean().optional().describe('the rule can do without the file; default false'),
    }),
  ])
  .meta({ title: 'a path or { path, optional }' });

/** Names of pools are parts of variable names; those that `sa` itself reads are not to be had. */
export const poolPattern = /^(?!(?:store|data_root|models|offline|resources)$)[a-z][a-z0-9_]*$/;
const poolName = z
  .string()
  .regex(poolPattern)
  .meta({ title: 'a name of a pool: small letters, digits and "_", with a letter first, and none of sa\'s own' });
const quantity = [z.number().min(0), z.string().regex(bytesPattern)] as const;
const amount = z.union(quantity).meta({ title: 'an amount: a number of at least 0, or bytes such as "16G"' });
const pool = z
  .union([...quantity, z.array(z.union([z.number().int().min(0), z.string().regex(/^[\w.:-]+$/)]))])
  .meta({ title: 'an amount such as 4 or "16G", or a list of ids such as [0, 1]' });

const rule = z
  .strictObject({
    stage: z
      .string()
      .optional()
      .describe('a built-in stage by name, or ./file.js, a module of your own beside pipeline.yaml'),
    run: z
      .string()
      .optional()
      .describe('a command line; {inputs.x}, {outputs.x}, {params.x} and {ep} are filled in, quoted'),
    inputs: z
      .record(name, inputForm)
      .optional()
      .describe('what the rule reads: a role and a path under the data root; {ep} is the episode'),
    outputs: z
      .record(name, path)
      .optional()
      .describe('what the rule makes: a role and a path; one that ends with / is a folder'),
    params: names.optional().describe('params whose values the rule reads'),
    models: z
      .array(z.enum(['detector', 'embedder']))
      .optional()
      .describe('params whose values name models that the rule opens'),
    resources: z
      .record(poolName, amount)
      .optional()
      .describe('what it takes of each pool while it runs, e.g. { cpu: 2, gpu: 1, memory: 4G }; cpu: 1 unless said'),
    code: z.array(path).optional().describe('files that the command is made of; a change of one makes the rule stale'),
    depfile: path.optional().describe('a file in make syntax that the command writes: inputs found while running'),
    env: z
      .array(
        z
          .string()
          .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
          .meta({ title: 'a variable name' }),
      )
      .optional()
      .describe('environment variables that the command sees; their values count for freshness'),
    timeout: z.number().positive().optional().describe('seconds after which an attempt is stopped and has failed'),
    retries: z
      .number()
      .int()
      .min(0)
      .max(100)
      .optional()
      .describe('how often a failed attempt is made again; default 0'),
    shell: z.boolean().optional().describe('false runs the words of the command without a shell; default true'),
  })
  .meta({ title: 'a rule: a map with "stage" or "run"' });

const pipelineFile = z.strictObject({
  sa: z.literal(1).describe("version of this file's language; 1"),
  data: path.optional().describe('the data root, relative to this file; default "data"'),
  each: z
    .strictObject({ ep: path.describe('path pattern; each value of {ep} for which a file matches is an episode') })
    .meta({ title: 'a map such as { ep: "videos/{ep}/episode.*" }' })
    .describe('what an episode is, e.g. { ep: "videos/{ep}/episode.*" }'),
  params: params.optional().describe('every param with its default; rules name those they read'),
  profiles: z.record(name, params).optional().describe('sets of values chosen with --profile'),
  episodes: z.record(episodeId, params).optional().describe('values for one episode'),
  rules: z.record(name, rule).describe('what is built and how'),
  groups: z.record(name, names).optional().describe('names for sets of rules'),
  resources: z
    .record(poolName, pool)
    .optional()
    .describe(
      'pools that running rules share, e.g. { cpu: 4, gpu: [0, 1], memory: 16G }; this machine may say otherwise with --resource or SA_RESOURCES',
    ),
});

let shape: ValueSchema | undefined;

/** What the reader checks a file against; made once. */
export function pipelineShape(): ValueSchema {
  return (shape ??= toSchema(pipelineFile));
}

/**
 * The JSON Schema (draft 2020-12) of pipeline.yaml, for editors. With a catalogue it knows the names
 * of the built-in stages.
 */
export function pipelineJsonSchema(catalogue?: StageCatalogue): Readonly<Record<string, unknown>> {
  const schema = structuredClone(pipelineShape()) as {
    properties: { rules: { additionalProperties: { properties: { stage: object } } } };
  };
  if (catalogue) {
    const { properties } = schema.properties.rules.additionalProperties;
    properties.stage = { ...properties.stage, anyOf: [{ enum: Object.keys(catalogue) }, { pattern: '^\\./' }] };
  }
  return { title: 'pipeline.yaml of sa', ...schema };
}

/** What is known of each built-in param, as data that a cached pipeline keeps. */
export function paramFields(): Readonly<Record<string, ParamField>> {
  const { properties = {} } = pipelineShape().properties!['params']!;
  return Object.fromEntries(
    paramNames.map((field) => [field, { schema: properties[field]!, how: configFields[field].role === 'how' }]),
  );
}

function documented(field: (typeof paramNames)[number]): z.ZodType {
  const { schema, default: value } = configFields[field];
  return schema.meta({ ...schema.meta(), default: value });
}

function toSchema(definition: z.ZodType): ValueSchema {
  const schema = z.toJSONSchema(definition, {
    override({ jsonSchema }) {
      // zod's whole numbers are safe integers; saying so would only clutter messages and editors
      if (jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
      if (jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
    },
  });
  // zod's type allows all of JSON Schema; the definitions above use only what ValueSchema knows.
  return schema as unknown as ValueSchema;
}
