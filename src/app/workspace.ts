// A project as a command finds it: pipeline.yaml read, roots resolved, episodes found. Opening one
// changes nothing on disk.
import { existsSync, lstatSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, relative, resolve, sep } from 'node:path';
import { didYouMean } from '../base/closest.js';
import { problem, ProblemError, type Problem } from '../base/problem.js';
import { quote } from '../base/quote.js';
import { escapeFrom } from '../disk/inside.js';
import { FileDigests } from '../disk/file-digests.js';
import { matchEpisodes, matchesAnyEpisode, matchPattern } from '../disk/glob.js';
import { expandGraph, type Graph } from '../graph/graph.js';
import { loadHash } from '../hash/xxh64.js';
import { Lockfiles } from '../engine/lockfile.js';
import { loadRegistry, type Registry } from '../models/registry.js';
import { readAnew, readOrRecall } from './compiled.js';
import type { Pipeline } from '../pipeline/pipeline.js';
import { checkSources } from '../pipeline/sources.js';
import { loadCatalogue } from '../runner/catalogue.js';
import type { StageCatalogue } from '../stage/stage.js';
import { findProject, pipelineName } from './project.js';

export interface Workspace {
  /** When its opening began, before anything was read, in ms since 1970. */
  readonly openedAtMs: number;
  /** Folder of pipeline.yaml. */
  readonly projectRoot: string;
  readonly dataRoot: string;
  /** Memory of this machine: digests, the mutex, staging; beside the artifacts, never committed. */
  readonly stateRoot: string;
  readonly storeRoot: string;
  readonly pipeline: Pipeline;
  /** What the read pipeline is remembered by. */
  readonly pipelineKey: string;
  readonly catalogue: StageCatalogue;
  readonly registry: Registry;
  readonly digests: FileDigests;
  readonly env: Readonly<NodeJS.ProcessEnv>;
  /** Episodes with a video, and with `lockedToo` those that only a lockfile remembers. */
  episodes(options?: { readonly lockedToo: boolean }): readonly string[];
  graph(episodes: readonly string[]): Graph;
}

export interface WorkspaceOptions {
  /** Where to look for pipeline.yaml: here, then in the folders above. */
  readonly cwd: string;
  readonly dataRoot?: string | undefined;
  readonly storeRoot?: string | undefined;
  readonly env: NodeJS.ProcessEnv;
}

/** What an episode may be called: it becomes a folder name, a flag's value and a part of a URL. */
export const episodeShape = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;

/** Opens the project around `cwd`. Throws ProblemError for every fault in pipeline.yaml. */
export async function openWorkspace(options: WorkspaceOptions): Promise<Workspace> {
  const openedAtMs = Date.now();
  const projectRoot = findProject(options.cwd);
  const file = join(projectRoot, pipelineName);
  const [catalogue] = await Promise.all([loadCatalogue(), loadHash()]);
  refuseLinkOut(projectRoot, '.sa');
  const request = { text: pipelineText(file), file: shownFrom(options.cwd, file), catalogue, projectRoot };
  const { key, pipeline, placed } = await readOrRecall(request);
  const dataRoot = resolve(projectRoot, options.dataRoot ?? options.env['SA_DATA_ROOT'] ?? pipeline.data);
  refuseLinkOut(dataRoot, '.sa');
  refuseLinkOut(dataRoot, '.sa/store');
  const files = { matches: (pattern: string) => anyMatch(dataRoot, pattern) || isLocked(dataRoot, pipeline, pattern) };
  const problems = checkSources(pipeline, files);
  // A remembered pipeline does not know where its words stand in the file.
  if (problems.length > 0) throw new ProblemError(placed ? problems : checkSources(await readAnew(request), files));
  const storeRoot = resolve(options.storeRoot ?? options.env['SA_STORE'] ?? join(dataRoot, '.sa', 'store'));
  const registry = await loadRegistry({ projectRoot, env: options.env });
  return assemble({
    openedAtMs,
    projectRoot,
    dataRoot,
    storeRoot,
    pipeline,
    pipelineKey: key,
    catalogue,
    registry,
    env: options.env,
  });
}

/** The same project as when it was last judged, with nothing of it looked at again. */
export async function reopenWorkspace(
  known: Pick<Workspace, 'projectRoot' | 'dataRoot' | 'storeRoot' | 'pipeline' | 'pipelineKey' | 'env'>,
): Promise<Workspace> {
  const openedAtMs = Date.now();
  const [catalogue, registry] = await Promise.all([loadCatalogue(), loadRegistry(known), loadHash()]);
  return assemble({ ...known, openedAtMs, catalogue, registry });
}

function assemble(parts: Omit<Workspace, 'stateRoot' | 'digests' | 'episodes' | 'graph'>): Workspace {
  const { dataRoot, pipeline } = parts;
  const stateRoot = join(dataRoot, '.sa');
  return {
    ...parts,
    stateRoot,
    digests: new FileDigests(dataRoot, join(stateRoot, 'digests')),
    episodes: (choice) => findEpisodes(dataRoot, pipeline, choice?.lockedToo === true),
    graph: (episodes) => expandGraph(pipeline, episodes, (pattern) => findFiles(dataRoot, pattern)),
  };
}

