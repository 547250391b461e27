// The OpenAPI document, made of the routes and the schemas that requests are checked with. Pure.
import type { Pipeline } from '../pipeline/pipeline.js';
import type { ValueSchema } from '../pipeline/value-schema.js';
import { episodeRunSchema } from './episode-run.js';
import { jobSchema, jobStates } from './job.js';
import { progressSchema } from './progress.js';
import type { ObjectSchema, Route } from './route.js';

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
  readonly required: boolean;
  readonly description: string;
  readonly schema: ValueSchema;
}

interface Content {
  readonly [type: string]: { readonly schema: ValueSchema | { readonly $ref: string } };
}

export interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: true; readonly content: Content };
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content?: Content }>>;
  readonly security?: readonly Readonly<Record<string, readonly string[]>>[];
}

export interface OpenApi {
  readonly openapi: '3.1.0';
  readonly info: { readonly title: string; readonly version: string; readonly description: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: {
    readonly schemas: Readonly<Record<string, ValueSchema>>;
    readonly securitySchemes: Readonly<Record<string, unknown>>;
  };
}

export function openApiDocument(
  routes: readonly Route[],
  {
    pipeline,
    version,
    needsToken,
  }: { readonly pipeline: Pipeline; readonly version: string; readonly needsToken: boolean },
): OpenApi {
  const paths: Record<string, Record<string, Operation>> = {};
  for (const route of routes) {
    paths[route.path] = { ...paths[route.path], [route.method.toLowerCase()]: operation(route, needsToken) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'sa job API',
      version,
      description: 'Runs builds of episodes as jobs. Faults are application/problem+json with a "detail".',
    },
    paths,
    components: {
      schemas: { ...schemas, EpisodeRun: episodeRunSchema(pipeline) },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
    },
  };
}

function operation(route: Route, needsToken: boolean): Operation {
  const { id, summary, description, body, responses } = route;
  return {
    operationId: id,
    summary,
    ...(description === undefined ? {} : { description }),
    parameters: [
      ...parameters('path', route.params),
      ...parameters('query', route.query),
      ...Object.entries(route.headers ?? {}).map(([name, about]): Parameter => ({
        name,
        in: 'header',
        required: false,
        description: about,
        schema: { type: 'string' },
      })),
    ],
    ...(body === undefined
      ? {}
      : { requestBody: { required: true as const, content: { 'application/json': { schema: reference(body) } } } }),
    responses: Object.fromEntries(
      Object.entries(responses).map(([status, { description: about, schema, type }]) => [
        status,
        { description: about, ...contentOf(schema, type) },
      ]),
    ),
    ...(needsToken && route.open !== true ? { security: [{ token: [] }] } : {}),
  };
}

function parameters(place: 'path' | 'query', schema: ObjectSchema | undefined): Parameter[] {
  return Object.entries(schema?.properties ?? {}).map(([name, one]) => ({
    name,
    in: place,
    required: schema?.required?.includes(name) === true,
    description: one.description ?? '',
    schema: one,
  }));
}

function contentOf(schema: string | undefined, type: string | undefined): { readonly content?: Content } {
  if (schema === undefined) return type === undefined ? {} : { content: { [type]: { schema: { type: 'string' } } } };
  const media = schema === 'Problem' ? 'application/problem+json' : 'application/json';
  return { content: { [media]: { schema: reference(schema) } } };
}

function reference(name: string): { readonly $ref: string } {
  return { $ref: `#/components/schemas/${name}` };
}

const links: ValueSchema = { type: 'object', additionalProperties: { type: 'string' } };

const schemas: Readonly<Record<string, ValueSchema>> = {
  JobAccepted: {
    type: 'object',
    required: ['job_id', 'status'],
    properties: { job_id: { type: 'string' }, status: { enum: [...jobStates] } },
  },
  Job: jobSchema,
  JobList: {
    type: 'object',
    required: ['jobs', 'count', 'next'],
    properties: {
      jobs: { type: 'array', items: jobSchema },
      count: { type: 'integer' },
      next: { type: ['string', 'null'], description: 'the cursor of the next page' },
    },
  },
  Progress: progressSchema,
  EpisodeList: {
    type: 'object',
    properties: {
      episodes: { type: 'array', items: { type: 'object', properties: { ep_id: { type: 'string' }, links } } },
      count: { type: 'integer' },
    },
  },
  Episode: {
    type: 'object',
    properties: {
      ep_id: { type: 'string' },
      links,
      identities: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            identity_id: { type: 'string' },
            name: { type: ['string', 'null'] },
            thumb_url: { type: ['string', 'null'] },
          },
        },
      },
    },
  },
  Problem: {
    type: 'object',
    required: ['type', 'title', 'status', 'detail'],
    properties: {
      type: { type: 'string' },
      title: { type: 'string' },
      status: { type: 'integer' },
      detail: { type: 'string', description: 'what is wrong and what to do' },
      instance: { type: 'string' },
      code: { type: 'string', description: 'a stable word for programs' },
      errors: {
        type: 'array',
        items: {
          type: 'object',
          required: ['loc', 'msg', 'type'],
          properties: {
            loc: { type: 'array', items: { type: ['string', 'integer'] } },
            msg: { type: 'string' },
            type: { type: 'string' },
          },
        },
      },
    },
  },
};
