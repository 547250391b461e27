// Compares found cuts with boundaries that a person marked: within `tolerance` frames, each used once.
export function scoreBoundaries(
  found: readonly number[],
  human: readonly number[],
  tolerance = 4,
): { readonly precision: number; readonly recall: number; readonly f1: number } {
  const left = new Set(found);
  let hits = 0;
  for (const boundary of human) {
    const near = [...left].filter((cut) => Math.abs(cut - boundary) <= tolerance);
    const [best] = near.sort((a, b) => Math.abs(a - boundary) - Math.abs(b - boundary));
    if (best === undefined) continue;
    left.delete(best);
    hits++;
  }
  const precision = found.length === 0 ? 1 : hits / found.length;
  const recall = human.length === 0 ? 1 : hits / human.length;
  return { precision, recall, f1: hits === 0 ? 0 : (2 * precision * recall) / (precision + recall) };
}
