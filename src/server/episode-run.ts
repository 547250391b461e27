// Reads the body of POST /jobs/episode-run: the Python engine's fields, every param by its own name,
// null for "not set". Decides nothing about the build; values win as everywhere: explicit > episode >
// profile > params.
import { existsSync, statSync } from 'node:fs';
import { isAbsolute, join } from 'node:path';
import { Facts } from '../app/facts.js';
import type { Workspace } from '../app/workspace.js';
import type { Json } from '../base/canonical-json.js';
import { ProblemError } from '../base/problem.js';
import { matchPattern } from '../disk/glob.js';
import { fillIn } from '../graph/graph.js';
import { devicesToTry, type Device } from '../models/devices.js';
import type { ParamValues, Pipeline } from '../pipeline/pipeline.js';
import { fits, type ValueSchema } from '../pipeline/value-schema.js';
import { faultsOf, HttpProblem, invalidRequest, type RequestFault } from './http-problem.js';
import { episodePattern, type Project } from './project.js';
import { faultsIn, type ObjectSchema } from './route.js';

/** What a job builds. */
export interface EpisodeRunRequest {
  readonly ep: string;
  readonly profile: string | null;
  readonly config: ParamValues;
  /** Absolute path of a video to bring in. */
  readonly video: string | null;
}

type Body = Readonly<Record<string, Json>>;

const episodeId: ValueSchema = {
  type: 'string',
  pattern: episodePattern,
  title: 'an episode: small letters, digits, ".", "_" and "-", a letter or digit first',
  description: 'the episode',
};

const ownParam: ValueSchema = {
  type: ['string', 'number', 'boolean', 'null'],
  title: 'text, a number, true, false or null',
  description: 'a param of this project',
};

/** The body's schema for a pipeline: params that it declares, and those that only say how to run. */
export function episodeRunSchema({ params, profiles, fields = {} }: Pipeline): ObjectSchema {
  const declared = Object.entries(fields).filter(([name, { how }]) => how || Object.hasOwn(params, name));
  const own = Object.keys(params).filter((name) => !Object.hasOwn(fields, name));
  return {
    type: 'object',
    title: 'a map',
    required: ['ep_id'],
    additionalProperties: false,
    properties: {
      ep_id: episodeId,
      video_path: {
        ...orNull({ type: 'string', pattern: '^[^\\p{Cc}]{1,4096}$', title: 'a path' }),
        description: 'a video to bring in when the episode is new; under the data root or a folder of --allow-videos',
      },
      profile: {
        ...orNull({ type: 'string' }),
        description: `a profile of pipeline.yaml: ${Object.keys(profiles).join(', ') || 'there is none'}`,
      },
      ...Object.fromEntries(declared.map(([name, { schema }]) => [name, { ...orNull(schema), ...described(schema) }])),
      ...Object.fromEntries(own.map((name) => [name, ownParam])),
    },
  };
}

/**
 * The request that a body means. Throws HttpProblem: 422 with every fault, 404 for an episode without
 * a video, 409 for a second video of one episode.
 */
export function readEpisodeRun(body: Json | undefined, project: Project, workspace: Workspace): EpisodeRunRequest {
  const { pipeline } = workspace;
  const faults = faultsIn('body', episodeRunSchema(pipeline), body ?? null);
  if (faults.length > 0) throw invalidRequest(faults);
  const { ep_id, video_path = null, profile = null, ...rest } = body as Body;
  const ep = ep_id as string;
  const { fields = {} } = pipeline;
  const config = Object.fromEntries(
    Object.entries(rest).filter(
      ([name, value]) => value !== null || !Object.hasOwn(fields, name) || fits(fields[name]!.schema, null),
    ),
  );
  checkParams(workspace, { ep, profile: profile as string | null, config }, project);
  const video = checkVideo(ep, video_path as string | null, project, workspace);
  return { ep, profile: profile as string | null, config, video };
}

function checkParams(
  workspace: Workspace,
  { ep, profile, config }: Omit<EpisodeRunRequest, 'video'>,
  { devices }: Project,
): void {
  const facts = new Facts(workspace, { profile: profile ?? undefined, explicit: config });
  const values = orInvalid(
    () => facts.paramsOf(ep),
    (code, message) =>
      code === 'unknown-profile'
        ? ['body', 'profile']
        : ['body', Object.keys(config).find((name) => message.includes(`"${name}"`)) ?? 'params'],
  );
  const allowCpuFallback = values['allow_cpu_fallback'] === true;
  for (const name of ['device', 'embed_device'] as const) {
    const asked = (values[name] ?? 'auto') as Device;
    orInvalid(
      () => devicesToTry(asked, { available: devices, allowCpuFallback }),
      () => ['body', name],
    );
  }
  for (const role of ['detector', 'embedder'] as const) {
    if (workspace.pipeline.rules.some(({ models }) => models.includes(role)))
      orInvalid(
        () => facts.modelOf(role, ep),
        () => ['body', role],
      );
  }
}

function checkVideo(
  ep: string,
  named: string | null,
  project: Project,
  { pipeline, dataRoot }: Workspace,
): string | null {
  for (const folder of [`videos/${ep}`, `manifests/${ep}`, `frames/${ep}`, `reports/${ep}`])
    if (!project.isConfined(folder))
      throw outside(['body', 'ep_id'], `the folder ${folder} leads out of the data root`);
  const existing = matchPattern(dataRoot, fillIn(pipeline.each, ep)).find((path) => existsSync(join(dataRoot, path)));
  const video = named === null ? null : videoNamed(named, project);
  if (existing !== undefined) {
    const present = project.videoAt(join(dataRoot, existing));
    if (present === undefined) throw outside(['body', 'ep_id'], `the video of ${ep} leads out of the data root`);
    if (video !== null && video !== present && !isSameSize(video, present))
      throw new HttpProblem(
        409,
        `episode ${ep} has another video already; remove it first, or give this one another name`,
        {
          code: 'episode-exists',
        },
      );
    return video === present ? null : video;
  }
  if (video === null)
    throw new HttpProblem(
      404,
      `there is no video of episode ${JSON.stringify(ep)}; send video_path, or bring it in with: sa add ${ep} VIDEO`,
      {
        code: 'unknown-episode',
      },
    );
  return video;
}

function videoNamed(named: string, project: Project): string {
  const path = isAbsolute(named) ? named : join(project.dataRoot, named);
  const video = project.videoAt(path);
  if (video !== undefined) return video;
  throw outside(['body', 'video_path'], 'video_path names no file under the data root');
}

function isSameSize(a: string, b: string): boolean {
  return statSync(a).size === statSync(b).size;
}

function outside(loc: RequestFault['loc'], message: string): HttpProblem {
  const msg = `${message}, nor under a folder that the server was given with --allow-videos`;
  return invalidRequest([{ loc, msg, type: 'path-not-allowed' }]);
}

function orInvalid<T>(work: () => T, loc: (code: string, message: string) => RequestFault['loc']): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof ProblemError) throw invalidRequest(faultsOf(error, loc));
    throw error;
  }
}

/** Clients send null for a field of their form that was left empty. */
function orNull(schema: ValueSchema): ValueSchema {
  return fits(schema, null) ? schema : { anyOf: [schema, { type: 'null' }] };
}

function described({ description }: ValueSchema): ValueSchema {
  return description === undefined ? {} : { description };
}
