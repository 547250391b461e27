// Models ready to run: opened once and kept, one for each model, device and thread count. Which
// device that is, and that the files are there, is settled here; the graph itself is session.ts's.
import type { ModelCard, OpenModel } from '../stage/model.js';
import {
  availableDevices,
  devicesToTry,
  missingDevice,
  parseDevice,
  providerOfDevice,
  type Device,
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
  { device, threads = 1, allowCpuFallback = false, ...install }: OpenOptions,
): Promise<OpenedModel<C>> {
  const deviceAsked = parseDevice(device);
  const available = availableDevices(loadableProviders());
  const candidates = devicesToTry(deviceAsked, { available, allowCpuFallback });
  const paths = await ensureInstalled(registry, entry, install);
  let failure: unknown;
  for (const deviceResolved of candidates) {
    try {
      const sessions = await sessionsOf(entry, paths, { device: deviceResolved, threads });
      return { card: entry.card, sessions, deviceAsked, deviceResolved };
    } catch (error) {
      // The CPU is always there: what fails on it is the model's own fault.
      if (deviceResolved === 'cpu') throw error;
      failure = error;
    }
  }
  throw deviceAsked === 'auto' ? failure : missingDevice(deviceAsked, available, failure);
}

/** Frees every open model. Whoever still holds one must not run it. */
export async function closeModels(): Promise<void> {
  const all = [...kept.values()];
  kept.clear();
  for (const opened of await Promise.allSettled(all)) if (opened.status === 'fulfilled') await closeAll(opened.value);
}

interface Placement {
  readonly device: ResolvedDevice;
  readonly threads: number;
}

function sessionsOf(entry: ModelEntry, paths: Readonly<Record<string, string>>, where: Placement): Promise<Sessions> {
  const key = [modelDigest(entry), where.device, where.threads].join(' ');
  let opening = kept.get(key);
  if (opening === undefined) {
    opening = openParts(entry, paths, where);
    kept.set(key, opening);
    opening.catch(() => kept.delete(key));
  }
  return opening;
}

async function openParts(
  { name, card }: ModelEntry,
  paths: Readonly<Record<string, string>>,
  where: Placement,
): Promise<Sessions> {
  const sessions: Record<string, OpenSession> = {};
  try {
    for (const [part, declared] of Object.entries(card.parts))
      sessions[part] = await openSession(paths[part]!, declared, {
        provider: providerOfDevice[where.device],
        threads: where.threads,
        label: `${name} (${part})`,
      });
  } catch (error) {
    await closeAll(sessions);
    throw error;
  }
  return sessions;
}

async function closeAll(sessions: Sessions): Promise<void> {
  for (const session of Object.values(sessions)) await session.close();
}
