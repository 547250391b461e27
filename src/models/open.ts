// Models ready to run: opened once and kept, one for each model, device (of several: which) and thread count. Which
// device that is, and that the files are there, is settled here; the graph itself is session.ts's.
import type { MessagePort } from 'node:worker_threads';
import type { ModelCard, OpenModel } from '../stage/model.js';
import { DeviceThread } from './device-thread.js';
import {
  availableDevices,
  devicesToTry,
  missingDevice,
  parseDevice,
  providerOf,
  runsInOneThread,
  type Device,
  type Provider,
  type ResolvedDevice,
} from './devices.js';
import { ensureInstalled, type InstallOptions } from './install.js';
import { modelDigest, type ModelEntry, type Registry } from './registry.js';
import { loadableProviders, openSession, type OpenSession } from './session.js';

export interface OpenOptions extends InstallOptions {
  /** `auto`, or a device by name. */
  readonly device: string;
  /** Threads within one call; one unless given, since a build runs several actions beside each other. */
  readonly threads?: number;
  /** Use the CPU when a device asked for by name cannot be used. */
  readonly allowCpuFallback?: boolean;
  /** Which of several GPUs: a member of the pool `gpu`. Never part of what a result depends on. */
  readonly gpu?: string | undefined;
  /**
   * A new port to the thread for devices that only one thread may use (`portToDevices`, by way of the main thread); asked for when there is need
   * of one. Without it such a device is used by this thread, and no other may do so.
   */
  readonly portToDevices?: (() => Promise<MessagePort | undefined>) | undefined;
}

/** An open model that says where it runs. */
export interface OpenedModel<C extends ModelCard = ModelCard> extends OpenModel<C> {
  readonly deviceAsked: Device;
  readonly deviceResolved: ResolvedDevice;
}

type Sessions = Readonly<Record<string, OpenSession>>;
const kept = new Map<string, Promise<Sessions>>();

/**
 * The model with a session for each part, installed first if need be. The same arguments give the
 * same sessions until `closeModels`. Throws ProblemError as `ensureInstalled` does, when a device asked
 * for by name cannot be used, and when a graph does not fit its declared contract.
 */
export async function openModel<C extends ModelCard>(
  registry: Registry,
  entry: ModelEntry<C>,
  { device, threads = 1, allowCpuFallback = false, gpu, portToDevices, ...install }: OpenOptions,
): Promise<OpenedModel<C>> {
  const places = placesToTry({ device, allowCpuFallback, gpu });
  const paths = await ensureInstalled(registry, entry, install);
  return openOn(places, { ...entry, digest: modelDigest(entry), paths }, { threads, portToDevices });
}

/** The same for files that are installed already, as plain data: what another thread can be handed. */
export interface InstalledModel<C extends ModelCard = ModelCard> {
  readonly name: string;
  readonly card: C;
  /** Of what counts in the model, as `modelDigest` gives it. */
  readonly digest: string;
  /** Absolute path of each part's file. */
  readonly paths: Readonly<Record<string, string>>;
}

/** Opens a model whose files are there. Throws as `openModel` does. */
export async function openInstalled<C extends ModelCard>(
  model: InstalledModel<C>,
  { device, allowCpuFallback = false, threads = 1, gpu, portToDevices }: Omit<OpenOptions, keyof InstallOptions>,
): Promise<OpenedModel<C>> {
  return openOn(placesToTry({ device, allowCpuFallback, gpu }), model, { threads, portToDevices });
}

interface Places {
  readonly asked: Device;
  readonly available: readonly ResolvedDevice[];
  readonly gpu: string | undefined;
  readonly candidates: readonly { readonly device: ResolvedDevice; readonly provider: Provider }[];
}

function placesToTry({
  device,
  allowCpuFallback,
  gpu,
}: {
  readonly device: string;
  readonly allowCpuFallback: boolean;
  readonly gpu: string | undefined;
}): Places {
  const asked = parseDevice(device);
  const available = availableDevices(loadableProviders());
  const devices = devicesToTry(asked, { available, allowCpuFallback, gpu });
  return { asked, available, gpu, candidates: devices.map((one) => ({ device: one, provider: providerOf(one, gpu) })) };
}

async function openOn<C extends ModelCard>(
  { asked: deviceAsked, available, gpu, candidates }: Places,
  model: InstalledModel<C>,
  how: Pick<Where, 'threads' | 'portToDevices'>,
): Promise<OpenedModel<C>> {
  let failure: unknown;
  for (const { device: deviceResolved, provider } of candidates) {
    try {
      const sessions = await sessionsOf(model, { ...how, device: deviceResolved, provider });
      return { card: model.card, sessions, deviceAsked, deviceResolved };
    } catch (error) {
      // The CPU is always there: what fails on it is the model's own fault.
      if (deviceResolved === 'cpu') throw error;
      failure = error;
    }
  }
  throw deviceAsked === 'auto' ? failure : missingDevice(deviceAsked, { available, gpu, cause: failure });
}

/** Frees every open model. Whoever still holds one must not run it. */
export async function closeModels(): Promise<void> {
  const all = [...kept.values()];
  kept.clear();
  for (const opened of await Promise.allSettled(all)) if (opened.status === 'fulfilled') await closeAll(opened.value);
}

interface Where {
  readonly device: ResolvedDevice;
  readonly provider: Provider;
  readonly threads: number;
  readonly portToDevices: OpenOptions['portToDevices'];
}

function sessionsOf(model: InstalledModel, where: Where): Promise<Sessions> {
  const key = [model.digest, where.provider.name, where.provider.deviceId ?? 'only', where.threads].join(' ');
  let opening = kept.get(key);
  if (opening === undefined) {
    const forget = (): void => {
      if (kept.get(key) === opening) kept.delete(key);
    };
    opening = openParts(model, where, forget);
    kept.set(key, opening);
    opening.catch(forget);
  }
  return opening;
}

/** `gone` is called when the sessions cannot be used any more, and nobody closed them. */
async function openParts(
  { name, card, paths }: InstalledModel,
  { device, provider, threads, portToDevices }: Where,
  gone: () => void,
): Promise<Sessions> {
  const thread = runsInOneThread(device) ? await deviceThread(portToDevices) : undefined;
  void thread?.gone.then(gone);
  const sessions: Record<string, OpenSession> = {};
  try {
    for (const [part, declared] of Object.entries(card.parts)) {
      const placement = { provider, threads, label: `${name} (${part})` };
      sessions[part] = await (thread === undefined
        ? openSession(paths[part]!, declared, placement)
        : thread.open(paths[part]!, declared, placement));
    }
  } catch (error) {
    await closeAll(sessions);
    throw error;
  }
  return sessions;
}

let way: Promise<DeviceThread | undefined> | undefined;

/** The thread of the devices; undefined where this thread is to use them itself. */
function deviceThread(portToDevices: OpenOptions['portToDevices']): Promise<DeviceThread | undefined> {
  way ??= newWay(portToDevices);
  return way;
}

async function newWay(portToDevices: OpenOptions['portToDevices']): Promise<DeviceThread | undefined> {
  const port = await portToDevices?.();
  if (port === undefined) return undefined;
  const thread = new DeviceThread(port);
  void thread.gone.then(() => (way = undefined));
  return thread;
}

async function closeAll(sessions: Sessions): Promise<void> {
  for (const session of Object.values(sessions)) await session.close();
}
