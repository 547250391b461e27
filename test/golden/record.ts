// Records anew what our golden tests compare with: examples/ci-project, the demo, and a shared clip
// where there is one. Run by `npm run golden`, after a stage's revision was raised. GOLDEN=ci, demo or clip
// records one of them alone.
import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ciEpisodes, ciProject, writeCiProject } from '../support/ci-project.js';
import { demoModels, goldenClip, goldenFolder } from './golden-episodes.js';

const checkout = join(import.meta.dirname, '../..');
const program = join(checkout, 'dist/src/cli/main.js');

function sa(cwd: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): void {
  execFileSync(process.execPath, [program, ...words], { cwd, env: { ...process.env, ...env }, stdio: 'inherit' });
}

function recordCiProject(): void {
  rmSync(ciProject, { recursive: true, force: true });
  mkdirSync(ciProject, { recursive: true });
  writeCiProject(ciProject);
  sa(ciProject, ['build', '--no-cache']);
  sa(ciProject, ['golden', 'record', ...ciEpisodes]);
  rmSync(join(ciProject, 'data/.sa'), { recursive: true });
  rmSync(join(ciProject, '.sa'), { recursive: true, force: true });
}

function recordIn(ep: string, build: (project: string) => void): void {
  const project = mkdtempSync(join(tmpdir(), 'sa-golden-'));
  try {
    const file = join(goldenFolder, `${ep}.json`);
    mkdirSync(join(project, 'golden'));
    if (existsSync(file)) copyFileSync(file, join(project, 'golden', `${ep}.json`));
    build(project);
    mkdirSync(goldenFolder, { recursive: true });
    copyFileSync(join(project, 'golden', `${ep}.json`), file);
  } finally {
    rmSync(project, { recursive: true });
  }
}

const wanted = (name: string): boolean => (process.env['GOLDEN'] ?? name) === name;
if (wanted('ci')) recordCiProject();
if (wanted('demo'))
  recordIn('demo', (project) => {
    sa(project, ['demo', '--json', ...demoModels], { SA_MODELS: '' });
    sa(project, ['golden', 'record', 'demo', ...demoModels], { SA_MODELS: '' });
  });
if (!existsSync(goldenClip.video)) console.warn(`the clip's golden file stays as it is: ${goldenClip.video} not found`);
else if (wanted('clip'))
  recordIn('clip', (project) => {
    copyFileSync(join(checkout, 'pipeline.yaml'), join(project, 'pipeline.yaml'));
    sa(project, ['add', 'clip', goldenClip.video]);
    sa(project, ['build', 'clip'], goldenClip.env);
    sa(project, ['golden', 'record', 'clip'], goldenClip.env);
  });
