// Findings of verify and golden check in the forms that CI systems read.

/** One thing that is not as it should be. */
export interface ShownFinding {
  /** An action or a person: `cluster@demo`. */
  readonly id: string;
  /** `is stale`, `moved`. */
  readonly state: string;
  /** Reason words: `param-changed`. */
  readonly kinds: readonly string[];
  readonly lines: readonly string[];
}

export interface ShownFindings {
  /** `verify`, `golden check`. */
  readonly verb: string;
  readonly findings: readonly ShownFinding[];
  readonly warnings: readonly ShownFinding[];
  readonly checked: number;
  /** `12 actions checked, 1 stale`. */
  readonly summary: string;
}

export const findingFormats = ['text', 'json', 'github', 'junit'] as const;
export type FindingFormat = (typeof findingFormats)[number];

/** GitHub workflow commands: an annotation a finding. */
export function githubLines({ findings, warnings, summary }: ShownFindings): string {
  const line = (level: string, { id, state, lines }: ShownFinding): string =>
    `::${level} title=${property(`${id} ${state}`)}::${data(lines.join('; '))}`;
  return `${[
    ...findings.map((finding) => line('error', finding)),
    ...warnings.map((finding) => line('warning', finding)),
    `::notice::${data(summary)}`,
  ].join('\n')}\n`;
}

/** One JUnit test suite: a test case a finding, and one for all that passed. */
export function junitDocument({ verb, findings, checked }: ShownFindings): string {
  const classname = `sa.${verb.replaceAll(' ', '.')}`;
  const cases = findings.map(
    ({ id, kinds, lines }) =>
      `  <testcase classname="${classname}" name="${xml(id)}"><failure message="${xml(kinds.join(', '))}">${xml(lines.join('\n'))}</failure></testcase>\n`,
  );
  const passed = checked - findings.length;
  if (passed > 0) cases.push(`  <testcase classname="${classname}" name="${passed} as expected"/>\n`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="sa ${verb}" tests="${cases.length}" failures="${findings.length}">\n${cases.join('')}</testsuite>\n`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

// XML 1.0 has no place for most control characters, not even as references.
function xml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '\ufffd');
}
