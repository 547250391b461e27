// Whether a rule gives a built-in stage all that it reads and makes, and nothing it does not know.
import { closest, didYouMean } from '../base/closest.js';
import { quote } from '../base/quote.js';
import type { StageEntry } from '../stage/stage.js';
import { mapEntries, type Fields, type RuleContext, type RuleDraft } from './draft.js';

export interface StageUse {
  readonly draft: RuleDraft;
  readonly stage: string;
  readonly fields: Fields;
  readonly context: RuleContext;
}

/** Reports what the catalogue's entry for `stage` asks for and the rule lacks, and roles that it does not know. */
export function checkStage({ draft, stage, fields, context: { reporter, catalogue } }: StageUse): void {
  const entry = catalogue[stage]!;
  checkRoles({ draft, stage, fields, entry, kind: 'inputs', reporter });
  checkRoles({ draft, stage, fields, entry, kind: 'outputs', reporter });
  for (const kind of ['params', 'models'] as const) {
    const written: readonly string[] = draft[kind];
    const missing = entry[kind].filter((name) => !written.includes(name));
    if (missing.length === 0) continue;
    const verb = kind === 'params' ? 'reads' : 'opens';
    const message = `stage "${stage}" ${verb} ${inQuotes(missing)}, but rule ${quote(draft.name)} does not declare ${missing.length > 1 ? 'them' : 'it'}`;
    const at = fields.keyAt(kind) ?? draft.key;
    reporter.add(at, {
      code: `missing-${kind.slice(0, -1)}`,
      message,
      hint: () => `add ${missing.join(', ')} to "${kind}" of the rule`,
    });
  }
  const { scope } = entry;
  if (scope === undefined || scope === draft.scope || draft.outputs.length === 0) return;
  const once = scope === 'project' ? 'once for the project' : 'once an episode';
  const message = `stage "${stage}" runs ${once}, so ${scope === 'project' ? 'no output' : 'each output'} of rule ${quote(draft.name)} has {ep}`;
  reporter.add(draft.outputs[0]!.at, { code: 'mixed-outputs', message });
}

interface RoleCheck extends Omit<StageUse, 'context'> {
  readonly entry: StageEntry;
  readonly kind: 'inputs' | 'outputs';
  readonly reporter: RuleContext['reporter'];
}

function checkRoles({ draft, stage, fields, entry, kind, reporter }: RoleCheck): void {
  const section = fields.entries.get(kind)?.value;
  if (section !== undefined && section.kind !== 'map') return; // told by the shape
  const optional = kind === 'inputs' ? (entry.optionalInputs ?? []) : [];
  const known = [...entry[kind], ...optional];
  const written = new Map(mapEntries(section));
  const noun = kind.slice(0, -1);
  const missing = entry[kind].filter((role) => !written.has(role));
  const misspelt = new Set<string>();
  for (const [role, { key }] of written) {
    if (known.includes(role)) continue;
    const meant = closest(role, missing);
    if (meant !== undefined) misspelt.add(meant);
    const message = `stage "${stage}" has no ${noun} ${quote(role)}`;
    reporter.add(key, { code: 'unknown-role', message, hint: () => didYouMean(role, known) });
  }
  // A misspelt role is one mistake, not two.
  for (const role of missing.filter((name) => !misspelt.has(name))) {
    if (section === undefined && kind === 'outputs') continue; // "makes nothing" says it
    const message = `stage "${stage}" needs ${kind === 'inputs' ? 'an input' : 'an output'} "${role}", which rule ${quote(draft.name)} lacks`;
    const hint = () => `add ${role}: "..." to "${kind}" of the rule`;
    reporter.add(fields.keyAt(kind) ?? draft.key, { code: 'missing-role', message, hint });
  }
}

function inQuotes(names: readonly string[]): string {
  return names.map((name) => `"${name}"`).join(', ');
}
