// Keeps models.yaml as checked data between runs: parsing it takes a tenth of a second, which a build
// with nothing to do would pay each time. Known by the digest of the text and of the code that reads it.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { writeAtomic } from '../disk/atomic.js';
import { sha256 } from '../hash/sha256.js';
import type { ModelsFile } from './declaration.js';

interface Memory {
  readonly key: string;
  readonly declared: ModelsFile;
}

/** What `readDeclaration` makes of the text, taken from the file `memory` if it was read before. */
export async function recallDeclaration({
  text,
  file,
  memory,
}: {
  readonly text: string;
  readonly file: string;
  readonly memory: string;
}): Promise<ModelsFile> {
  const key = sha256(`${readerDigest()}\0${text}`);
  const known = recall(memory);
  if (known?.key === key) return known.declared;
  const { readDeclaration } = await import('./declaration.js');
  const declared = readDeclaration({ text, file });
  try {
    writeAtomic(memory, JSON.stringify({ key, declared } satisfies Memory));
  } catch {
    // A project that cannot be written to can still be read: the text is parsed again next time.
  }
  return declared;
}

/** Of the very file that declares the schema, as source or compiled, so that no number has to be raised by hand. */
function readerDigest(): string {
  const reader = import.meta.url.replace(/declaration-memory(\.[jt]s)$/, 'declaration$1');
  return sha256(readFileSync(fileURLToPath(reader)));
}

function recall(path: string): Memory | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Memory;
  } catch {
    return undefined; // only a memory: without it the text is parsed
  }
}
