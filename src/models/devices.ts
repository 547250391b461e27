// What a device word means on this machine: which execution providers to try, in which order. Pure;
// it is told what the runtime has.
import { didYouMean } from '../base/closest.js';
import { problem } from '../base/problem.js';
import { quote } from '../base/quote.js';

export type Device = 'auto' | 'cpu' | 'cuda' | 'tensorrt' | 'coreml' | 'directml' | 'openvino' | 'webgpu';
export type ResolvedDevice = Exclude<Device, 'auto'>;

/** Names of the execution providers as ONNX Runtime spells them. */
const providerOfDevice: Readonly<Record<ResolvedDevice, string>> = {
  cpu: 'cpu',
  cuda: 'cuda',
  tensorrt: 'tensorrt',
  coreml: 'coreml',
  directml: 'dml',
  openvino: 'openvino',
  webgpu: 'webgpu',
};

/**
 * Devices of which a machine may have several, told apart by a number from 0. ONNX Runtime for Node.js takes
 * one for these; it hands CoreML and OpenVINO none.
 */
const numberedDevices: ReadonlySet<Device> = new Set<Device>(['cuda', 'tensorrt', 'directml']);

/** Devices of which ONNX Runtime has one for the whole process, which two threads must not use at once. */
const oneThreadDevices: ReadonlySet<Device> = new Set<Device>(['webgpu']);

/** Whether all sessions of a device must run in the same thread. */
export function runsInOneThread(device: ResolvedDevice): boolean {
  return oneThreadDevices.has(device);
}

/**
 * Best first. TensorRT is left to those who ask for it, since it compiles each graph for minutes, and so is WebGPU, which is part of every
 * runtime, whatever its machine has: a processor that plays a GPU would be taken for one.
 */
const autoOrder: readonly ResolvedDevice[] = ['cuda', 'coreml', 'directml', 'cpu'];

/** Throws ProblemError for a word that names no device. */
export function parseDevice(word: string): Device {
  if (word === 'auto' || isDevice(word)) return word;
  const words = ['auto', ...Object.keys(providerOfDevice)];
  throw problem('unknown-device', `there is no device ${quote(word)}`, didYouMean(word, words));
}

function isDevice(word: string): word is ResolvedDevice {
  return Object.hasOwn(providerOfDevice, word);
}

/** The devices of this machine, by its runtime's providers; `cpu` is always among them. */
export function availableDevices(providers: readonly string[]): readonly ResolvedDevice[] {
  const all = Object.entries(providerOfDevice) as [ResolvedDevice, string][];
  return all.filter(([, provider]) => provider === 'cpu' || providers.includes(provider)).map(([device]) => device);
}

/**
 * The devices to try, in order. `auto` takes the best that is there and ends with the CPU; a device
 * asked for by name stands alone, unless falling back to the CPU is allowed. Throws ProblemError
 * when it is not there.
 */
export function devicesToTry(
  asked: Device,
  {
    available,
    allowCpuFallback,
    gpu,
  }: {
    readonly available: readonly ResolvedDevice[];
    readonly allowCpuFallback: boolean;
    /** Said in the problem alone. */
    readonly gpu?: string | undefined;
  },
): readonly ResolvedDevice[] {
  if (asked === 'auto') return autoOrder.filter((device) => available.includes(device));
  const fallback: readonly ResolvedDevice[] = allowCpuFallback && asked !== 'cpu' ? ['cpu'] : [];
  if (available.includes(asked)) return [asked, ...fallback];
  if (fallback.length > 0) return fallback;
  throw missingDevice(asked, { available, gpu });
}

/** An execution provider, as ONNX Runtime is told of it. */
export interface Provider {
  readonly name: string;
  /** Which of several such devices; the first where it is left out. */
  readonly deviceId?: number;
}

/**
 * The execution provider of a device. `gpu` is the member of the machine's pool `gpu` that whoever opens the model
 * holds, if any: a device that is one of several is then that one, another takes no notice. Throws
 * ProblemError for a member that is no number.
 */
export function providerOf(device: ResolvedDevice, gpu: string | undefined): Provider {
  const name = providerOfDevice[device];
  if (gpu === undefined || !numberedDevices.has(device)) return { name };
  if (!/^\d{1,4}$/.test(gpu))
    throw problem(
      'gpu-id',
      `gpu ${quote(gpu)} is no number, and ${device} knows its devices by number`,
      'name them as the driver counts them: resources: { gpu: [0, 1] }',
    );
  return { name, deviceId: Number(gpu) };
}

/** What lets a device be used that a machine may have all the same. */
const advice: Readonly<Partial<Record<Device, string>>> = {
  cuda: 'cuda also needs CUDA 12, cuDNN 9 and: ONNXRUNTIME_NODE_INSTALL=cuda12 npm rebuild onnxruntime-node',
  webgpu:
    'webgpu needs a GPU and its driver, on Linux for Vulkan (libvulkan.so.1; Debian, Ubuntu: apt-get install libvulkan1)',
};

/** What ONNX Runtime said, without the place in its source and the condition that did not hold there. */
export function reasonOf(error: Error): string {
  const [first = ''] = error.message.split('\n');
  return first.replace(/^\/onnxruntime_src\/.* was false\. /, '');
}

/** The problem of a device that was asked for by name and cannot be used; `gpu` as in `providerOf`. */
export function missingDevice(
  asked: ResolvedDevice,
  {
    available,
    gpu,
    cause,
  }: { readonly available: readonly ResolvedDevice[]; readonly gpu?: string | undefined; readonly cause?: unknown },
): Error {
  const which = gpu !== undefined && numberedDevices.has(asked) ? ` (gpu ${gpu})` : '';
  const why = cause instanceof Error ? `: ${reasonOf(cause)}` : '';
  const others = `there is: ${available.filter((device) => device !== asked).join(', ')}`;
  const hints = [others, 'or use auto, or allow_cpu_fallback: true', advice[asked]];
  return problem(
    'device-missing',
    `device ${asked}${which} cannot be used by ONNX Runtime on this machine (${process.platform} ${process.arch})${why}`,
    hints.filter((hint) => hint !== undefined).join('; '),
    cause,
  );
}
