// Wires the server: project, jobs, routes, HTTP; starts it, and stops it without losing anything.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { makeStateRoot } from '../app/workspace.js';
import { problem } from '../base/problem.js';
import { startBuild } from './build.js';
import { episodeRoutes } from './episode-routes.js';
import { createHttpServer, type HttpServer } from './http.js';
import { JobBoard } from './job-board.js';
import { jobRoutes } from './job-routes.js';
import { JobStore } from './job-store.js';
import { Metrics } from './metrics.js';
import { Project, type ProjectOptions } from './project.js';
import type { Route } from './route.js';
import { serviceRoutes } from './service-routes.js';

export interface ServeOptions {
  readonly project: ProjectOptions;
  /** An address; any but a loopback one needs a token. */
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly tokenFile: string | undefined;
  /** Names by which the server may be called, besides localhost and addresses. */
  readonly hostNames: readonly string[];
  /** Builds at a time. */
  readonly maxJobs: number;
  /** Jobs that may wait. */
  readonly maxQueued: number;
  /** Actions at a time in one build; undefined means the cores. */
  readonly actionsAtATime: number | undefined;
  readonly maxRequestsPerSecond: number;
  readonly version: string;
  readonly log: (line: string) => void;
}

export interface RunningServer {
  readonly url: string;
  /** Takes no more jobs, stops the builds, which go on when a server starts again, and closes. */
  close(): Promise<void>;
}

/** 500 pollers and a browser or two, with room. */
const maxConnections = 2048;
const tokenLengthMin = 16;

/** Starts the server. Throws ProblemError for what must be mended first. */
export async function startServer(options: ServeOptions): Promise<RunningServer> {
  const { host, port, log } = options;
  const token = readToken(options.tokenFile);
  if (token === undefined && !isLoopback(host))
    throw problem(
      'token-needed',
      `${host} can be reached from elsewhere, so the server needs a token`,
      `write a secret of at least ${tokenLengthMin} characters into a file and name it: --token-file FILE`,
    );
  const project = await Project.open(options.project);
  makeStateRoot(await project.workspace());
  const store = await JobStore.open(join(project.stateRoot, 'jobs'));
  const board = await JobBoard.open({
    store,
    maxJobs: options.maxJobs,
    maxQueued: options.maxQueued,
    log,
    startBuild: (request, onEvent) =>
      startBuild(
        { request, cwd: project.projectRoot, dataRoot: project.dataRoot, jobs: options.actionsAtATime },
        { storeRoot: project.storeRoot, onEvent },
      ),
  });
  let draining = false;
  const closing = new AbortController();
  const isDraining = (): boolean => draining;
  const metrics = new Metrics(() => ({ queued: board.queuedCount, running: board.runningCount }));
  const routes: Route[] = [
    ...jobRoutes({ board, project, isDraining }),
    ...episodeRoutes(project),
    ...serviceRoutes({
      ...{ board, project, metrics, isDraining, version: options.version },
      needsToken: token !== undefined,
      allRoutes: () => routes,
    }),
  ];
  const http = await createHttpServer({
    ...{ routes, metrics, token, maxConnections, log },
    hostNames: options.hostNames.map((name) => name.toLowerCase()),
    maxRequestsPerSecond: options.maxRequestsPerSecond,
    closing: closing.signal,
  });
  const close = async (): Promise<void> => {
    draining = true;
    await board.stop();
    closing.abort();
    await http.close();
    await store.close();
  };
  try {
    const bound = await listen(http, { host, port });
    return { url: `http://${isIP(host) === 6 ? `[${host}]` : host}:${bound}`, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function listen(http: HttpServer, address: { readonly host: string; readonly port: number }): Promise<number> {
  try {
    return await http.listen(address);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const { host, port } = address;
    if (code === 'EADDRINUSE')
      throw problem(
        'port-taken',
        `port ${port} of ${host} is taken`,
        'choose another: --port 8001, or --port 0',
        error,
      );
    if (code === 'EACCES' || code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND')
      throw problem('bad-address', `the server cannot listen at ${host}, port ${port}: ${code}`, undefined, error);
    throw error;
  }
}

function readToken(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  let token: string;
  try {
    token = readFileSync(file, 'utf8').trim();
  } catch (error) {
    throw problem('no-token', `the token file ${file} cannot be read`, undefined, error);
  }
  if (token.length < tokenLengthMin || /\s/.test(token))
    throw problem('bad-token', `the token in ${file} is to have at least ${tokenLengthMin} characters and no space`);
  return token;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/.test(host);
}
