// sa schema.
import { pipelineJsonSchema } from '../../pipeline/schema.js';
import { printJson, type Io } from '../io.js';

export function schema(io: Io): Promise<number> {
  printJson(io, pipelineJsonSchema());
  return Promise.resolve(0);
}
