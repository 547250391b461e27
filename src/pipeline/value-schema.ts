// The part of JSON Schema that pipeline.yaml and its params are described with: is a value right,
// and if not, what would be, in words. Pure and free of zod, so that a cached pipeline needs no zod.
import { closest, didYouMean } from '../base/closest.js';
import type { Json } from '../base/canonical-json.js';
import { quote } from '../base/quote.js';

type JsonType = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'object' | 'array';

/** What `schema.ts` makes of the zod definitions; every word is JSON Schema's own. */
export interface ValueSchema {
  readonly type?: JsonType | readonly JsonType[];
  /** The noun for messages, where the type alone would say too little. */
  readonly title?: string;
  readonly description?: string;
  readonly default?: Json;
  readonly const?: Json;
  readonly enum?: readonly Json[];
  readonly anyOf?: readonly ValueSchema[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly multipleOf?: number;
  readonly minLength?: number;
  readonly pattern?: string;
  readonly items?: ValueSchema;
  readonly maxItems?: number;
  readonly properties?: Readonly<Record<string, ValueSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | ValueSchema;
  readonly propertyNames?: ValueSchema;
}

type Path = readonly (string | number)[];

/** What is wrong, in the words of a problem. */
interface Fault {
  readonly code: 'wrong-type' | 'out-of-range' | 'bad-value' | 'unknown-key' | 'missing-key' | 'bad-name';
  readonly message: string;
  readonly hint?: string | undefined;
}

/** Called for each fault; `at` says whether the key or the value at `path` is wrong. */
type ReportFault = (path: Path, at: 'key' | 'value', make: () => Fault) => void;

/** Reports every way in which `value` does not fit; values inside lists and maps one by one. */
export function checkValue(schema: ValueSchema, value: Json, report: ReportFault, path: Path = []): void {
  if (schema.anyOf) checkAnyOf(schema, schema.anyOf, value, report, path);
  else if (!fitsAlone(schema, value)) report(path, 'value', () => misfit(schema, value, path));
  else if (Array.isArray(value)) {
    value.forEach((item: Json, index) => checkValue(schema.items ?? {}, item, report, [...path, index]));
  } else if (value !== null && typeof value === 'object') {
    checkMap(schema, value as Readonly<Record<string, Json>>, report, path);
  }
}

/** Whether `value` fits in every part. */
export function fits(schema: ValueSchema, value: Json): boolean {
  let right = true;
  checkValue(schema, value, () => (right = false));
  return right;
}

/** `a number from 0 to 1`, `"auto" or "cpu"`, `a list of at most 4, each a whole number ...`. */
export function describeSchema(schema: ValueSchema): string {
  if (schema.title !== undefined) return schema.title;
  if (schema.anyOf) return inWords(schema.anyOf.map(describeSchema));
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum) return inWords(schema.enum.map((one) => JSON.stringify(one)));
  return inWords(typesOf(schema).map((type) => describeType(type, schema)));
}

function describeType(type: JsonType, schema: ValueSchema): string {
  switch (type) {
    case 'number':
    case 'integer':
      return describeNumber(type, schema);
    case 'string':
      return schema.minLength === undefined ? 'text' : 'text that is not empty';
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'array':
      return describeList(schema);
    case 'object':
      return 'a map';
  }
}

function describeNumber(
  type: 'number' | 'integer',
  { minimum, maximum, exclusiveMinimum, multipleOf }: ValueSchema,
): string {
  const noun = type === 'integer' ? 'a whole number' : 'a number';
  const step = multipleOf === undefined ? '' : `, a multiple of ${multipleOf}`;
  if (exclusiveMinimum !== undefined) return `${noun} above ${exclusiveMinimum}${step}`;
  if (minimum !== undefined && maximum !== undefined) return `${noun} from ${minimum} to ${maximum}${step}`;
  if (minimum !== undefined) return `${noun} of at least ${minimum}${step}`;
  return noun + step;
}

function describeList({ items, maxItems }: ValueSchema): string {
  const most = maxItems === undefined ? '' : ` of at most ${maxItems}`;
  return items === undefined ? `a list${most}` : `a list${most}, each ${describeSchema(items)}`;
}