/** A path of the project as one that is relative to the data root. */
export function fromDataRoot(
  { dataRoot, projectRoot }: Pick<Workspace, 'dataRoot' | 'projectRoot'>,
  file: string,
): string {
  return relative(dataRoot, join(projectRoot, file)).split(sep).join('/');
}

/** Files and folders of the data root that match, those that are not there left out. */
export function findFiles(dataRoot: string, pattern: string): string[] {
  return matchPattern(dataRoot, pattern).filter((path) => existsSync(join(dataRoot, path)));
}

/** Makes the folder that holds this machine's memory, with a .gitignore of its own. */
export function makeStateRoot({ stateRoot }: Workspace): void {
  mkdirSync(stateRoot, { recursive: true });
}

/** Fails with the nearest known name when `ep` is no episode of the project. */
export function requireEpisode(ep: string, episodes: readonly string[]): void {
  if (episodes.includes(ep)) return;
  throw problem(
    'unknown-episode',
    `there is no episode ${JSON.stringify(ep)}`,
    didYouMean(ep, episodes) ?? 'bring a video in with: sa add EPISODE VIDEO',
  );
}

/** A file of people is smaller by far; a device or a pipe in its place would never end. */
const pipelineBytesMax = 200 * 1024 * 1024;

/** The text of pipeline.yaml. Throws ProblemError when there is something else in its place. */
export function pipelineText(file: string): string {
  const stats = statSync(file);
  if (!stats.isFile()) throw problem('no-pipeline', `${file} is no file`, 'start a project with: sa init');
  if (stats.size > pipelineBytesMax)
    throw problem('too-large', `${file} has ${stats.size} bytes; at most ${pipelineBytesMax} are read`);
  return readFileSync(file, 'utf8');
}

// This machine's memory lies beside what it is of; a link in its place came with somebody's repository.
function refuseLinkOut(root: string, path: string): void {
  const folder = join(root, path);
  if (lstatSync(folder, { throwIfNoEntry: false })?.isSymbolicLink() !== true) return;
  const escape = escapeFrom(root, folder, folder);
  if (escape !== undefined) throw new ProblemError([escape]);
}

function findEpisodes(dataRoot: string, pipeline: Pipeline, lockedToo: boolean): string[] {
  const found = matchEpisodes(dataRoot, pipeline.each);
  const problems: Problem[] = [];
  for (const [ep, videos] of found) {
    if (!episodeShape.test(ep))
      problems.push({
        code: 'bad-episode-name',
        message: `the folder name ${quoteMarks(ep)} cannot be an episode`,
        hint: 'use letters, digits, dots, dashes and underscores, starting with a letter or digit',
      });
    else if (videos.length > 1)
      problems.push({
        code: 'two-videos',
        message: `episode ${ep} has ${videos.length} videos: ${videos.join(', ')}`,
        hint: 'keep one of them',
      });
  }
  problems.push(...twins([...found.keys()]));
  if (problems.length > 0) throw new ProblemError(problems);
  const locked = lockedToo ? matchEpisodes(dataRoot, 'manifests/{ep}/sa.lock').keys() : [];
  return [...new Set([...found.keys(), ...locked])].sort();
}

// On some disks these are one folder: their artifacts would be written over each other.
function twins(episodes: readonly string[]): Problem[] {
  const byLowerCase = new Map<string, string>();
  return episodes.flatMap((ep) => {
    const other = byLowerCase.get(ep.toLowerCase());
    byLowerCase.set(ep.toLowerCase(), ep);
    if (other === undefined) return [];
    const message = `episodes ${other} and ${ep} differ in nothing but case`;
    return [{ code: 'same-episode', message, hint: 'rename one of them' }];
  });
}

// Two names that look alike, one of them with combining marks, are told apart.
function quoteMarks(name: string): string {
  return quote(name).replace(/\p{M}/gu, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

function anyMatch(dataRoot: string, pattern: string): boolean {
  if (pattern.includes('{ep}')) return matchesAnyEpisode(dataRoot, pattern);
  return matchPattern(dataRoot, pattern).some((path) => existsSync(join(dataRoot, path)));
}

// In a checkout without the media a lockfile still knows the file that was there.
function isLocked(dataRoot: string, { rules }: Pipeline, pattern: string): boolean {
  const lockfiles = new Lockfiles(dataRoot);
  const episodes = [undefined, ...matchEpisodes(dataRoot, 'manifests/{ep}/sa.lock').keys()];
  return rules.some(({ name, inputs }) => {
    const roles = Object.keys(inputs).filter((role) => inputs[role]!.pattern === pattern);
    if (roles.length === 0) return false;
    return episodes.some((ep) => {
      const recorded = lockfiles.get(ep, name)?.manifest.inputs ?? {};
      return roles.some((role) => (recorded[role]?.length ?? 0) > 0);
    });
  });
}

function shownFrom(cwd: string, file: string): string {
  const path = relative(cwd, file);
  return (isAbsolute(path) ? file : path).split(sep).join('/');
}
