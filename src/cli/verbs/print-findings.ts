// Prints findings in the format that was asked for: for people, for programs, for CI systems.
import { problem } from '../../base/problem.js';
import { paint, printJson, type Io } from '../io.js';
import { text, type Flags } from '../options.js';
import {
  findingFormats,
  githubLines,
  junitDocument,
  type FindingFormat,
  type ShownFinding,
  type ShownFindings,
} from './finding-formats.js';

/** The format that --json or --format name; text unless given. */
export function requireFormat(verb: string, flags: Flags): FindingFormat {
  const word = flags['json'] === true ? 'json' : (text(flags['format']) ?? 'text');
  const format = findingFormats.find((one) => one === word);
  if (format !== undefined) return format;
  throw problem(
    'unknown-format',
    `${verb} knows no format ${JSON.stringify(word)}`,
    `there are: ${findingFormats.join(', ')}`,
  );
}

/** `document` is what json prints; the other formats say the same of `shown`. */
export function printFindings(io: Io, format: FindingFormat, document: unknown, shown: ShownFindings): void {
  switch (format) {
    case 'json':
      printJson(io, document);
      break;
    case 'github':
      io.out.write(githubLines(shown));
      break;
    case 'junit':
      io.out.write(junitDocument(shown));
      break;
    case 'text':
      io.out.write(textOf(io, shown));
  }
}

function textOf({ out }: Io, { findings, warnings, summary }: ShownFindings): string {
  const line = (style: 'red' | 'yellow', { id, state, lines }: ShownFinding): string =>
    `${paint(out, style, state.replace(/^is /, ''))} ${id}: ${lines.join('; ')}`;
  return `${[
    ...findings.map((finding) => line('red', finding)),
    ...warnings.map((finding) => line('yellow', finding)),
    summary,
  ].join('\n')}\n`;
}
