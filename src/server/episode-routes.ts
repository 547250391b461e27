// Episodes and their files: the list, the built report, the video with ranges, thumbs that browsers
// may keep for ever. Reads only, and only inside the data root.
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { existsSync } from 'node:fs';
import { matchEpisodes, matchPattern } from '../disk/glob.js';
import { fillIn } from '../graph/graph.js';
import { artifactPath } from '../stage/artifact-path.js';
import { HttpProblem } from './http-problem.js';
import { episodePattern, type Project } from './project.js';
import type { Answer, Asked, ObjectSchema, Route } from './route.js';

const ep = { type: 'string', pattern: episodePattern, title: 'an episode', description: 'the episode' } as const;
const ofEpisode: ObjectSchema = { type: 'object', required: ['ep_id'], properties: { ep_id: ep } };
const ofThumb: ObjectSchema = {
  type: 'object',
  required: ['ep_id', 'name'],
  properties: {
    ep_id: ep,
    name: {
      type: 'string',
      pattern: '^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$',
      title: 'a file name',
      description: 'name of the thumb, as in identities.json',
    },
  },
};
const thumbQuery: ObjectSchema = {
  type: 'object',
  properties: {
    v: {
      type: 'string',
      pattern: '^[0-9a-f]{16}$',
      title: 'a digest',
      description: 'digest of the thumb, as its link has it',
    },
  },
};
const missing = { 404: { description: 'it is not there', schema: 'Problem' } } as const;

/** A report may run its own scripts, but as a page of nowhere: it cannot post to this server. */
const reportPolicy =
  "sandbox allow-scripts allow-popups allow-downloads; default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data: blob:; media-src data: blob:; font-src data:";

/** The episodes that the API can name, in order. */
export async function episodesOf(project: Project): Promise<readonly string[]> {
  const shape = new RegExp(episodePattern);
  const { dataRoot, pipeline } = await project.workspace();
  return [...matchEpisodes(dataRoot, pipeline.each).keys()].filter((name) => shape.test(name));
}

export function hasReport(project: Project, episode: string): boolean {
  return project.fileAt(artifactPath(episode, 'report')) !== undefined;
}

export function episodeRoutes(project: Project): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/episodes',
      id: 'listEpisodes',
      summary: 'Episodes with a video',
      responses: { 200: { description: 'the episodes', schema: 'EpisodeList' } },
      handle: async () => {
        const episodes = (await episodesOf(project)).map((episode) => episodeDocument(project, episode));
        return { kind: 'json', status: 200, json: { episodes, count: episodes.length } };
      },
    },
    {
      method: 'GET',
      path: '/episodes/{ep_id}',
      id: 'getEpisode',
      summary: 'One episode: its links, and its people with their thumbs',
      params: ofEpisode,
      responses: { 200: { description: 'the episode', schema: 'Episode' }, ...missing },
      handle: async ({ params }) => {
        const episode = params['ep_id']!;
        if (!(await episodesOf(project)).includes(episode)) throw notThere(`there is no episode ${episode}`);
        const people = await peopleOf(project, episode);
        return { kind: 'json', status: 200, json: { ...episodeDocument(project, episode), identities: people } };
      },
    },
    {
      method: 'GET',
      path: '/episodes/{ep_id}/video',
      id: 'getVideo',
      summary: 'The video; ranges are served',
      params: ofEpisode,
      headers: { Range: 'a part of the video' },
      responses: {
        200: { description: 'the video', type: 'video/*' },
        206: { description: 'the range', type: 'video/*' },
        416: { description: 'the range is not in the file', schema: 'Problem' },
        ...missing,
      },
      handle: async ({ params }) => {
        const { dataRoot, pipeline } = await project.workspace();
        const path = matchPattern(dataRoot, fillIn(pipeline.each, params['ep_id'])).find((one) =>
          existsSync(join(dataRoot, one)),
        );
        const absolute = path === undefined ? undefined : project.videoAt(join(dataRoot, path));
        if (absolute === undefined) throw notThere('this episode has no video here');
        return { kind: 'file', absolute, headers: { 'cache-control': 'private, no-cache' } };
      },
    },
    {
      method: 'GET',
      path: '/episodes/{ep_id}/thumbs/{name}',
      id: 'getThumb',
      summary: 'A thumb; with its digest it may be kept for ever',
      params: ofThumb,
      query: thumbQuery,
      responses: { 200: { description: 'the picture', type: 'image/jpeg' }, ...missing },
      handle: async (asked) => thumb(project, asked),
    },
    {
      method: 'GET',
      path: '/reports/{ep_id}/',
      id: 'getReport',
      summary: 'The built report page',
      params: ofEpisode,
      responses: { 200: { description: 'the page', type: 'text/html' }, ...missing },
      handle: ({ params }) => {
        const absolute = project.fileAt(artifactPath(params['ep_id']!, 'report'));
        if (absolute === undefined) throw notThere('no report is built for this episode yet');
        const headers = { 'cache-control': 'private, no-cache', 'content-security-policy': reportPolicy };
        return { kind: 'file', absolute, headers };
      },
    },
  ];
}

// A thumb's link holds its digest: under that link it never changes, and a stale link names nothing.
async function thumb(project: Project, { params, query }: Asked): Promise<Answer> {
  const absolute = project.fileAt(`${artifactPath(params['ep_id']!, 'thumbs_dir')}${params['name']!}`);
  if (absolute === undefined) throw notThere('there is no such thumb');
  const { v } = query;
  if (v === undefined) return { kind: 'file', absolute, headers: { 'cache-control': 'private, no-cache' } };
  if ((await shortDigest(absolute)) !== v) throw notThere('there is no thumb with this digest any more');
  return { kind: 'file', absolute, headers: { 'cache-control': 'private, max-age=31536000, immutable' } };
}

function episodeDocument(project: Project, episode: string): Readonly<Record<string, unknown>> {
  return {
    ep_id: episode,
    links: {
      self: `/episodes/${episode}`,
      video: `/episodes/${episode}/video`,
      jobs: `/jobs?ep_id=${episode}`,
      ...(hasReport(project, episode) ? { report: `/reports/${episode}/` } : {}),
    },
  };
}

interface Identities {
  readonly identities: readonly {
    readonly identity_id: string;
    readonly name?: string;
    readonly thumb_path?: string | null;
  }[];
}

async function peopleOf(project: Project, episode: string): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const file = project.fileAt(artifactPath(episode, 'identities'));
  if (file === undefined) return [];
  const { identities } = JSON.parse(await readFile(file, 'utf8')) as Identities;
  const folder = artifactPath(episode, 'thumbs_dir');
  return Promise.all(
    identities.map(async ({ identity_id, name = null, thumb_path }) => {
      const absolute = thumb_path?.startsWith(folder) === true ? project.fileAt(thumb_path) : undefined;
      const url =
        absolute === undefined
          ? null
          : `/episodes/${episode}/thumbs/${thumb_path!.slice(folder.length)}?v=${await shortDigest(absolute)}`;
      return { identity_id, name, thumb_url: url };
    }),
  );
}

async function shortDigest(absolute: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(absolute))
    .digest('hex')
    .slice(0, 16);
}

function notThere(message: string): HttpProblem {
  return new HttpProblem(404, message, { code: 'not-found' });
}
