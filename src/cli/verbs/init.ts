// sa init: a commented pipeline.yaml and .gitignore lines for an empty project.
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipelineName } from '../../app/project.js';
import { problem } from '../../base/problem.js';
import { writeAtomic } from '../../disk/atomic.js';
import type { Io } from '../io.js';
import { packageRoot } from '../version.js';

/** What git should not keep: videos and pictures are large, and everything else can be built again. */
const ignored = [
  "# sa: media, pictures and this machine's memory; lockfiles and small artifacts are kept",
  'data/videos/',
  'data/frames/',
  '*.npy',
  'data/.sa/',
  '.sa/',
  'models/*.onnx',
];

export function init(io: Io): Promise<number> {
  const target = join(io.cwd, pipelineName);
  if (existsSync(target)) throw problem('project-exists', `${pipelineName} is here already`, 'remove it to start anew');
  writeAtomic(target, readFileSync(join(packageRoot(), pipelineName)));
  const gitignore = join(io.cwd, '.gitignore');
  const before = existsSync(gitignore) ? readFileSync(gitignore, 'utf8') : '';
  const missing = ignored.filter((line) => !before.split('\n').includes(line));
  if (missing.length > 0)
    writeAtomic(gitignore, `${before === '' || before.endsWith('\n') ? before : `${before}\n`}${missing.join('\n')}\n`);
  mkdirSync(join(io.cwd, 'data', 'videos'), { recursive: true });
  mkdirSync(join(io.cwd, 'models'), { recursive: true });
  io.out.write(`${pipelineName} and .gitignore are written; next: sa add EPISODE VIDEO, then sa build EPISODE\n`);
  return Promise.resolve(0);
}
