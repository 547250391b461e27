import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/slow/**', 'test/bench/**', 'node_modules/**'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // Two cores: more workers only fight each other over inference.
    maxWorkers: 2,
  },
});
