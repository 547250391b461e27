// What is asked about the server itself: health, metrics, its documentation, and the page at /.
import { accessSync, constants } from 'node:fs';
import { episodesOf, hasReport } from './episode-routes.js';
import { HttpProblem } from './http-problem.js';
import type { JobBoard } from './job-board.js';
import type { Metrics } from './metrics.js';
import { openApiDocument, type OpenApi } from './openapi.js';
import { docsPage, indexPage } from './pages.js';
import type { Project } from './project.js';
import type { Answer, Route } from './route.js';

export interface ServiceRoutesOptions {
  readonly board: JobBoard;
  readonly project: Project;
  readonly metrics: Metrics;
  readonly version: string;
  readonly needsToken: boolean;
  readonly isDraining: () => boolean;
  /** Every route, these included. */
  allRoutes(): readonly Route[];
}

const htmlType = 'text/html; charset=utf-8';
const jobsShown = 50;

export function serviceRoutes(options: ServiceRoutesOptions): readonly Route[] {
  const { board, project, metrics, version, needsToken } = options;
  const document = async (): Promise<OpenApi> => {
    const { pipeline } = await project.workspace();
    return openApiDocument(options.allRoutes(), { pipeline, version, needsToken });
  };
  return [
    {
      method: 'GET',
      path: '/',
      id: 'index',
      summary: 'A page with episodes and jobs',
      responses: { 200: { description: 'the page', type: 'text/html' } },
      handle: async () => {
        const episodes = await episodesOf(project);
        const { jobs } = board.list(() => true, { limit: jobsShown, before: undefined });
        return html(
          indexPage({
            episodes: episodes.map((ep) => ({ ep, hasReport: hasReport(project, ep) })),
            jobs: jobs.map((job) => ({ job, progress: board.progressOf(job.id) })),
          }),
        );
      },
    },
    {
      method: 'GET',
      path: '/openapi.json',
      id: 'openapi',
      summary: 'This API as an OpenAPI document',
      responses: { 200: { description: 'the document', type: 'application/json' } },
      handle: async () => ({ kind: 'json', status: 200, json: await document() }),
    },
    {
      method: 'GET',
      path: '/docs',
      id: 'docs',
      summary: 'This API for people',
      responses: { 200: { description: 'the page', type: 'text/html' } },
      handle: async () => html(docsPage(await document())),
    },
    {
      method: 'GET',
      path: '/healthz',
      id: 'healthz',
      summary: 'The server runs',
      open: true,
      responses: { 200: { description: 'it runs', type: 'application/json' } },
      handle: () => ({ kind: 'json', status: 200, json: { status: 'ok' } }),
    },
    {
      method: 'GET',
      path: '/readyz',
      id: 'readyz',
      summary: 'The server takes jobs',
      open: true,
      responses: {
        200: { description: 'it does', type: 'application/json' },
        503: { description: 'it is about to stop, or cannot write its data', schema: 'Problem' },
      },
      handle: () => {
        if (options.isDraining()) throw notReady('the server is about to stop', 'draining');
        if (!isWritable(project.stateRoot)) throw notReady('the data root cannot be written', 'disk');
        return { kind: 'json', status: 200, json: { status: 'ready' } };
      },
    },
    {
      method: 'GET',
      path: '/metrics',
      id: 'metrics',
      summary: 'Numbers for Prometheus',
      responses: { 200: { description: 'the numbers', type: 'text/plain' } },
      handle: async () => ({ kind: 'text', status: 200, text: await metrics.text(), type: metrics.type }),
    },
  ];
}

function html(text: string): Answer {
  return { kind: 'text', status: 200, text, type: htmlType, headers: { 'cache-control': 'no-cache' } };
}

function notReady(detail: string, code: string): HttpProblem {
  return new HttpProblem(503, detail, { code, headers: { 'retry-after': '10' } });
}

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
