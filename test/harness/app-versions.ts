import { get, Load, type LoadResult } from "./load.ts";
import { docker } from "./running-stack.ts";
import type { TestStack } from "./stack.ts";

/** Changes a stack while clients use it. */
export async function underLoad(stack: TestStack, change: () => Promise<unknown>): Promise<LoadResult> {
  const load = new Load(stack.url);
  try {
    await change();
  } finally {
    await load.settle();
  }
  return load.stop();
}

/** Names that app containers of a stack have, in the order of their servers. */
export const containersOf = (stack: TestStack, count: number): string[] =>
  Array.from({ length: count }, (_, index) => `${stack.name}-podinfo${index + 1}`);

/** Ids of the app containers, in the order of their servers. */
export const appIds = (stack: TestStack, count: number): Promise<string[]> =>
  Promise.all(containersOf(stack, count).map(async (name) => (await docker.getContainer(name).inspect()).Id));

/** Names of the app containers that there are, a stand-in and those that are set aside included. */
export async function containers(stack: TestStack): Promise<string[]> {
  const filters = { label: [`balancer.stack=${stack.name}`, "balancer.role=app"] };
  const found = await docker.listContainers({ all: true, filters });
  return found.map(({ Names }) => Names[0]?.slice(1) ?? "").sort();
}

/** Messages of the versions that answer. */
export async function messages(stack: TestStack): Promise<Set<string>> {
  const answers = await Promise.all(Array.from({ length: 40 }, () => get(stack.url)));
  return new Set(answers.map(({ body }) => /"message": "([^"]*)"/.exec(body)?.[1] ?? ""));
}

/** Names of the servers that are up. */
export const upServers = async (stack: TestStack): Promise<string[]> =>
  [...(await stack.servers()).values()].flatMap(({ name, isUp }) => (isUp ? [name] : [])).sort();
