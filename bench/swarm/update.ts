import type { Config } from "../../test/harness/running-stack.ts";
import type { SwarmStack } from "../../test/harness/swarm-stack.ts";

/**
 * Brings a stack to what is configured.
 * @returns Milliseconds of the CLI alone; what stacks of tests read afterwards is no part of them
 */
export async function update(stack: SwarmStack, changes: Config = {}): Promise<number> {
  stack.configure(changes);
  const start = performance.now();
  const words = ["up", "--yes", "--skip-preview", "--stack", stack.name];
  const { exitCode, output } = await stack.pulumi(...words);
  if (exitCode !== 0)
    throw new Error(`pulumi ${words.join(" ")} ended with exit code ${exitCode}:\n${output}`);
  return performance.now() - start;
}
