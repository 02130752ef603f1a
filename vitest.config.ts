import { defineConfig } from "vitest/config";

const E2E_TIMEOUT_MS = 300_000;
/** Seconds are plenty, but for a machine that does other things besides. */
const UNIT_TIMEOUT_MS = 60_000;

export default defineConfig({
  test: {
    projects: [
      // pure functions: files may share a process, which saves half the time
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          isolate: false,
          testTimeout: UNIT_TIMEOUT_MS,
        },
      },
      {
        test: {
          name: "e2e",
          include: ["test/e2e/**/*.test.ts"],
          // one engine, one set of ports: one file after the other
          pool: "forks",
          maxWorkers: 1,
          fileParallelism: false,
          testTimeout: E2E_TIMEOUT_MS,
          hookTimeout: E2E_TIMEOUT_MS,
        },
      },
    ],
  },
});
