// Loaded before the program (node --import): lets one of its writes go wrong, so that the program
// itself needs no hook. SA_FAULT_AT is the number of the write, from 1; SA_FAULT is a signal that the
// process gets there, or an error code that the call throws. SA_FAULT_COUNT names a file for their count.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { isMainThread } from 'node:worker_threads';

const at = Number(process.env.SA_FAULT_AT ?? 0);
const fault = process.env.SA_FAULT ?? 'SIGKILL';
let count = 0;

const real = { ...fs };
const strike = (half) => {
  if (!fault.startsWith('SIG'))
    throw Object.assign(new Error(`${fault}: injected`), { code: fault, errno: -1, syscall: 'write' });
  if (fault === 'SIGKILL') half?.();
  process.kill(process.pid, fault);
};
// What a process that dies inside the call may leave: a part of the bytes.
const halves = {
  writeFileSync: (target, data, ...rest) =>
    real.writeFileSync(target, Buffer.from(data).subarray(0, data.length >> 1), ...rest),
  copyFileSync: (from, to) =>
    real.writeFileSync(to, real.readFileSync(from).subarray(0, real.statSync(from).size >> 1)),
  rmSync: (path) => {
    if (!real.existsSync(path) || !real.statSync(path).isDirectory()) return;
    const [first] = real.readdirSync(path);
    if (first !== undefined) real.rmSync(`${path}/${first}`, { recursive: true, force: true });
  },
};
for (const name of [
  'renameSync',
  'writeFileSync',
  'writeSync',
  'copyFileSync',
  'fsyncSync',
  'mkdirSync',
  'mkdtempSync',
  'rmSync',
  'ftruncateSync',
  'utimesSync',
]) {
  fs[name] = (...words) => {
    if (++count === at) strike(halves[name] && (() => halves[name](...words)));
    return real[name](...words);
  };
}
syncBuiltinESMExports();
// A thread counts and fails for itself; the program's own writes are those that are counted for others.
if (process.env.SA_FAULT_COUNT && isMainThread)
  process.on('exit', () => real.writeFileSync(process.env.SA_FAULT_COUNT, String(count)));
