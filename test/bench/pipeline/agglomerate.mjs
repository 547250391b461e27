// Groups rows with the built program's `agglomerate`, in a process of its own so that its memory
// can be seen. Words: as for agglomerate.py, which prints the same.
import { readFileSync, writeFileSync } from 'node:fs';
import { agglomerate } from '../../../dist/rules/algorithms.js';

const [file, dim, limit, into, calls] = process.argv.slice(2);
const bytes = readFileSync(file);
const vectors = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
const options = { vectors, count: vectors.length / Number(dim), dim: Number(dim), linkage: 'average' };
const beforeKiB = process.resourceUsage().maxRSS;
let labels;
const seconds = [];
for (let call = 0; call < Number(calls); call++) {
  const start = performance.now();
  ({ labels } = agglomerate({ ...options, distanceMax: Number(limit) }));
  seconds.push((performance.now() - start) / 1000);
}
writeFileSync(into, new Uint8Array(labels.buffer, labels.byteOffset, labels.byteLength));
console.log(JSON.stringify({ seconds, peakKiB: process.resourceUsage().maxRSS, beforeKiB }));
