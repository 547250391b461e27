// Which episodes our golden tests are of, and with what they are built.
import { join } from 'node:path';
import { shared } from '../support/shared.js';

/** demo.json and clip.json. */
export const goldenFolder = join(import.meta.dirname, 'episodes');

/** The pair that npm alone gives. */
export const demoModels = ['--detector', 'ultralight', '--embedder', 'mobilefacenet-512'] as const;

export const goldenClip = {
  video: shared('data/video/short_hamilton_clip.mp4'),
  env: { SA_MODELS: shared('models') },
} as const;
