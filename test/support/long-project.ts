// A project with the shipped pipeline and a made-up episode, of which all up to track_reps is vouched for.
import { join } from 'node:path';
import { shippedPipeline, writeLongEpisode, type LongEpisode } from './long-episode.js';
import { testWorkspace, type World } from './workspace.js';

const small: LongEpisode = { ep: 'ep', tracks: 24, people: 5, minutes: 1, samples: 4, dim: 64 };

/** The project, built to its end. */
export async function longProject(episode: Partial<LongEpisode> = {}): Promise<World> {
  const world = testWorkspace({ 'pipeline.yaml': shippedPipeline() });
  const { ep } = { ...small, ...episode };
  writeLongEpisode(join(world.root, 'data'), { ...small, ...episode });
  const { code, err } = await world.sa('build', ep, '--trust', 'detect_track', '--trust', 'faces_embed');
  if (code !== 0) throw new Error(err);
  return world;
}
