// sa add.
import { resolve } from 'node:path';
import { addVideo } from '../../app/add-video.js';
import { problem } from '../../base/problem.js';
import type { Io } from '../io.js';
import { openFromFlags, text, type Flags } from '../options.js';

export async function add(io: Io, flags: Flags): Promise<number> {
  const workspace = await openFromFlags(io, flags);
  const ep = text(flags['ep']) ?? '';
  const video = text(flags['video']) ?? '';
  const manners = (['copy', 'link', 'move'] as const).filter((manner) => flags[manner] === true);
  if (manners.length > 1) throw problem('usage', `--${manners.join(' and --')} exclude each other`);
  const added = await addVideo(
    workspace,
    { ep, video: resolve(io.cwd, video), manner: manners[0] ?? 'copy' },
    io.signal,
  );
  io.out.write(
    `${ep}: ${added.width}x${added.height}, ${added.frames} frames, ${added.seconds.toFixed(2)} s, ${added.codec} -> ${added.path}\n`,
  );
  return 0;
}
