import { z } from "zod";
import { parseSettings } from "../config/settings-parser.ts";
import { ownKey } from "../config/spelling.ts";
import type { ConfiguredSettings } from "../stack/settings.ts";
import type { Caller } from "./caller.ts";
import { askPulumi } from "./pulumi-cli.ts";

const ENTRIES = z.record(z.string(), z.unknown());
const ENTRY = z.object({ value: z.string(), secret: z.boolean().optional() });

/**
 * Reads a stack's config as the program does.
 * @param stack name, which may be qualified as Pulumi has it
 * @param changes config keys to be changed
 * @throws {SettingsError} with every mistake; what Pulumi keeps as a secret is not told
 */
export async function readSettings(
  caller: Caller,
  stack: string,
  changes: Readonly<Record<string, string>> = {},
): Promise<ConfiguredSettings> {
  const entries = ENTRIES.parse(
    JSON.parse(await askPulumi(caller, ["config", "--json", "--show-secrets", "--stack", stack])),
  );
  const own = Object.entries(entries).flatMap(([name, entry]) => {
    const key = ownKey(name);
    return key === undefined ? [] : [{ key, ...ENTRY.parse(entry) }];
  });
  const config = Object.fromEntries(own.map(({ key, value }) => [key, value]));
  const secrets = own.filter(({ secret }) => secret).map(({ key }) => key);
  return parseSettings(stack.slice(stack.lastIndexOf("/") + 1), { ...config, ...changes }, secrets);
}