function inWords(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} or ${words.at(-1)!}`;
}

/** Whether the value itself fits, whatever lies inside it. */
function fitsAlone(schema: ValueSchema, value: Json): boolean {
  if (schema.const !== undefined) return value === schema.const;
  if (schema.enum && !schema.enum.includes(value)) return false;
  if (schema.type !== undefined && !typesOf(schema).some((type) => hasType(type, value))) return false;
  if (typeof value === 'number') return isInRange(schema, value);
  if (typeof value === 'string') {
    if (value.length < (schema.minLength ?? 0)) return false;
    return schema.pattern === undefined || shapeOf(schema.pattern).test(value);
  }
  return !Array.isArray(value) || value.length <= (schema.maxItems ?? Infinity);
}

function isInRange({ minimum, maximum, exclusiveMinimum, multipleOf }: ValueSchema, value: number): boolean {
  if (minimum !== undefined && value < minimum) return false;
  if (maximum !== undefined && value > maximum) return false;
  if (exclusiveMinimum !== undefined && value <= exclusiveMinimum) return false;
  return multipleOf === undefined || value % multipleOf === 0;
}

function typesOf({ type = [] }: ValueSchema): readonly JsonType[] {
  return typeof type === 'string' ? [type] : type;
}

function hasType(type: JsonType, value: Json): boolean {
  if (type === 'integer') return Number.isSafeInteger(value);
  return jsonType(value) === type;
}

function jsonType(value: Json): Exclude<JsonType, 'integer'> {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  return typeof value as 'object' | 'string' | 'number' | 'boolean';
}

/** One branch must fit. Of a list or map the faults inside are told when only one branch could be meant. */
function checkAnyOf(
  schema: ValueSchema,
  branches: readonly ValueSchema[],
  value: Json,
  report: ReportFault,
  path: Path,
): void {
  if (branches.some((branch) => fits(branch, value))) return;
  const type = jsonType(value);
  const meant = branches.filter((branch) => typesOf(branch).includes(type));
  if (meant.length === 1 && (type === 'object' || type === 'array')) checkValue(meant[0]!, value, report, path);
  else report(path, 'value', () => misfit(schema, value, path));
}

function checkMap(schema: ValueSchema, map: Readonly<Record<string, Json>>, report: ReportFault, path: Path): void {
  const known = schema.properties ?? {};
  for (const [name, value] of Object.entries(map)) {
    const at = [...path, name];
    if (schema.propertyNames && !fits(schema.propertyNames, name)) {
      report(at, 'key', () => ({
        code: 'bad-name',
        message: `${quote(name)} is not ${describeSchema(schema.propertyNames!)}`,
      }));
    } else if (Object.hasOwn(known, name)) checkValue(known[name]!, value, report, at);
    else if (typeof schema.additionalProperties === 'object')
      checkValue(schema.additionalProperties, value, report, at);
    else if (schema.additionalProperties === false) {
      const hint = () => didYouMean(name, Object.keys(known));
      report(at, 'key', () => ({ code: 'unknown-key', message: `unknown key ${quote(name)}`, hint: hint() }));
    }
  }
  for (const name of schema.required ?? []) {
    if (Object.hasOwn(map, name)) continue;
    const about = known[name]?.description;
    const hint = about === undefined ? undefined : `${name}: ${about}`;
    report(path, 'key', () => ({ code: 'missing-key', message: `the key ${quote(name)} is missing`, hint }));
  }
}

function misfit(schema: ValueSchema, value: Json, path: Path): Fault {
  const branches = schema.anyOf ?? [schema];
  const rightType = branches.some((branch) => {
    const { const: only, enum: some = [] } = branch;
    if (only !== undefined) return typeof only === typeof value;
    if (some.length > 0) return typeof some[0] === typeof value;
    return typesOf(branch).some(
      (type) => type === jsonType(value) || (type === 'integer' && typeof value === 'number'),
    );
  });
  const message = `${nameOf(path)} takes ${describeSchema(schema)}, not ${show(value)}`;
  const code = !rightType ? 'wrong-type' : typeof value === 'number' ? 'out-of-range' : 'bad-value';
  return { code, message, hint: hintFor(schema, branches, value) };
}

function nameOf(path: Path): string {
  const last = path.at(-1);
  if (typeof last === 'number') return `item ${last + 1} of ${nameOf(path.slice(0, -1))}`;
  return last === undefined ? 'the file' : quote(last);
}

function show(value: Json): string {
  if (value === null) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : `a list of ${value.length}`;
  if (typeof value === 'object') return 'a map';
  return typeof value === 'string' ? quote(value) : String(value);
}

const booleanWords: Readonly<Record<string, boolean>> = { yes: true, on: true, no: false, off: false };

function hintFor(schema: ValueSchema, branches: readonly ValueSchema[], value: Json): string | undefined {
  if (typeof value !== 'string' || value.length > 100) return undefined;
  const meant = Object.hasOwn(booleanWords, value.toLowerCase()) ? booleanWords[value.toLowerCase()]! : fromText(value);
  if (meant !== undefined && fits(schema, meant)) return `write ${JSON.stringify(meant)}, without quotes`;
  const words = branches.flatMap(({ enum: some = [], const: only }) => (only === undefined ? some : [only]));
  const near = closest(
    value,
    words.filter((word) => typeof word === 'string'),
  );
  return near === undefined ? undefined : `did you mean "${near}"?`;
}

/** A number or boolean that somebody put in quotes. */
function fromText(text: string): number | boolean | undefined {
  if (text === 'true' || text === 'false') return text === 'true';
  return text.trim() !== '' && Number.isFinite(Number(text)) ? Number(text) : undefined;
}

const shapes = new Map<string, RegExp>();

function shapeOf(pattern: string): RegExp {
  let shape = shapes.get(pattern);
  if (shape === undefined) shapes.set(pattern, (shape = new RegExp(pattern, 'u')));
  return shape;
}
