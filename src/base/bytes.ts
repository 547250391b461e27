// Amounts of bytes as people write them: 16G, 500M, 2GiB. Pure.

const units: Readonly<Record<string, number>> = {
  '': 1,
  K: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  KI: 2 ** 10,
  MI: 2 ** 20,
  GI: 2 ** 30,
  TI: 2 ** 40,
};

/** What a text with digits and a suffix means: K, M, G and T are powers of 1000, Ki to Ti of 1024; a B may follow. */
export const bytesPattern = /^(\d+(?:\.\d+)?)\s*([KMGTkmgt]?i?)[Bb]?$/;

/** Whole bytes, or undefined for a text that says none. */
export function parseBytes(text: string): number | undefined {
  const [, amount, unit = ''] = bytesPattern.exec(text) ?? [];
  const size = units[unit.toUpperCase()];
  return amount === undefined || size === undefined ? undefined : Math.round(Number(amount) * size);
}

/** 1.5 GB, 12 kB, 7 bytes. */
export function describeBytes(bytes: number): string {
  for (const [unit, size] of [
    ['TB', 1e12],
    ['GB', 1e9],
    ['MB', 1e6],
    ['kB', 1e3],
  ] as const)
    if (bytes >= size) return `${(bytes / size).toFixed(1)} ${unit}`;
  return `${bytes} bytes`;
}
