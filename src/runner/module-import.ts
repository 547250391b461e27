// Loads a user's stage module as it is on disk now. A process that lives long (watch, serve) would
// otherwise get the module that it loaded first, and record its result under the new code's digest.
import { register } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { canonicalJson } from '../base/canonical-json.js';
import { sha256 } from '../hash/sha256.js';
import { moduleDigests } from './module-code.js';

const version = 'sa-code';

// Hands the version of a module down to what it imports by a relative path. Given as text, since the
// thread that runs hooks loads JavaScript alone.
const hook = `export async function resolve(specifier, context, next) {
  const found = await next(specifier, context);
  const version = /^\\.{1,2}\\//.test(specifier) && /[?&]${version}=[0-9a-f]+/.exec(context.parentURL ?? '');
  return version && found.url.startsWith('file:') ? { ...found, url: found.url + '?' + version[0].slice(1) } : found;
}`;

let registered = false;

/** The module `file` (relative to the project) with all that it imports from the project, as on disk now. */
export async function importModule(projectRoot: string, file: string): Promise<unknown> {
  const files = moduleDigests(projectRoot, file);
  if (Object.keys(files).length > 1 && !registered) {
    register(`data:text/javascript,${encodeURIComponent(hook)}`);
    registered = true;
  }
  const url = pathToFileURL(join(projectRoot, file));
  url.searchParams.set(version, sha256(canonicalJson(files)));
  return import(url.href);
}
