// Which program this is: names, sizes and times of the files that read and judge a project. What an
// older or newer one remembered is then not believed.
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

const folders = ['../base', '../pipeline', '../stage', '../graph', '../engine', '../app', '../models'];
let known: string | undefined;

export function programStamp(): string {
  return (known ??= [...folders.flatMap((folder) => filesOf(join(import.meta.dirname, folder))), stagesFile()]
    .map((path) => {
      const { size, mtimeMs } = statSync(path);
      return `${path} ${size} ${mtimeMs}`;
    })
    .join('\n'));
}

function filesOf(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => /\.[jt]s$/.test(name))
    .map((name) => join(folder, name));
}

// The revisions of the built-in stages.
function stagesFile(): string {
  return join(import.meta.dirname, `../../rules/stages${import.meta.filename.slice(-3)}`);
}
