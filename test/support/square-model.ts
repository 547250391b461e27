// A project with the smallest of models, for what happens around a model and not in it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { tinyRegistry } from '../models/world.js';
import { testWorkspace, type World } from './workspace.js';

/** y = x * x, both 1x3x?x?, as ONNX's own bytes. */
const squareGraph = Buffer.from(
  'CAg6ZwobCgVpbnB1dAoFaW5wdXQSBm91dHB1dCIDTXVsEgFnWiEKBWlucHV0EhgKFggBEhIKAggBCgIIAwoDEgFoCgMSAXdiIgoGb3V0cHV0EhgKFggBEhIKAggBCgIIAwoDEgFoCgMSAXdCAhAN',
  'base64',
);

/** A project whose detector is `square`, with one episode `v/one.txt` and the module `square.mjs` for its rules. */
export function squareWorld(pipeline: string, stage: string): World {
  const model = { name: 'square', content: squareGraph.toString('latin1'), sources: [] };
  // Its answer has the shape of its input.
  const registry = tinyRegistry(model).replace('[1,null]', '[1,3,null,null]');
  const world = testWorkspace({
    'pipeline.yaml': pipeline,
    'square.mjs': stage,
    'models/models.yaml': registry,
    'data/v/one.txt': 'one',
  });
  writeFileSync(join(world.root, 'models/square.onnx'), squareGraph);
  return world;
}
