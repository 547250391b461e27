// Compiles kernels.ts and what it takes in to WebAssembly and writes it, as text, to ../code.ts; with --check it only says whether that
// is what it would write, by its exit code.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import asc from 'assemblyscript/asc';

const sourceOf = (name) => new URL(name, import.meta.url);
const target = new URL('../code.ts', import.meta.url);

let binary;
const { error, stderr } = await asc.main(
  [
    'kernels.ts',
    '--outFile',
    'kernels.wasm',
    '-O3',
    '--enable',
    'simd',
    '--runtime',
    'stub',
    '--importMemory',
    '--noAssert',
  ],
  {
    readFile: (name) => (existsSync(sourceOf(name)) ? readFileSync(sourceOf(name), 'utf8') : null),
    writeFile: (name, contents) => {
      if (name === 'kernels.wasm') binary = contents;
    },
    listFiles: () => [],
  },
);
if (error) throw new Error(`${error.message}\n${stderr.toString()}`);

const text = `// Made by \`npm run kernels\` from assembly/kernels.ts; not to be edited.

/** WebAssembly, in base64. */
export const kernelCode =
  '${Buffer.from(binary).toString('base64')}';
`;
if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (readFileSync(target, 'utf8') !== text) {
  console.error('src/kernels/code.ts is not what src/kernels/assembly/kernels.ts compiles to: run `npm run kernels`');
  process.exitCode = 1;
}
