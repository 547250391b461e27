// The screen-time table as CSV: the one text behind screentime.csv, the report's download button
// and `sa export --format csv`. Pure; it writes no file.
import type { Screentime } from './artifacts.js';

const columns = [
  'id',
  'name',
  'screen_time_s',
  'bridged_s',
  'error_s',
  'share',
  'appearances',
  'longest_s',
  'first_s',
  'last_s',
  'solo_s',
  'scenes',
  'mean_face_height',
  'confidence',
] as const;

type Row = Readonly<Partial<Record<(typeof columns)[number], string | number | undefined>>>;

/**
 * RFC 4180 text: a header, a row a person in the artifact's order, and a last row `others` when
 * there is any. Seconds and shares are the artifact's own numbers; lines end in CR LF.
 */
export function screentimeCsv(screentime: Screentime): string {
  const { others } = screentime;
  const rows: Row[] = [...screentime.identities];
  if (others.identity_ids.length > 0) rows.push({ ...others, id: 'others' });
  const lines = rows.map((row) => columns.map((column) => csvField(row[column] ?? '')).join(','));
  return [columns.join(','), ...lines].map((line) => `${line}\r\n`).join('');
}

/**
 * One field, quoted where RFC 4180 asks for it. A name that a spreadsheet would run as a formula
 * (it begins with = + - @ or a control character) gets an apostrophe in front, as spreadsheets do.
 */
export function csvField(value: string | number): string {
  if (typeof value === 'number') return String(value);
  const text = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
