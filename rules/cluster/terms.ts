// The two words that all files of clustering share.

/** How far apart two clusters are: the mean, the largest or the smallest distance of their rows. */
export type Linkage = 'average' | 'complete' | 'single';

/** Two rows, in any order. */
export type Pair = readonly [i: number, j: number];
