// The report as one HTML file that asks for nothing: pictures, style and script are inside, and a
// content policy forbids the rest. Pure; the same artifacts give the same bytes.
import { createHash } from 'node:crypto';
import { about } from './about.js';
import { board } from './board.js';
import { cards } from './cards.js';
import { clock, counted, percent } from './format.js';
import { html, trusted, type Html } from './html.js';
import { name, thumbStyles } from './person.js';
import { script } from './script.js';
import { style } from './style.js';
import { timeline } from './timeline.js';
import { scenesTable, together } from './together.js';
import { type ReportInput, type ReportView, reportView } from './view.js';

/** The whole page, with a line feed at the end. */
export function reportPage(input: ReportInput): string {
  const view = reportView(input);
  const { ep_id } = view.screentime;
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy()}" />
        <meta name="viewport" content="width=device-width,initial-scale=1" />
        <title>Screen time in ${ep_id}</title>
        ${trusted(`<style>${style}`)}${thumbStyles(view.people)}${trusted('</style>')}
      </head>
      <body>
        ${header(view)}
        <main>${body(view)}</main>
        <footer>Made by sa from screentime.json, identities.json and scenes.json of ${ep_id}.</footer>
        ${scriptElement}
      </body>
    </html> `;
  return `${page.text.trimEnd()}\n`;
}

/** In one piece: the policy allows exactly these bytes, so no white space may come between. */
const scriptElement = trusted(`<script>${script}</script>`);

/** Styles may be inline, for lanes carry their colour; of scripts only the page's own runs. */
function policy(): string {
  const digest = createHash('sha256').update(script).digest('base64');
  return `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${digest}'; base-uri 'none'; form-action 'none'`;
}

function header(view: ReportView): Html {
  const { people, screentime, scenes } = view;
  const [first] = people;
  const figures: readonly (readonly [string, string | Html])[] = [
    ['People', String(people.length)],
    ['A face on screen', html`${clock(view.faces_s)}<small>${percent(view.faces_s / screentime.duration_s)}</small>`],
    ['Scenes', String(scenes.scenes.length)],
    ['Length', clock(screentime.duration_s)],
    ...(first === undefined ? [] : [['Most on screen', name(first)] as const]),
  ];
  return html`<header>
    <p class="eyebrow">Screen time report</p>
    <h1>${screentime.ep_id}</h1>
    <dl class="figures">
      ${figures.map(
        ([term, value]) =>
          html`<div>
            <dt>${term}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
  </header>`;
}

function body(view: ReportView): Html {
  const { people, screentime } = view;
  const others = screentime.others.identity_ids.length;
  if (people.length === 0 && others === 0) return html`${nobody(view)}${about(view)}`;
  return html`${board(view)} ${timeline(view)} ${people.length > 0 && cards(view)}
  ${people.length > 0 && together(view)} ${scenesTable(view)} ${about(view)}`;
}

function nobody({ scenes, screentime, detector }: ReportView): Html {
  const where = `${counted(scenes.scenes.length, 'scene')} of ${clock(screentime.duration_s)}`;
  return html`<section class="empty">
    <h2>No faces found</h2>
    <p>
      ${detector.name} saw no face in ${where}. Where faces are small, a larger det_size or a lower det_thresh may find
      them.
    </p>
  </section>`;
}
