// Opens the embedders whose files lie in the shared folder, by the cards of the shipped registry.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { cardOf, loadRegistry } from '../../src/models/registry.js';
import { openSession } from '../../src/models/session.js';
import type { EmbedderCard, OpenModel } from '../../src/stage/model.js';
import { shared } from './shared.js';

/** Every embedder that the shared folder has, by its name in models.yaml. */
export const embedderFiles = {
  'mobilefacenet-512': 'models/fr_feature.onnx',
  'mobileface-v2': 'models/mobileface_v2_256.onnx',
  'mobilefacenet-128': 'models/mobilefacenet_foamliu_128.onnx',
  'w600k-mbf-float': 'models/research-only/w600k_mbf_deq.onnx',
  'w600k-mbf-int8': 'models/research-only/w600k_mbf_int8.onnx',
  'arcface-paddle-128': 'models/research-only/arcface_paddle_mbf_128.onnx',
} as const;
export type EmbedderName = keyof typeof embedderFiles;
export const embedderNames = Object.keys(embedderFiles) as readonly EmbedderName[];

/** The project itself, from the sources as well as from a compiled copy below it. */
function projectRoot(from: string): string {
  return existsSync(join(from, 'models', 'models.yaml')) ? from : projectRoot(resolve(from, '..'));
}

/** The card that models.yaml declares. */
export async function embedderCard(name: EmbedderName): Promise<EmbedderCard> {
  const registry = await loadRegistry({ projectRoot: projectRoot(import.meta.dirname), env: {} });
  const entry = registry.resolve('embedder', name);
  if (entry === undefined) throw new Error(`no embedder ${name}`);
  return cardOf(entry);
}

/** Opens a shared embedder on one CPU thread. */
export async function openEmbedder(name: EmbedderName): Promise<OpenModel<EmbedderCard>> {
  const card = await embedderCard(name);
  const options = { provider: { name: 'cpu' }, threads: 1, label: name };
  return {
    card,
    deviceResolved: 'cpu',
    sessions: { net: await openSession(shared(embedderFiles[name]), card.parts['net']!, options) },
  };
}
