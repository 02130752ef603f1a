import { readFileSync } from "node:fs";
import { parse } from "yaml";
import type { Config } from "./running-stack.ts";

const PLACE = ["balancer:subnet", "balancer:ports"];

/**
 * The config of a committed example, but for its place, which a test has of its own.
 * @param change of the example's text
 */
export function exampleConfig(name: string, change = (text: string): string => text): Config {
  const text = readFileSync(new URL(`../../examples/Pulumi.${name}.yaml`, import.meta.url), "utf8");
  const config: Readonly<Record<string, unknown>> = parse(change(text)).config;
  const own = Object.entries(config).filter(([key]) => !PLACE.includes(key));
  return Object.fromEntries(own.flatMap(([key, value]) => flat(key.replace("balancer:", ""), value)));
}

/** A group's keys by their path; a list or a map of a key is in no example's group. */
const flat = (key: string, value: unknown): [string, unknown][] =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.entries(value).map(([name, each]) => [`${key}.${name}`, each])
    : [[key, value]];
