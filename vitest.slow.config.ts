import { defineConfig } from 'vitest/config';

// Hours of what the fast suite samples: npm run test:slow.
export default defineConfig({
  test: { include: ['test/slow/**/*.slow.ts'], testTimeout: 1_800_000, hookTimeout: 300_000, maxWorkers: 2 },
});
