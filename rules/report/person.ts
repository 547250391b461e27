// A person's picture and name, the same wherever the page shows somebody.
import { html, trusted, type Html } from './html.js';
import type { PersonView } from './view.js';

/** The thumbnail, or initials on the person's colour. The name always stands beside it. */
export function face({ id, initials, thumb }: PersonView, size: 'small' | 'large' = 'small'): Html {
  const large = size === 'large' && ' large';
  return thumb === undefined
    ? html`<span class="face initials${large}" aria-hidden="true">${initials}</span>`
    : html`<span class="face ${thumbClass(id)}${large}" aria-hidden="true"></span>`;
}

/** `bdi`: a name written from right to left must not turn the numbers beside it around. */
export function name({ label, named, suggested }: PersonView): Html {
  return html`<bdi class="name${!named && ' unnamed'}">${label}</bdi
    >${suggested !== undefined && html` <small class="muted">perhaps <bdi>${suggested}</bdi></small>`}`;
}

/** Each picture once, as a background, however often it is shown. */
export function thumbStyles(people: readonly PersonView[]): Html {
  const rules = people.flatMap(({ id, thumb }) =>
    thumb === undefined ? [] : [`.${thumbClass(id)}{background-image:url(${thumb})}`],
  );
  return trusted(rules.join('\n'));
}

/** Ids come from a file: only what a class name may hold is kept, the rest by its code. */
function thumbClass(id: string): string {
  return `t-${id.replace(/[^A-Za-z0-9]/g, (character) => `-${character.codePointAt(0)!.toString(16)}-`)}`;
}
