// What the numbers rest on: the video, the settings, the models with their licences, and edits
// that no longer apply.
import type { DetectorCard, EmbedderCard } from '../../src/stage/model.js';
import { clock } from './format.js';
import { html, type Html } from './html.js';
import type { ReportView } from './view.js';

export function about(view: ReportView): Html {
  const { frames, scenes, identities } = view;
  const { metadata } = identities;
  const facts: readonly (readonly [string, string])[] = [
    [
      'Video',
      `${frames.width} × ${frames.height}, ${frames.codec}, ${frames.frame_count} frames at ${frames.fps.toFixed(2)} a second${frames.variable_rate ? ' on average (variable rate)' : ''}, ${clock(frames.duration_s)}`,
    ],
    ['Scenes', `${scenes.detector}, threshold ${scenes.threshold}, at least ${scenes.min_len} frames`],
    [
      'Grouping',
      `${metadata.algorithm}, ${metadata.linkage} linkage, similarity ${metadata.cluster_thresh} (cosine ${metadata.cluster_cosine.toFixed(3)})`,
    ],
    [
      'Found',
      `${metadata.num_tracks} tracks, ${metadata.num_identities} identities, ${metadata.num_singletons} of a single track`,
    ],
  ];
  return html`<section aria-labelledby="about">
    <h2 id="about">How this was measured</h2>
    <dl class="facts">
      ${facts.map(
        ([term, value]) =>
          html`<div>
            <dt>${term}</dt>
            <dd>${value}</dd>
          </div>`,
      )}
    </dl>
    <div class="scroll" tabindex="0" role="region" aria-label="Models">
      <table class="models">
        <thead>
          <tr>
            <th scope="col">Model</th>
            <th scope="col">Licence</th>
            <th scope="col">Trained on</th>
            <th scope="col">Source</th>
          </tr>
        </thead>
        <tbody>
          ${[view.detector, view.embedder].map(model)}
        </tbody>
      </table>
    </div>
    ${notApplied(view)} ${castNotes(view)}
  </section>`;
}

const roleWords: Readonly<Record<(DetectorCard | EmbedderCard)['role'], string>> = {
  detector: 'finds faces',
  embedder: 'tells people apart',
};

function model({ role, name, licence, training, source }: DetectorCard | EmbedderCard): Html {
  return html`<tr>
    <th scope="row">${name}<small>${roleWords[role]}</small></th>
    <td>${licence}</td>
    <td>${training}</td>
    <td>${source}</td>
  </tr>`;
}

function notApplied({ identities: { edits_not_applied: edits } }: ReportView): Html | undefined {
  if (edits.length === 0) return undefined;
  return html`<h3>Edits that no longer apply</h3>
    <ul class="edits">
      ${edits.map(({ edit, reason }) => html`<li><code>${edit}</code> ${reason}</li>`)}
    </ul>`;
}

/** Pictures of the cast gallery that could not be gone by, and files that are nobody's. */
function castNotes({ cast }: ReportView): Html | undefined {
  const rejected = (cast?.pictures ?? []).flatMap(({ path, rejection_reason: note }) => note === undefined ? [] : [{ path, note }]); // prettier-ignore
  const notes = [...rejected, ...(cast?.notes ?? [])];
  if (notes.length === 0) return undefined;
  return html`<h3>Cast pictures that were not used</h3>
    <ul class="edits">
      ${notes.map(({ path, note }) => html`<li><code>cast/${path}</code> ${note}</li>`)}
    </ul>`;
}
