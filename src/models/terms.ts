// Terms that some weights come with (non-commercial research only), and which of them this project
// has accepted. Kept in .sa/terms.json, which stays on the machine of whoever accepted them.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { canonicalJsonPretty } from '../base/canonical-json.js';
import { didYouMean } from '../base/closest.js';
import { problem } from '../base/problem.js';
import { quote } from '../base/quote.js';
import { writeAtomic } from '../disk/atomic.js';
import type { ModelEntry, Registry } from './registry.js';

const schema = z.strictObject({ version: z.literal(1), accepted: z.array(z.string()) });

/** Names of the terms accepted in this project, sorted. */
export function acceptedTerms(projectRoot: string): readonly string[] {
  const path = termsPath(projectRoot);
  if (!existsSync(path)) return [];
  try {
    return schema.parse(JSON.parse(readFileSync(path, 'utf8'))).accepted;
  } catch (error) {
    throw problem(
      'bad-terms-file',
      '.sa/terms.json is not what sa writes',
      'remove it and accept the terms again',
      error,
    );
  }
}

/**
 * Records that the terms of this name, or those of the model or pack of this name, are accepted.
 * Returns their names. Throws ProblemError when the word names neither terms nor a model that has any.
 */
export function acceptTerms(registry: Registry, word: string): readonly string[] {
  const names = Object.hasOwn(registry.terms, word) ? [word] : termsOf(registry, word);
  const accepted = [...new Set([...acceptedTerms(registry.projectRoot), ...names])].sort();
  writeAtomic(termsPath(registry.projectRoot), canonicalJsonPretty({ version: 1, accepted }));
  return names;
}

/** Throws ProblemError with the terms' text when the model has terms that nobody has accepted here. */
export function requireTerms(registry: Registry, entry: ModelEntry): void {
  const { name, terms } = entry;
  if (terms === undefined || acceptedTerms(registry.projectRoot).includes(terms)) return;
  throw problem(
    'terms-not-accepted',
    `model ${name} has terms that are not accepted here. ${registry.terms[terms] ?? terms}`,
    `if that fits your use: sa models pull ${name} --accept-terms ${terms}`,
  );
}

function termsOf(registry: Registry, word: string): readonly string[] {
  const names = new Set(registry.named(word).flatMap(({ terms }) => (terms === undefined ? [] : [terms])));
  if (names.size > 0) return [...names];
  throw problem(
    'unknown-terms',
    `${quote(word)} has no terms to accept`,
    didYouMean(word, Object.keys(registry.terms)),
  );
}

function termsPath(projectRoot: string): string {
  return join(projectRoot, '.sa', 'terms.json');
}
