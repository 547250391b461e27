// What moved between a golden file and the episode as it is now. Pure.
import type { Golden } from './golden-file.js';
import type { Observed } from './observe.js';

/** One thing that moved. */
export interface Finding {
  readonly kind:
    'stale' | 'count-moved' | 'output-changed' | 'person-moved' | 'person-gone' | 'person-new' | 'rule-gone';
  /** The action, `cluster@demo`, or the person, `Lisa@demo`. */
  readonly id: string;
  readonly text: string;
}

/** Everything that moved by more than the file's tolerances, stages first. */
export function compareGolden(golden: Golden, { facts, personAt }: Observed): Finding[] {
  return [...stagesMoved(golden, facts), ...peopleMoved(golden, facts, personAt)];
}

function stagesMoved(golden: Golden, facts: Observed['facts']): Finding[] {
  const sameMachine = golden.machine === facts.machine;
  return Object.entries(golden.stages).flatMap(([rule, was]): Finding[] => {
    const id = `${rule}@${golden.ep}`;
    const now = facts.stages[rule];
    if (now === undefined) return [{ kind: 'rule-gone', id, text: 'the pipeline no longer has this rule' }];
    const counts = Object.entries(was.counts).flatMap(([name, count]): Finding[] => {
      const is = now.counts[name] ?? 0;
      if (Math.abs(is - count) <= golden.tolerance.counts * count) return [];
      return [{ kind: 'count-moved', id, text: `${name} ${count} -> ${is}` }];
    });
    // The same code from the same inputs: whatever differs now was changed without saying so.
    const comparable = sameMachine && was.fingerprint === now.fingerprint;
    const outputs = Object.keys(was.outputs).flatMap((role): Finding[] => {
      if (!comparable || was.outputs[role] === now.outputs[role]) return [];
      return [{ kind: 'output-changed', id, text: `${role} changed, and ${was.code} did not` }];
    });
    return [...counts, ...outputs];
  });
}

function peopleMoved(golden: Golden, facts: Observed['facts'], personAt: Observed['personAt']): Finding[] {
  const { ep, tolerance } = golden;
  const found = new Set<string>();
  const known = golden.people.flatMap(({ id, name, seconds, face }): Finding[] => {
    const who = `${name ?? id}@${ep}`;
    const now = (name === undefined ? undefined : facts.people.find((one) => one.name === name)) ?? personAt(face);
    if (now === undefined)
      return [{ kind: 'person-gone', id: who, text: `${inTenths(seconds)} on screen before, nobody there now` }];
    if (found.has(now.id))
      return [
        {
          kind: 'person-gone',
          id: who,
          text: `${inTenths(seconds)} on screen before, now part of ${now.name ?? now.id}`,
        },
      ];
    found.add(now.id);
    if (Math.abs(now.seconds - seconds) <= tolerance.seconds) return [];
    return [{ kind: 'person-moved', id: who, text: `${inTenths(seconds)} -> ${inTenths(now.seconds)} on screen` }];
  });
  const fresh = facts.people.flatMap(({ id, name, seconds }): Finding[] =>
    found.has(id) || seconds <= tolerance.seconds
      ? []
      : [
          {
            kind: 'person-new',
            id: `${name ?? id}@${ep}`,
            text: `${inTenths(seconds)} on screen, nobody of the golden file`,
          },
        ],
  );
  return [...known, ...fresh];
}

function inTenths(seconds: number): string {
  return `${seconds.toFixed(1)} s`;
}
