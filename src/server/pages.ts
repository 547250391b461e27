// The two pages for people: episodes and jobs at /, and the API's documentation at /docs. Plain HTML
// without scripts, nothing from elsewhere; every word from outside is escaped.
import { describeSchema, type ValueSchema } from '../pipeline/value-schema.js';
import type { JobRecord } from './job.js';
import type { OpenApi, Operation } from './openapi.js';
import type { Progress } from './progress.js';

export interface IndexContent {
  readonly episodes: readonly { readonly ep: string; readonly hasReport: boolean }[];
  readonly jobs: readonly { readonly job: JobRecord; readonly progress: Progress | undefined }[];
}

export function indexPage({ episodes, jobs }: IndexContent): string {
  const episodeRows = episodes.map(({ ep, hasReport }) => [
    text(ep),
    hasReport ? link(`/reports/${ep}/`, 'report') : 'not built',
    link(`/episodes/${ep}/video`, 'video'),
  ]);
  const jobRows = jobs.map(({ job, progress }) => [
    link(`/jobs/${job.id}`, job.id),
    text(job.request.ep),
    text(job.state),
    job.state === 'running' && progress !== undefined ? `${Math.floor(progress.fraction * 100)} %` : '',
    text(job.startedAt ?? ''),
    job.state === 'succeeded'
      ? `${job.summary?.identities_count ?? 0} identities`
      : text(job.error?.split('\n')[0] ?? ''),
  ]);
  return page('sa', [
    `<p>${link('/docs', 'the API')}</p>`,
    '<h2>Episodes</h2>',
    table(['episode', 'report', 'video'], episodeRows),
    '<h2>Latest jobs</h2>',
    table(['job', 'episode', 'state', 'done', 'started', 'result'], jobRows),
  ]);
}

export function docsPage({ info, paths, components }: OpenApi): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) =>
      operationSection(`${method.toUpperCase()} ${path}`, operation),
    ),
  );
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `<h3 id="${text(name)}">${text(name)}</h3>${fieldTable(schema)}`,
  );
  return page(`${info.title} ${info.version}`, [
    `<p>${text(info.description)} As a document for programs: ${link('/openapi.json', '/openapi.json')}.</p>`,
    ...operations,
    '<h2>Schemas</h2>',
    ...schemas,
  ]);
}

function operationSection(title: string, operation: Operation): string {
  const { summary, description = '', parameters, requestBody, responses } = operation;
  const body = requestBody?.content['application/json']?.schema;
  return [
    `<h2 id="${text(operation.operationId)}"><code>${text(title)}</code></h2>`,
    `<p>${text(summary)}. ${text(description)}</p>`,
    parameters.length === 0
      ? ''
      : table(
          ['parameter', 'in', 'takes', 'means'],
          parameters.map(({ name, in: place, schema, description: about }) => [
            `<code>${text(name)}</code>`,
            place,
            text(describeSchema(schema)),
            text(about),
          ]),
        ),
    body === undefined ? '' : `<p>Body: ${schemaLink(body)}</p>`,
    table(
      ['status', 'means', 'body'],
      Object.entries(responses).map(([status, { description: about, content = {} }]) => [
        status,
        text(about),
        Object.entries(content)
          .map(([type, { schema }]) => `${text(type)} ${'$ref' in schema ? schemaLink(schema) : ''}`)
          .join(', '),
      ]),
    ),
  ].join('\n');
}

function fieldTable({ properties = {}, required = [] }: ValueSchema): string {
  return table(
    ['field', 'takes', 'means'],
    Object.entries(properties).map(([name, schema]) => [
      `<code>${text(name)}</code>${required.includes(name) ? ' *' : ''}`,
      text(describeSchema(schema)),
      text(schema.description ?? ''),
    ]),
  );
}

function schemaLink(schema: ValueSchema | { readonly $ref: string }): string {
  const name = '$ref' in schema ? (schema.$ref.split('/').at(-1) ?? '') : '';
  return link(`#${name}`, name);
}

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[], tag: string): string =>
    `<tr>${cells.map((cell) => `<${tag}>${cell}</${tag}>`).join('')}</tr>`;
  return `<table>${line(heads, 'th')}${rows.map((row) => line(row, 'td')).join('\n')}</table>`;
}

function link(to: string, words: string): string {
  return `<a href="${text(to)}">${text(words)}</a>`;
}

function text(raw: string): string {
  return raw.replace(/[&<>"']/g, (mark) => `&#${mark.charCodeAt(0)};`);
}

function page(title: string, parts: readonly string[]): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${text(title)}</title>
<style>
body { font: 15px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: #fff; }
table { border-collapse: collapse; margin: 0.5rem 0 1.5rem; } th, td { text-align: left; vertical-align: top; padding: 0.2rem 0.8rem 0.2rem 0; border-bottom: 1px solid #ddd; }
h2 { margin-top: 2rem; } code { font-size: 0.95em; }
@media (prefers-color-scheme: dark) { body { color: #ddd; background: #1b1b1b; } a { color: #8bf; } th, td { border-color: #444; } }
</style></head><body><h1>${text(title)}</h1>
${parts.join('\n')}
</body></html>
`;
}
