// Whether every input comes from somewhere: a rule, or a file of the user's. Needs to know files,
// and so runs after the pipeline is read, also on one that comes from the cache.
import { closest } from '../base/closest.js';
import type { Problem } from '../base/problem.js';
import { quote } from '../base/quote.js';
import { makerOf } from './connect.js';
import type { Pipeline, Rule } from './pipeline.js';

/** Problems for inputs that no rule makes and no file matches; the pattern of `each` is always allowed. */
export function checkSources(
  pipeline: Pipeline,
  { matches }: { readonly matches: (pattern: string) => boolean },
): readonly Problem[] {
  const makers = new Map<string, Rule>();
  for (const rule of pipeline.rules) for (const { pattern } of Object.values(rule.outputs)) makers.set(pattern, rule);
  const problems: Problem[] = [];
  for (const rule of pipeline.rules) {
    for (const { pattern, optional, place } of Object.values(rule.inputs)) {
      if (optional || pattern === pipeline.each || makerOf(makers, pattern) !== undefined || matches(pattern)) continue;
      problems.push({
        code: 'unknown-artifact',
        message: `rule ${quote(rule.name)} reads ${quote(pattern)}, but nothing makes it`,
        place,
        hint: nearestArtifact(pattern, makers, pipeline.each),
      });
    }
  }
  return problems.sort((a, b) => a.place!.line - b.place!.line || a.place!.column - b.place!.column);
}

function nearestArtifact(pattern: string, makers: ReadonlyMap<string, Rule>, each: string): string {
  const near = closest(pattern, [...makers.keys(), each]);
  const rule = near === undefined ? undefined : makers.get(near);
  if (near === undefined) return 'make it with a rule, put the file there, or mark the input optional';
  if (rule === undefined) return `did you mean "${near}", the pattern of "each"?`;
  return `did you mean "${near}", made by rule "${rule.name}"${rule.line === undefined ? '' : ` (line ${rule.line})`}?`;
}
