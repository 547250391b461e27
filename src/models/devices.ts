// What a device word means on this machine: which execution providers to try, in which order. Pure;
// it is told what the runtime has.
import { didYouMean } from '../base/closest.js';
import { problem } from '../base/problem.js';
import { quote } from '../base/quote.js';

export type Device = 'auto' | 'cpu' | 'cuda' | 'tensorrt' | 'coreml' | 'directml' | 'openvino';
export type ResolvedDevice = Exclude<Device, 'auto'>;

/** Names of the execution providers as ONNX Runtime spells them. */
export const providerOfDevice: Readonly<Record<ResolvedDevice, string>> = {
  cpu: 'cpu',
  cuda: 'cuda',
  tensorrt: 'tensorrt',
  coreml: 'coreml',
  directml: 'dml',
  openvino: 'openvino',
};

/** Best first. TensorRT is left to those who ask for it: it compiles each graph for minutes. */
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
  }: { readonly available: readonly ResolvedDevice[]; readonly allowCpuFallback: boolean },
): readonly ResolvedDevice[] {
  if (asked === 'auto') return autoOrder.filter((device) => available.includes(device));
  const fallback: readonly ResolvedDevice[] = allowCpuFallback && asked !== 'cpu' ? ['cpu'] : [];
  if (available.includes(asked)) return [asked, ...fallback];
  if (fallback.length > 0) return fallback;
  throw missingDevice(asked, available);
}

/** The problem of a device that was asked for by name and cannot be used. */
export function missingDevice(asked: ResolvedDevice, available: readonly ResolvedDevice[], cause?: unknown): Error {
  const why = cause instanceof Error ? `: ${cause.message.split('\n')[0] ?? ''}` : '';
  return problem(
    'device-missing',
    `device ${asked} cannot be used by ONNX Runtime on this machine (${process.platform} ${process.arch})${why}`,
    `there is: ${available.filter((device) => device !== asked).join(', ')}; or use auto, or allow_cpu_fallback: true`,
    cause,
  );
}
