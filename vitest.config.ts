import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // A process per file: a test may then set process-wide flags, count sockets and leak nothing into its neighbours.
    pool: 'forks',
    maxWorkers: 2,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    // What is waited for comes on a busy machine too.
    expect: { poll: { timeout: 15_000 } },
    passWithNoTests: false,
  },
});
