// The values that params have in a run: explicit > episode > profile > params. Works on a cached
// pipeline: it knows no YAML and no zod.
import type { Json } from '../base/canonical-json.js';
import { didYouMean } from '../base/closest.js';
import { problem, ProblemError, type Problem } from '../base/problem.js';
import { quote } from '../base/quote.js';
import type { ParamValues, Pipeline } from './pipeline.js';
import { checkValue, type ValueSchema } from './value-schema.js';

export interface Settings {
  readonly ep?: string | undefined;
  readonly profile?: string | undefined;
  /** From flags, an HTTP body or a caller. */
  readonly explicit?: ParamValues | undefined;
}

const ownParam: ValueSchema = {
  title: 'text, a number, true, false or null',
  type: ['string', 'number', 'boolean', 'null'],
};

/**
 * Every param with its value for one episode. A param that only says how to run may be set even where
 * pipeline.yaml does not declare it. Throws one ProblemError for an unknown profile, unknown names and bad values.
 */
export function resolveParams(pipeline: Pipeline, { ep, profile, explicit = {} }: Settings): ParamValues {
  const problems: Problem[] = [];
  if (profile !== undefined && !Object.hasOwn(pipeline.profiles, profile)) {
    const hint = didYouMean(profile, Object.keys(pipeline.profiles));
    problems.push({ code: 'unknown-profile', message: `there is no profile ${quote(profile)}`, hint });
  }
  for (const [name, value] of Object.entries(explicit)) problems.push(...settingProblems(pipeline, name, value));
  if (problems.length > 0) throw new ProblemError(problems);
  const layers = [pipeline.params, own(pipeline.profiles, profile), own(pipeline.episodes, ep), explicit];
  // a Map, not assignment to an object: no name can then reach a prototype
  return Object.fromEntries(new Map(layers.flatMap((layer) => Object.entries(layer))));
}

/** Reads `name=value` of --set: numbers, true, false, null and JSON are what they are, the rest is text. */
export function parseSetting(text: string): { readonly name: string; readonly value: Json } {
  const equals = text.indexOf('=');
  const name = text.slice(0, Math.max(0, equals)).trim();
  if (name === '') {
    throw problem('bad-setting', `${quote(text)} is no setting`, 'write name=value, e.g. --set stride=4');
  }
  return { name, value: parseSettingValue(name, text.slice(equals + 1).trim()) };
}

function parseSettingValue(name: string, text: string): Json {
  if (/^[[{"]/.test(text)) {
    try {
      return JSON.parse(text) as Json;
    } catch (error) {
      const example = `write lists as JSON, e.g. --set '${name}=[640,1280]'`;
      throw problem('bad-setting', `the value of ${quote(name)} is no JSON: ${quote(text)}`, example, error);
    }
  }
  if (text === 'null') return null;
  if (text === 'true' || text === 'false') return text === 'true';
  const isNumber = /^[-+]?(0|[1-9]\d*|(?=\.\d))(\.\d*)?([eE][-+]?\d+)?$/.test(text) && Number.isFinite(Number(text));
  return isNumber ? Number(text) : text;
}

function settingProblems({ params, fields = {} }: Pipeline, name: string, value: Json): readonly Problem[] {
  const field = Object.hasOwn(fields, name) ? fields[name] : undefined;
  if (!Object.hasOwn(params, name) && field?.how !== true) {
    const how = Object.keys(fields).filter((known) => fields[known]!.how);
    const hint = field
      ? `declare it under "params" of pipeline.yaml`
      : didYouMean(name, [...Object.keys(params), ...how]);
    return [{ code: 'unknown-param', message: `there is no param ${quote(name)}`, hint }];
  }
  const problems: Problem[] = [];
  checkValue(field?.schema ?? ownParam, value, (_path, _part, make) => problems.push(make()), [name]);
  return problems;
}

function own<T>(record: Readonly<Record<string, T>>, name: string | undefined): T | Record<string, never> {
  return name !== undefined && Object.hasOwn(record, name) ? record[name]! : {};
}
