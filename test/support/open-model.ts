// Opens the detectors whose files lie in the shared folder, by the cards of the shipped registry.
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { applyPatch } from '../../src/models/patch.js';
import { cardOf, loadRegistry, type FileEntry } from '../../src/models/registry.js';
import { openSession, type OpenSession } from '../../src/models/session.js';
import type { DetectorCard, OpenModel } from '../../src/stage/model.js';
import { shared } from './shared.js';

/** Every detector that the shared folder has: its name in models.yaml and the file of each part, or what that is made of. */
const detectors = {
  yunet_n: { model: 'yunet-n', files: { net: 'models/yunet_n_dynamic.onnx' } },
  yunet_2023mar: { model: 'yunet-2023mar', files: { net: 'models/face_detection_yunet_2023mar.onnx' } },
  yunet_2023mar_640: { model: 'yunet-2023mar-640', files: { net: 'models/face_detection_yunet_2023mar.onnx' } },
  retinaface: { model: 'retinaface-mnet025', files: { net: 'models/retinaface_mnet025_dyn.onnx' } },
  retinaface_320: { model: 'retinaface-mnet025-320', files: { net: 'models/retinaface_mnet025_320.onnx' } },
  ultralight: {
    model: 'ultralight-rfb320',
    files: { detect: 'models/fr_detect.onnx', landmark: 'models/fr_landmark.onnx' },
  },
  scrfd_500m: { model: 'scrfd-500m', files: { net: 'models/research-only/det_500m.onnx' } },
  scrfd_2_5g: { model: 'scrfd-2.5g', files: { net: 'models/research-only/det_2.5g.onnx' } },
} as const;
export type DetectorName = keyof typeof detectors;
export const detectorNames = Object.keys(detectors) as readonly DetectorName[];

/** The shared files a detector needs, for describeWithShared. */
export function detectorFiles(name: DetectorName): string[] {
  return Object.values(detectors[name].files);
}

/** Opens a shared detector on one CPU thread; `change` replaces words of its card. */
export async function openDetector(
  name: DetectorName,
  change: Partial<DetectorCard> = {},
): Promise<OpenModel<DetectorCard>> {
  const registry = await loadRegistry({ projectRoot: projectRoot(import.meta.dirname), env: {} });
  const entry = registry.resolve('detector', detectors[name].model);
  if (entry === undefined) throw new Error(`no detector ${name}`);
  const card = { ...cardOf(entry), ...change };
  const sessions = Object.entries(detectors[name].files).map(async ([part, file]) => {
    const options = { provider: { name: 'cpu' }, threads: 1, label: name };
    const own = entry.files[part]!;
    const open = (path: string): Promise<OpenSession> => openSession(path, card.parts[part]!, options);
    return [part, await (own.file === basename(file) ? open(shared(file)) : openPatched(own, file, open))] as const;
  });
  return { card, deviceResolved: 'cpu', sessions: Object.fromEntries(await Promise.all(sessions)) };
}

async function openPatched(
  { patch }: FileEntry,
  file: string,
  open: (path: string) => Promise<OpenSession>,
): Promise<OpenSession> {
  const folder = mkdtempSync(join(tmpdir(), 'sa-patched-'));
  try {
    const path = join(folder, 'patched.onnx');
    writeFileSync(path, applyPatch(readFileSync(shared(file)), patch!.pieces));
    return await open(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The project itself, from the sources as well as from a compiled copy below it. */
function projectRoot(from: string): string {
  return existsSync(join(from, 'models', 'models.yaml')) ? from : projectRoot(resolve(from, '..'));
}
