// The people as cards: what stands behind each row of the board, and what to look at twice.
import { foldAfter, unfold } from './board.js';
import { clockTenths, counted } from './format.js';
import { html, type Html } from './html.js';
import { face, name } from './person.js';
import type { PersonView, ReportView } from './view.js';

export function cards({ people }: ReportView): Html {
  return html`<section aria-labelledby="cards">
    <h2 id="cards">People</h2>
    <ul class="cards" id="all-cards" data-fold="${foldAfter}">
      ${people.map(card)}
    </ul>
    ${unfold('all-cards', people.length)}
  </section>`;
}

function card(person: PersonView): Html {
  const { time, identity } = person;
  const facts: readonly (readonly [string, string])[] = [
    ['Longest', `${time.longest_s.toFixed(1)} s`],
    ['Alone', `${time.solo_s.toFixed(1)} s`],
    ['Last seen', clockTenths(time.last_s)],
    ['Scenes', String(time.scenes)],
    ['Face height', `${(time.mean_face_height * 100).toFixed(0)} % of the picture`],
  ];
  const behind =
    identity &&
    `${counted(identity.track_ids.length, 'track')}, ${counted(identity.embedding_stats.num_faces_total, 'face')}`;
  return html`<li class="card" style="--h:${person.hue}">
    ${face(person, 'large')}
    <div>
      <h3>${name(person)}</h3>
      <p class="muted">${behind ?? person.id}</p>
      ${badges(person)}
      <dl>
        ${facts.map(
          ([term, value]) =>
            html`<div>
              <dt>${term}</dt>
              <dd>${value}</dd>
            </div>`,
        )}
      </dl>
    </div>
  </li>`;
}

function badges({ identity }: PersonView): Html | undefined {
  if (identity === undefined) return undefined;
  const { cohesion, min_sim } = identity.embedding_stats;
  const single = identity.track_ids.length < 2;
  return html`<p class="badges">
    ${!single && html`<span class="badge${identity.low_cohesion && ' warn'}" title="Similarity of the tracks to their mean ${cohesion.toFixed(3)}, of the least similar one ${min_sim.toFixed(3)}">${identity.low_cohesion ? 'low cohesion' : 'cohesion'} ${cohesion.toFixed(2)}</span>`}
    ${identity.locked && html`<span class="badge">locked</span>`}
    ${identity.name_from === 'cast' && html`<span class="badge" title="The cast gallery gave the name">like the cast pictures ${(identity.name_similarity ?? 0).toFixed(2)}</span>`}
    ${(identity.suggestions ?? []).map(({ name: whom, similarity }) => html`<span class="badge" title="Similarity to this person's cast pictures">perhaps <bdi>${whom}</bdi> ${similarity.toFixed(2)}</span>`)}
    ${identity.outlier_reason !== undefined && html`<span class="badge warn" title="${identity.outlier_reason}">left its group</span>`}
  </p>`;
}
