import { basename } from "node:path";
import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** Seconds are plenty, but for a machine that does other things besides. */
const UNIT_TIMEOUT_MS = 60_000;
const ENGINE_TIMEOUT_MS = 300_000;

/** These files take longest. They come first, so that all workers of a tier end at about the same time. */
const LONGEST = [
  ...["settings", "further-settings", "machines", "newer-engine", "registry-and-neighbours"],
  ...[
    "own-program",
    "images",
    "rollout",
    "drift",
    "way-back",
    "balancers",
    "interruption-scale",
    "monitoring",
  ],
  ...["stock-images", "interruption-rollout", "reload", "containers", "tls", "scaling", "guests"],
  ...["hostile-config", "probe", "tls-engines", "sync", "sessions", "failures"],
].map((name) => `${name}.test.ts`);

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const names = LONGEST.toReversed(); // all others come after them, as -1
    const place = ({ moduleId }: TestSpecification): number => names.indexOf(basename(moduleId));
    return files.toSorted((a, b) => place(b) - place(a));
  }
}

/** Files of a tier on the real engine. Each stack has a place of its own, so that files run side by side. */
const onEngine = (name: string, groupOrder: number, maxWorkers: number) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    pool: "forks" as const,
    maxWorkers,
    sequence: { groupOrder },
    // as in CI, where libraries colour even what goes to a pipe
    env: { CI: "true" },
    testTimeout: ENGINE_TIMEOUT_MS,
    hookTimeout: ENGINE_TIMEOUT_MS,
  },
});

/** Tiers of one order run side by side, and the orders one after the other, what takes least first. */
export default defineConfig({
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.ts"],
          sequence: { groupOrder: 0 },
          // pure functions: files may share a process, which saves half the time
          isolate: false,
          maxWorkers: 2,
          testTimeout: UNIT_TIMEOUT_MS,
        },
      },
      {
        test: {
          name: "graph",
          include: ["test/graph/**/*.test.ts"],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
          testTimeout: UNIT_TIMEOUT_MS,
        },
      },
      // the real HAProxy, without Pulumi
      onEngine("haproxy", 1, 3),
      // files of the tiers around it once more, on a second engine that shares nothing with the first
      onEngine("newer", 1, 3),
      // several machines, which no other test knows of, and of which most tests wait for what others do
      onEngine("swarm", 1, 3),
      // the real `pulumi up`
      onEngine("e2e", 2, 2),
      // what another stack beside it would disturb, or what would disturb another
      onEngine("alone", 3, 1),
    ],
  },
});
