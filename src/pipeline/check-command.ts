// Whether the command of a `run` rule makes sense: each placeholder names something of its rule.
import { closest } from '../base/closest.js';
import { quote } from '../base/quote.js';
import type { At } from '../base/yaml.js';
import { parseCommand, type PlacedPiece } from './command.js';
import { pathFault } from './paths.js';
import type { RuleCode } from './pipeline.js';
import type { RuleContext, RuleDraft } from './draft.js';

export interface CommandUse {
  readonly draft: RuleDraft;
  readonly code: Extract<RuleCode, { kind: 'command' }>;
  readonly run: At | undefined;
  readonly depfile: At | undefined;
  readonly context: RuleContext;
}

/** Reports an empty command, placeholders that the rule cannot fill in, and a depfile out of place. */
export function checkCommand({ draft, code, run, depfile, context: { reporter, declared } }: CommandUse): void {
  const { command } = code;
  if (run === undefined) return;
  if (command.trim() === '') {
    reporter.add(run, { code: 'empty-rule', message: `the command of rule ${quote(draft.name)} is empty` });
  }
  if (command.includes('\0'))
    reporter.add(run, { code: 'bad-command', message: 'a command cannot hold a NUL character' });
  const filled = new Set(fillable(draft));
  for (const piece of parseCommand(command)) {
    const written = command.slice(piece.offset, piece.offset + piece.length);
    if (piece.kind === 'text' || filled.has(written)) continue;
    const at = () => reporter.within(run, { value: command, ...piece });
    reporter.add(at, {
      code: 'unknown-placeholder',
      message: placeholderMessage(piece, draft, written),
      hint: () => placeholderHint(piece, [...filled], written, declared),
    });
  }
  if (depfile === undefined || code.depfile === undefined) return;
  const ep = draft.scope === 'episode';
  const fault = pathFault(code.depfile, { root: 'the data root', ep, wildcards: false, folder: false });
  if (fault) reporter.add(depfile, fault);
}

/** Every placeholder that has a value in this rule. */
function fillable({ inputs, outputs, params, scope }: RuleDraft): readonly string[] {
  return [
    ...inputs.map(({ role }) => `{inputs.${role}}`),
    ...outputs.map(({ role }) => `{outputs.${role}}`),
    ...params.map((name) => `{params.${name}}`),
    ...(scope === 'episode' ? ['{ep}'] : []),
  ];
}

function placeholderMessage(piece: PlacedPiece, { name }: RuleDraft, written: string): string {
  switch (piece.kind) {
    case 'ep':
      return `{ep} has no value in rule ${quote(name)}, which is made once for the project`;
    case 'inputs':
    case 'outputs':
    case 'params':
      return `rule ${quote(name)} has no ${piece.kind.slice(0, -1)} ${quote(piece.name)}`;
    default:
      return `${quote(written)} is no placeholder`;
  }
}

function placeholderHint(
  piece: PlacedPiece,
  filled: readonly string[],
  written: string,
  declared: ReadonlySet<string>,
): string | undefined {
  if (piece.kind === 'params' && declared.has(piece.name)) return `add "${piece.name}" to "params" of the rule`;
  const near = closest(written, filled);
  if (near !== undefined) return `did you mean "${near}"?`;
  if (piece.kind === 'unknown') return `write {${written}} for the text ${written} itself`;
  return filled.length > 0 && filled.length <= 12 ? `there are: ${filled.join(', ')}` : undefined;
}
