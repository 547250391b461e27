// verify's findings in the forms that CI systems read.
import type { VerifyJson } from '../../app/verify.js';
import { describeReason } from '../words.js';

/** GitHub workflow commands: an annotation a stale action. */
export function githubLines({ stale, trusted, checked }: VerifyJson): string {
  const lines = stale.map(
    ({ id, reasons }) => `::error title=${property(`${id} is stale`)}::${data(reasons.map(describeReason).join('; '))}`,
  );
  for (const id of trusted)
    lines.push(
      `::warning title=${property(`${id} is trusted`)}::its outputs were vouched for, not built from this manifest`,
    );
  lines.push(`::notice::${checked} actions checked, ${stale.length} stale`);
  return `${lines.join('\n')}\n`;
}

/** One JUnit test suite: a test case an action that is not up to date, or one that passed. */
export function junitDocument({ stale, checked }: VerifyJson): string {
  const cases = stale.map(
    ({ id, reasons }) =>
      `  <testcase classname="sa.verify" name="${xml(id)}"><failure message="${xml(reasons.map(({ kind }) => kind).join(', '))}">${xml(reasons.map(describeReason).join('\n'))}</failure></testcase>\n`,
  );
  if (stale.length < checked)
    cases.push(`  <testcase classname="sa.verify" name="${checked - stale.length} actions up to date"/>\n`);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuite name="sa verify" tests="${cases.length}" failures="${stale.length}">\n${cases.join('')}</testsuite>\n`;
}

function data(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function property(text: string): string {
  return data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}

function xml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}
