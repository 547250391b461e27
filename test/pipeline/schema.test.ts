import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Json } from '../../src/base/canonical-json.js';
import { paramFields, pipelineJsonSchema } from '../../src/pipeline/schema.js';
import { fits } from '../../src/pipeline/value-schema.js';
import { configFields, paramNames } from '../../src/stage/config.js';
import { catalogue } from './pipelines.js';

test('the JSON Schema tells an editor keys, ranges, defaults and meanings', () => {
  const schema = pipelineJsonSchema(catalogue) as {
    $schema: string;
    additionalProperties: boolean;
    required: string[];
    properties: Record<
      string,
      { properties: Record<string, unknown>; additionalProperties: { properties: Record<string, unknown> } }
    >;
  };
  expect(schema.$schema).toBe('https://json-schema.org/draft/2020-12/schema');
  expect(schema.additionalProperties).toBe(false);
  expect(schema.required).toEqual(['sa', 'each', 'rules']);
  expect(schema.properties['params']!.properties['det_thresh']).toEqual({
    type: 'number',
    minimum: 0,
    maximum: 1,
    default: 0.65,
    description: 'score from which a detection can start or carry a track',
  });
  expect(Object.keys(schema.properties['params']!.properties)).toEqual(paramNames);
  expect(schema.properties['rules']!.additionalProperties.properties['stage']).toEqual({
    type: 'string',
    description: 'a built-in stage by name, or ./file.js, a module of your own beside pipeline.yaml',
    anyOf: [{ enum: ['find', 'sum'] }, { pattern: '^\\./' }],
  });
});

test('a value fits the schema exactly when it fits the definition that the schema was made from', () => {
  const fields = paramFields();
  const numbers = fc.oneof(
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer({ min: -70, max: 5000 }),
    fc.constantFrom(0, 0.99, 0.999, 1, 32, 64, 96),
  );
  const value = fc.oneof(
    numbers,
    fc.constantFrom('auto', 'cpu', 'off', 'adaptive', 'bytetrack', ''),
    fc.string(),
    fc.boolean(),
    fc.constant(null),
    fc.array(numbers, { maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.constantFrom(...paramNames), value, (name, given) => {
      expect(fits(fields[name]!.schema, given as Json)).toBe(configFields[name].schema.safeParse(given).success);
    }),
    { numRuns: 2000 },
  );
});
