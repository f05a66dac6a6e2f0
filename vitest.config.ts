import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    setupFiles: ['test/support/fixed-seed.ts'],
    // Threads start some 50 ms sooner per file, but share a process: its signals, its exit, its handles and its memory.
    pool: 'forks',
    // Many tests start servers and measure time; more workers than two make them late on a small machine.
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
  },
});
