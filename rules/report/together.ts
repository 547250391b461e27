// Who shares the screen with whom, and who is in each scene.
import { clockTenths } from './format.js';
import { html, type Html } from './html.js';
import { name } from './person.js';
import type { PersonView, ReportView } from './view.js';

/** A wider matrix is no longer read; the CSV and JSON exports have every pair. */
const matrixMax = 12;

/** Scenes listed at once; an episode of 40 minutes has several hundred. */
const scenesShown = 40;

export function together(view: ReportView): Html {
  return html`<section aria-labelledby="together">
    <h2 id="together">Together on screen</h2>
    ${matrixOrWhy(view)}
  </section>`;
}

function matrixOrWhy({ people, screentime }: ReportView): Html {
  if (people.length < 2)
    return html`<p class="note">Only one person has a row of their own, so nobody shares the screen with them.</p>`;
  const shown = people.slice(0, matrixMax);
  const seconds = new Map(
    screentime.co_appearance.flatMap(({ a, b, seconds: s }) => [
      [pair(a, b), s],
      [pair(b, a), s],
    ]),
  );
  const most = Math.max(...seconds.values(), 1e-9);
  const cell = (a: PersonView, b: PersonView): Html => {
    if (a === b)
      return html`<td class="n self" title="${a.label} alone: ${a.time.solo_s.toFixed(2)} s">
        ${a.time.solo_s.toFixed(1)}
      </td>`;
    const shared = seconds.get(pair(a.id, b.id)) ?? 0;
    const title = `${a.label} and ${b.label}: ${shared.toFixed(2)} s`;
    return html`<td class="n" style="--w:${(shared / most).toFixed(3)}" title="${title}">
      ${shared > 0 ? shared.toFixed(1) : html`<span class="zero">0</span>`}
    </td>`;
  };
  return html`<p class="note">
      Seconds that two people are on screen at once; the diagonal is time
      alone.${people.length > shown.length && ` The first ${shown.length} of ${people.length} people.`}
    </p>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="together">
      <table class="matrix">
        <thead>
          <tr>
            <td></td>
            ${shown.map((person) => html`<th scope="col" title="${person.label}">${name(person)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${shown.map(
            (a) =>
              html`<tr style="--h:${a.hue}">
                <th scope="row">${name(a)}</th>
                ${shown.map((b) => cell(a, b))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
}

function pair(a: string, b: string): string {
  return JSON.stringify([a, b]);
}

export function scenesTable(view: ReportView): Html {
  const rows = view.screentime.per_scene;
  const rest = rows.slice(scenesShown);
  return html`<section aria-labelledby="scenes">
    <h2 id="scenes">Scene by scene</h2>
    ${table(view, rows.slice(0, scenesShown))}
    ${
      rest.length > 0 &&
      html`<details class="more">
        <summary>Show the other ${rest.length} scenes</summary>
        ${table(view, rest)}
      </details>`
    }
  </section>`;
}

function table(view: ReportView, rows: ReportView['screentime']['per_scene']): Html {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="People in each scene">
    <table class="scene-table">
      <thead>
        <tr>
          <th scope="col" class="n">Scene</th>
          <th scope="col" class="n">From</th>
          <th scope="col" class="n">Length</th>
          <th scope="col">On screen, in seconds</th>
        </tr>
      </thead>
      <tbody>
        ${rows.map((row) => sceneRow(view, row))}
      </tbody>
    </table>
  </div>`;
}

function sceneRow({ people, labelOf }: ReportView, row: ReportView['screentime']['per_scene'][number]): Html {
  const known = new Map(people.map((person) => [person.id, person]));
  const present = Object.entries(row.seconds).sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1));
  const chips = present.map(([id, seconds]) => {
    const person = known.get(id);
    const label = id === 'others' ? 'others' : (labelOf.get(id) ?? id);
    return html`<li${person !== undefined && html` style="--h:${person.hue}"`}><i class="${person === undefined ? 'dot none' : 'dot'}" aria-hidden="true"></i><bdi>${label}</bdi> <span class="n">${seconds.toFixed(1)}</span></li>`;
  });
  return html`<tr>
    <th scope="row" class="n">${row.scene + 1}</th>
    <td class="n">${clockTenths(row.start_s)}</td>
    <td class="n">${(row.end_s - row.start_s).toFixed(1)} s</td>
    <td>
      ${
        chips.length > 0
          ? html`<ul class="chips">
              ${chips}
            </ul>`
          : html`<span class="muted">nobody</span>`
      }
    </td>
  </tr>`;
}
