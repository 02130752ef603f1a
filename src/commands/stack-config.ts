import { z } from "zod";
import { askPulumi } from "./pulumi.ts";

const NAMESPACE = "balancer:";
const ENTRIES = z.record(z.string(), z.unknown());
const ENTRY = z.object({ value: z.string() });

/** Reads a stack's config as Pulumi hands it to the program: this project's keys alone, and secrets as what they are. */
export async function readConfig(stack: string): Promise<Record<string, string>> {
  const entries = ENTRIES.parse(JSON.parse(await askPulumi(["config", "--json", "--show-secrets", "--stack", stack])));
  const own = Object.entries(entries).filter(([key]) => key.startsWith(NAMESPACE));
  return Object.fromEntries(own.map(([key, entry]) => [key.slice(NAMESPACE.length), ENTRY.parse(entry).value]));
}
