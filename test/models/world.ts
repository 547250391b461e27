// A project in a temporary folder with a models.yaml of its own, a web server on this machine, and
// archives written byte by byte. Not part of the program.
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { crc32, deflateRawSync } from 'node:zlib';
import { onTestFinished } from 'vitest';
import { loadRegistry, type Registry } from '../../src/models/registry.js';

export const hexSha256 = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex');

export interface World {
  readonly root: string;
  readonly registry: Registry;
  /** Names in models/ besides models.yaml, sorted. */
  readonly installed: () => string[];
}

export interface WorldFiles {
  /** Folders for SA_MODELS. */
  readonly search?: readonly string[];
  /** Files below the project root. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
}

/** An empty folder that goes when the test ends. */
export function temporaryFolder(): string {
  const root = mkdtempSync(join(tmpdir(), 'sa-models-'));
  onTestFinished(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** A project with the shipped models.yaml, or with `models.yaml` from `files`. */
export async function world({ search = [], files = {} }: WorldFiles = {}): Promise<World> {
  const root = temporaryFolder();
  mkdirSync(join(root, 'models'));
  for (const [path, data] of Object.entries(files)) writeFileSync(join(root, path), data);
  const registry = await loadRegistry({ projectRoot: root, env: { SA_MODELS: search.join(delimiter) } });
  return {
    root,
    registry,
    installed: () =>
      readdirSync(join(root, 'models'))
        .filter((name) => name !== 'models.yaml')
        .sort(),
  };
}

export interface TinyModel {
  readonly name: string;
  readonly content: string;
  readonly sources: readonly unknown[];
  readonly terms?: string;
  readonly patch?: unknown;
  readonly declared?: { readonly bytes?: number; readonly sha256?: string };
}

/** A models.yaml (JSON is YAML) of detectors whose files hold a few letters; `auto` may be any without terms. */
export function tinyRegistry(...models: readonly TinyModel[]): string {
  const free = models.filter(({ terms }) => terms === undefined).map(({ name }) => name);
  return JSON.stringify({
    version: 1,
    choices: { detector: free.length === 0 ? {} : { auto: free }, embedder: {} },
    packs: { all: models.map(({ name }) => name) },
    terms: { 'look-only': 'To be looked at, not used.' },
    models: models.map(({ name, content, sources, terms, patch, declared }) => ({
      name,
      role: 'detector',
      aliases: [],
      kind: 'yunet',
      resize: 'letterbox',
      input_size: null,
      score_threshold: 0.6,
      nms_threshold: 0.3,
      licence: 'MIT',
      training: 'none',
      source: 'this test',
      ...(terms === undefined ? {} : { terms }),
      parts: {
        net: {
          file: `${name}.onnx`,
          bytes: Buffer.byteLength(content),
          sha256: hexSha256(content),
          ...declared,
          pixels: { colour: 'bgr', mean: [0, 0, 0], std: [1, 1, 1] },
          batch_max: 1,
          inputs: [{ name: 'input', dims: [1, 3, null, null] }],
          outputs: [{ name: 'output', dims: [1, null] }],
          ...(patch === undefined ? {} : { patch }),
          sources,
        },
      },
    })),
  });
}

/** Serves until the test ends; returns `http://127.0.0.1:<port>` and the paths asked for so far. */
export async function serve(listener: RequestListener): Promise<{ readonly url: string; readonly asked: string[] }> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

/** A zip with every second member deflated, the others stored. */
export function zipOf(members: Readonly<Record<string, string>>): Buffer {
  const bodies: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  Object.entries(members).forEach(([path, content], index) => {
    const raw = Buffer.from(content);
    const method = index % 2 === 0 ? 8 : 0;
    const packed = method === 8 ? deflateRawSync(raw) : raw;
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(method, 4);
    shared.writeUInt32LE(crc32(raw), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(raw.length, 18);
    shared.writeUInt16LE(Buffer.byteLength(path), 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), shared, Buffer.from(path), packed]);
    const central = Buffer.alloc(46);
    central.write('PK\x01\x02', 'latin1');
    shared.copy(central, 6);
    central.writeUInt32LE(offset, 42);
    bodies.push(local);
    directory.push(central, Buffer.from(path));
    offset += local.length;
  });
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(Object.keys(members).length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...bodies, central, end]);
}
