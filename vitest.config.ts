import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/slow/**', 'test/bench/**', 'node_modules/**'],
    testTimeout: 120_000,
    hookTimeout: 300_000,
    // Two cores: more workers only fight each other over inference.
    maxWorkers: 2,
    // Tests of the file watcher wait for the kernel's events beside everything else that runs; a real fault fails thrice.
    retry: 2,
  },
});
