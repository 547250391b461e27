// The one direction of imports: a layer imports itself and what stands below it, types included.
const layers = [
  ['base'],
  ['hash', 'disk', 'stage', 'kernels'],
  ['pipeline', 'media', 'models'],
  ['graph'],
  ['store'],
  ['engine'],
  ['runner'],
  ['app', 'export', 'demo', 'index'],
  ['cli', 'watch', 'server'],
];
const at = (names) => `^src/(${names.join('|')})(/|\\.ts$)`;

/** A library is imported by the one file that owns it. */
const owners = {
  'onnxruntime-node': '^src/models/session\\.ts$',
  'fluent-ffmpeg': '^src/media/ffmpeg\\.ts$',
  sharp: '^rules/media/jpeg\\.ts$',
  chokidar: '^src/watch/files\\.ts$',
  execa: '^src/runner/command\\.ts$',
  yaml: '^src/base/yaml\\.ts$',
  'xxhash-wasm': '^src/hash/xxh64\\.ts$',
  yargs: '^src/cli/main\\.ts$',
  'fs-native-extensions': '^src/disk/lock\\.ts$',
  fastify: '^src/server/http\\.ts$',
  '@fastify/static': '^src/server/http\\.ts$',
  '@fastify/rate-limit': '^src/server/http\\.ts$',
  'classic-level': '^src/server/job-store\\.ts$',
  'prom-client': '^src/server/metrics\\.ts$',
};

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true, dependencyTypesNot: ['type-only'] } },
    ...layers.slice(0, -1).map((layer, index) => ({
      name: `no-upward-from-${layer.join('-')}`,
      severity: 'error',
      from: { path: at(layer) },
      to: { path: at(layers.slice(index + 1).flat()) },
    })),
    {
      name: 'rules-import-the-kit-only',
      severity: 'error',
      from: { path: '^rules/' },
      to: { path: '^src/', pathNot: '^src/(stage|base|kernels)/' },
    },
    {
      // One door: the catalogue, by which the runner finds stages by name.
      name: 'src-imports-no-rule',
      severity: 'error',
      from: { path: '^src/', pathNot: '^src/runner/catalogue\\.ts$' },
      to: { path: '^rules/' },
    },
    ...Object.entries(owners).map(([library, owner]) => ({
      name: `one-owner-${library}`,
      severity: 'error',
      from: { path: '^(src|rules)/', pathNot: owner },
      to: { path: `node_modules/${library}/` },
    })),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^src/kernels/assembly/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default', 'types'] },
  },
};
