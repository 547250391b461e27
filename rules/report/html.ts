// HTML as text that cannot be injected into: whatever is put into a template is escaped unless it
// came out of a template itself. It knows nothing of the report.

/** Markup that is safe as it stands. Only `html` and `trusted` make one. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What a template takes; undefined and false leave nothing. */
export type Part = Html | string | number | undefined | false | readonly Part[];

/** A tagged template: strings are escaped for text and quoted attributes, lists joined. */
export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Html {
  // The source's own indentation is for us; a page with hundreds of people would be half spaces.
  const fixed = strings.map((string) => string.replace(/\n\s*/g, '\n'));
  return new Html(fixed.map((string, index) => string + (index < parts.length ? markup(parts[index]) : '')).join(''));
}

/** Our own style sheet or script, which must not be escaped. Never for anything that users wrote. */
export function trusted(text: string): Html {
  return new Html(text);
}

function markup(part: Part): string {
  if (part === undefined || part === false) return '';
  if (part instanceof Html) return part.text;
  return typeof part === 'object' ? part.map(markup).join('') : escaped(String(part));
}

const entities: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => entities[character]!);
}
