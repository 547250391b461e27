// Whether every input comes from somewhere: a rule, or a file of the user's. Needs to know files,
// and so runs after the pipeline is read, also on one that comes from the cache.
import { closest } from '../base/closest.js';
import type { Problem } from '../base/problem.js';
import { Problems } from '../base/problems.js';
import { quote } from '../base/quote.js';
import type { Pipeline, Rule } from './pipeline.js';

/** Problems for inputs that no rule makes and no file matches; the pattern of `each` is always allowed. */
export function checkSources(
  pipeline: Pipeline,
  { matches }: { readonly matches: (pattern: string) => boolean },
): readonly Problem[] {
  const problems = new Problems();
  let makers: Map<string, Rule> | undefined;
  for (const rule of pipeline.rules) {
    for (const { pattern, optional, madeBy, place } of Object.values(rule.inputs)) {
      if (optional || pattern === pipeline.each || madeBy !== undefined || matches(pattern)) continue;
      problems.add(() => {
        makers ??= makersOf(pipeline);
        return {
          code: 'unknown-artifact',
          message: `rule ${quote(rule.name)} reads ${quote(pattern)}, but nothing makes it`,
          place,
          hint: nearestArtifact(pattern, makers, pipeline.each),
        };
      });
    }
  }
  return problems.list();
}

function makersOf({ rules }: Pipeline): Map<string, Rule> {
  return new Map(rules.flatMap((rule) => Object.values(rule.outputs).map(({ pattern }) => [pattern, rule])));
}

function nearestArtifact(pattern: string, makers: ReadonlyMap<string, Rule>, each: string): string {
  const near = closest(pattern, [...makers.keys(), each]);
  const rule = near === undefined ? undefined : makers.get(near);
  if (near === undefined) return 'make it with a rule, put the file there, or mark the input optional';
  if (rule === undefined) return `did you mean "${near}", the pattern of "each"?`;
  return `did you mean "${near}", made by rule "${rule.name}"${rule.line === undefined ? '' : ` (line ${rule.line})`}?`;
}
