import { expect, test } from 'vitest';
import { canonicalJsonPretty, type Json } from '../../src/base/canonical-json.js';
import { LockText } from '../../src/engine/lock-text.js';

const entry = (digest: string): Json => ({
  counts: {},
  fingerprint: digest,
  manifest: { inputs: [{ a: '\n  "x": {' }] },
  outputs: {},
});
const names = ['b', 'a"\\', 't10', 't9', 'ünïcode', 't1'];

function textOf(...entries: string[]): LockText {
  const text = LockText.empty();
  for (const name of entries) text.set(name, entry(name));
  return text;
}

test('the text is the canonical JSON of its entries, whatever order they came in', () => {
  const actions = Object.fromEntries(names.map((name) => [name, entry(name)]));
  expect(
    textOf(...names)
      .toBuffer()
      ?.toString(),
  ).toBe(canonicalJsonPretty({ actions, version: 1 }));
  expect(textOf().toBuffer()).toBeUndefined();
});

test.each([true, false])(
  'entries are found, replaced, added and removed in a text that was read (known: %s)',
  (known) => {
    const text = LockText.of(textOf(...names).toBuffer()!, { known })!;
    for (const name of names) expect(JSON.parse(text.get(name)!)).toEqual(entry(name));
    expect(text.get('t')).toBeUndefined();
    text.set('t9', entry('new'));
    text.set('c', entry('c'));
    text.delete('b');
    const kept = names.filter((name) => name !== 'b' && name !== 't9');
    const expected = textOf(...kept, 'c');
    expected.set('t9', entry('new'));
    expect(text.toBuffer()!.equals(expected.toBuffer()!)).toBe(true);
    expect([...LockText.of(text.toBuffer()!, { known })!.names()].sort()).toEqual([...kept, 'c', 't9'].sort());
  },
);

test('a text with anything but entries in it is not of the form', () => {
  const written = textOf('a', 'b').toBuffer()!.toString();
  const broken = [
    written.replace(',\n  "b"', ',\n<<<<<<< ours\n  "b"'),
    written.replace(',\n  "b"', '\n  "b"'),
    written.replace('"b": {', '"a": {'),
    written.slice(0, -1),
    `${written}\n`,
  ];
  for (const text of broken) expect(LockText.of(Buffer.from(text), { known: false }), text).toBeUndefined();
  for (let cut = 0; cut < written.length; cut++)
    expect(LockText.of(Buffer.from(written.slice(0, cut)), { known: false })).toBeUndefined();
});
