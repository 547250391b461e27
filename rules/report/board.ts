// The screen-time board: a row a person, the answer the page exists for.
import { screentimeCsv } from '../../src/stage/screentime-csv.js';
import { clock, clockTenths, counted, percent } from './format.js';
import { html, type Html } from './html.js';
import { face, name } from './person.js';
import type { PersonView, ReportView } from './view.js';

/** People beyond these are folded until somebody asks for them. */
export const foldAfter = 25;

/** Headings that sort; the column's cells say their value in data-v. */
const columns = [
  { title: 'Person', sort: 'text', className: '' },
  { title: 'On screen', sort: 'number', className: 'n' },
  { title: '± s', sort: 'number', className: 'n', hint: 'Each start and end is uncertain by one sampling step' },
  { title: 'Share of the episode', sort: 'number', className: '' },
  { title: 'Appearances', sort: 'number', className: 'n' },
  { title: 'First seen', sort: 'number', className: 'n' },
  {
    title: 'Confidence',
    sort: 'number',
    className: 'n',
    hint: 'Share of the seconds whose faces surely are this person',
  },
] as const;

export function board(view: ReportView): Html {
  const { people, screentime } = view;
  const longest = Math.max(...people.map(({ time }) => time.share), screentime.others.share, 1e-9);
  return html`<section aria-labelledby="board">
    <div class="head">
      <h2 id="board">Screen time</h2>
      <a
        class="button"
        download="${screentime.ep_id}-screentime.csv"
        href="data:text/csv;charset=utf-8;base64,${csv(view)}"
        >Download CSV</a
      >
    </div>
    <div class="scroll" tabindex="0" role="region" aria-labelledby="board">
      <table class="board" id="people">
        <thead>
          <tr>
            ${columns.map(heading)}
          </tr>
        </thead>
        <tbody data-fold="${foldAfter}">
          ${people.map((person) => row(person, longest))}
        </tbody>
        ${
          screentime.others.identity_ids.length > 0 &&
          html`<tfoot>
            ${othersRow(view, longest)}
          </tfoot>`
        }
      </table>
    </div>
    ${unfold('people', people.length)}
    <p class="note">
      On screen is seen and bridged time together. Bridged are short holes, when a face turns away within one shot.
    </p>
  </section>`;
}

/** The button that shows what is folded; the script reveals it, and without one nothing is folded. */
export function unfold(target: string, count: number): Html | undefined {
  if (count <= foldAfter) return undefined;
  return html`<button
    type="button"
    class="button"
    data-unfold="${target}"
    aria-expanded="false"
    aria-controls="${target}"
    hidden
  >
    Show all ${count} people
  </button>`;
}

function heading(column: (typeof columns)[number], index: number): Html {
  const hint = 'hint' in column && column.hint;
  const sorted = index === 1 && html` aria-sort="descending"`;
  return html`<th scope="col" class="${column.className}" ${sorted}>
    <button type="button" data-sort="${column.sort}" ${hint && html` title="${hint}"`}>
      ${column.title}<span class="arrow" aria-hidden="true"></span>
    </button>
  </th>`;
}

function row(person: PersonView, longest: number): Html {
  const { time, total_s } = person;
  const bridged = time.bridged_s > 0 && html`, ${time.bridged_s.toFixed(2)} bridged`;
  return html`<tr style="--h:${person.hue}">
    <th scope="row" data-v="${person.label}">
      <span class="who"
        >${face(person)}<span>${name(person)}${person.named && html`<small>${person.id}</small>`}</span></span
      >
    </th>
    <td class="n" data-v="${total_s}"><b>${clock(total_s)}</b><small>${total_s.toFixed(2)} s${bridged}</small></td>
    <td class="n" data-v="${time.error_s}">${time.error_s.toFixed(2)}</td>
    <td data-v="${time.share}">${bar(time.share, time.bridged_s / Math.max(total_s, 1e-9), longest)}</td>
    <td class="n" data-v="${time.appearances}">${time.appearances}</td>
    <td class="n" data-v="${time.first_s}">${clockTenths(time.first_s)}</td>
    <td class="n" data-v="${time.confidence}">${confidence(time.confidence)}</td>
  </tr>`;
}

/** Below a half most of the seconds are doubtful: said in a word, not by colour alone. */
function confidence(value: number): Html {
  return html`${(value * 100).toFixed(0)} %${value < 0.5 && html`<small class="warn">check</small>`}`;
}

function bar(share: number, bridgedPart: number, longest: number): Html {
  const width = (share / longest) * 100;
  const seen = width * (1 - bridgedPart);
  return html`<span class="share"
    ><span class="bar" aria-hidden="true"
      ><i style="width:${seen.toFixed(2)}%"></i
      ><i class="bridged" style="width:${(width - seen).toFixed(2)}%"></i></span
    ><span class="n">${percent(share)}</span></span
  >`;
}

function othersRow({ screentime: { others }, labelOf }: ReportView, longest: number): Html {
  const total = others.screen_time_s + others.bridged_s;
  const count = others.identity_ids.length;
  const bridged = others.bridged_s > 0 && html`, ${others.bridged_s.toFixed(2)} bridged`;
  return html`<tr class="others">
    <th scope="row">
      <details>
        <summary>
          ${count === 1 ? '1 other' : `${count} others`}<small>too brief or too doubtful for a row</small>
        </summary>
        <p>${others.identity_ids.map((id, index) => html`${index > 0 && ', '}<bdi>${labelOf.get(id) ?? id}</bdi>`)}</p>
      </details>
    </th>
    <td class="n"><b>${clock(total)}</b><small>${total.toFixed(2)} s${bridged}</small></td>
    <td class="n">${others.error_s.toFixed(2)}</td>
    <td>${bar(others.share, others.bridged_s / Math.max(total, 1e-9), longest)}</td>
    <td class="n"><span title="${counted(others.appearances, 'appearance')}">${others.appearances}</span></td>
    <td></td>
    <td></td>
  </tr>`;
}

function csv({ screentime }: ReportView): string {
  return Buffer.from(screentimeCsv(screentime), 'utf8').toString('base64');
}
