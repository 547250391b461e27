// When everybody was on screen: a lane a person over the episode's scenes. Plain SVG, so that it
// prints and zooms sharply; what is seen is a full bar, what is bridged a thin one.
import { foldAfter, unfold } from './board.js';
import { clock, clockTenths, counted } from './format.js';
import { html, type Html } from './html.js';
import { face, name } from './person.js';
import type { PersonView, ReportView } from './view.js';

type Intervals = PersonView['time']['intervals'];

export function timeline(view: ReportView): Html {
  const { people, screentime } = view;
  const others = screentime.others.intervals.length > 0;
  return html`<section aria-labelledby="timeline">
    <div class="head">
      <h2 id="timeline">Timeline</h2>
      <p class="legend">
        <span><i class="seen"></i>seen</span><span><i class="thin"></i>bridged</span>
      </p>
      <label class="zoom" hidden
        >Zoom <input type="range" min="1" max="20" step="0.5" value="1" data-zoom="lanes"
      /></label>
    </div>
    <div class="scroll" tabindex="0" role="region" aria-label="Timeline, scrolls sideways when zoomed in">
      <div class="lanes" id="lanes">
        <div class="grid" aria-hidden="true">${sceneLines(view)}</div>
        <div class="lane scenes"><span class="label">Scenes</span>${scenesTrack(view)}</div>
        <div id="all-lanes" data-fold="${foldAfter}">
          ${people.map((person) => lane(person, screentime.duration_s))}
        </div>
        ${others && othersLane(screentime)}
        <div class="lane axis" aria-hidden="true">
          <span class="label"></span><span class="ticks">${ticks(screentime.duration_s)}</span>
        </div>
      </div>
    </div>
    ${unfold('all-lanes', people.length)}
  </section>`;
}

function lane(person: PersonView, duration: number): Html {
  return html`<div class="lane" style="--h:${person.hue}">
    <span class="label">${face(person)}${name(person)}</span>${track(person.label, person.time.intervals, duration)}
  </div>`;
}

function othersLane({ others, duration_s }: ReportView['screentime']): Html {
  return html`<div class="lane others">
    <span class="label"><span class="name unnamed">Others</span></span
    >${track('Others', others.intervals, duration_s)}
  </div>`;
}

function track(label: string, intervals: Intervals, duration: number): Html {
  const bars = intervals.map(({ start_s, end_s, kind }) => {
    const [y, height] = kind === 'seen' ? [0, 1] : [0.38, 0.24];
    const title = `${label}: ${clockTenths(start_s)} to ${clockTenths(end_s)}, ${(end_s - start_s).toFixed(2)} s ${kind}`;
    return html`<rect
      class="${kind}"
      x="${permille(start_s, duration)}"
      width="${permille(end_s - start_s, duration)}"
      y="${y}"
      height="${height}"
      ><title>${title}</title></rect
    >`;
  });
  return html`<svg viewBox="0 0 1000 1" preserveAspectRatio="none" role="img" aria-label="${spoken(label, intervals)}">
    ${bars}
  </svg>`;
}

/** What a screen reader says for a lane; the first few times stand for the rest. */
function spoken(label: string, intervals: Intervals): string {
  const seen = intervals.filter(({ kind }) => kind === 'seen');
  const times = seen.slice(0, 8).map(({ start_s, end_s }) => `${clockTenths(start_s)} to ${clockTenths(end_s)}`);
  const more = seen.length > times.length ? `, and ${seen.length - times.length} more` : '';
  return `${label}: seen in ${counted(seen.length, 'interval')}: ${times.join(', ')}${more}`;
}

function scenesTrack({ scenes: { scenes }, screentime: { duration_s } }: ReportView): Html {
  const bands = scenes.map(({ start_s, end_s }, index) => {
    const title = `Scene ${index + 1}: ${clockTenths(start_s)} to ${clockTenths(end_s)}`;
    return html`<rect
      class="scene${index % 2 === 1 && ' odd'}"
      x="${permille(start_s, duration_s)}"
      width="${permille(end_s - start_s, duration_s)}"
      y="0"
      height="1"
      ><title>${title}</title></rect
    >`;
  });
  const label = counted(scenes.length, 'scene');
  return html`<svg viewBox="0 0 1000 1" preserveAspectRatio="none" role="img" aria-label="${label}">${bands}</svg>`;
}

/** A line through all lanes at each cut. */
function sceneLines({ scenes: { scenes }, screentime: { duration_s } }: ReportView): Html {
  const lines = scenes.slice(1).map(({ start_s }) => {
    const x = permille(start_s, duration_s);
    return html`<line x1="${x}" x2="${x}" y1="0" y2="1"></line>`;
  });
  return html`<svg viewBox="0 0 1000 1" preserveAspectRatio="none">${lines}</svg>`;
}

function permille(seconds: number, duration: number): string {
  return ((seconds / duration) * 1000).toFixed(3);
}

/** Steps that people count in; the first that gives at most ten labels. */
const steps = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];

function ticks(duration: number): readonly Html[] {
  const step = steps.find((seconds) => duration / seconds <= 10) ?? Math.ceil(duration / 36_000) * 3600;
  const count = Math.floor(duration / step) + 1;
  return Array.from({ length: count }, (_, index) => {
    const at = index * step;
    return html`<span style="left:${((at / duration) * 100).toFixed(3)}%">${clock(at)}</span>`;
  });
}
