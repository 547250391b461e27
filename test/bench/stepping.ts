// How often faces are detected in what the benchmarks build.

export interface Stepping {
  /** Frames from one that is looked at to the next. */
  readonly name: string;
  /** Parameters, as `--set` takes them. */
  readonly set: readonly string[];
}

export const each: Stepping = { name: '1', set: ['stride=1'] };
/** Every fourth, and more often where something changes. */
export const adaptive: Stepping = { name: '1 to 4', set: ['stride=1', 'adaptive_stride=4'] };
export const fourth: Stepping = { name: '4', set: ['stride=4'] };
