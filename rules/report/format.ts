// Numbers as the report writes them. Always the same digits for the same number, in every locale.

/** Whole seconds as 1:05 or 1:02:03. */
export function clock(seconds: number): string {
  return parts(Math.round(seconds));
}

/** Tenths of a second as 1:05.3. */
export function clockTenths(seconds: number): string {
  const tenths = Math.round(seconds * 10);
  return `${parts(Math.floor(tenths / 10))}.${tenths % 10}`;
}

function parts(whole: number): string {
  const [hours, minutes, seconds] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
  const tail = String(seconds).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}

/** A share 0..1 as 12.3 %. */
export function percent(share: number): string {
  return `${(share * 100).toFixed(1)} %`;
}

/** "1 track", "3 tracks". */
export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
