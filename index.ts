import * as pulumi from "@pulumi/pulumi";
import { holdsSecret, parseSettings } from "./src/config/settings-parser.ts";
import { ownKey } from "./src/config/spelling.ts";
import { BalancedApp, withoutStack } from "./src/pulumi/balanced-app.ts";

// Pulumi keeps a stack trace with each of thousands of promises, and looks up what its lines were compiled
// from. Node runs this program as it is written, so there is nothing to look up.
Reflect.deleteProperty(Error, "prepareStackTrace");

const stack = pulumi.getStack();
const secrets = secretKeys();
const settings = withoutStack(() => parseSettings(stack, ownConfig(), secrets));
const app = new BalancedApp(stack, {
  settings,
  isEnvSecret: holdsSecret("app.env", secrets),
  areFilesSecret: holdsSecret("app.files", secrets),
});

/** The stack's outputs. As named exports, those that are undefined would each earn a warning. */
export default await app.outputs;

/** The stack's config, without the namespace. */
function ownConfig(): Record<string, string> {
  const all: Record<string, string> = pulumi.runtime.allConfig();
  const own = Object.entries(all).map(([key, value]) => [ownKey(key), value] as const);
  return Object.fromEntries(own.filter(([key]) => key !== undefined));
}

/** Reads the keys that hold a secret. The language host names them in this variable, the SDK does not. */
function secretKeys(): string[] {
  const keys: unknown = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS || "[]");
  return Array.isArray(keys) ? keys.flatMap((key) => ownKey(String(key)) ?? []) : [];
}
