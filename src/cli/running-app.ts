import { z } from "zod";
import { IS_CHECKOUT } from "../stack/checkout.ts";
import { APP_TYPE, STACK_OUTPUTS, type StackOutputs } from "../stack/outputs.ts";
import type { Caller } from "./caller.ts";
import type { AppOptions } from "./command-line.ts";
import { askPulumi } from "./pulumi-cli.ts";
import { readOutputs, startOf } from "./stack-outputs.ts";

/** A balanced app that is up. */
export interface RunningApp {
  /** Begins the names of its containers. */
  readonly name: string;
  /** As messages call it: `stack sticky` or `app web`. */
  readonly title: string;
  readonly outputs: StackOutputs;
}

/**
 * Finds the app that a command is about. Balancer's own program has one, whose outputs are the stack's; in
 * another it is looked for in the stack's state.
 * @throws {Error} when it is not up, or the stack has several and none is named
 */
export async function readApp(caller: Caller, { stack, app }: AppOptions): Promise<RunningApp> {
  const own = app === undefined ? nameIn({ stack }) : undefined;
  if (own !== undefined && stack !== undefined) return { ...own, outputs: await readOutputs(caller, stack) };
  const found = await readApps(caller, stack);
  const names = [...found.keys()].sort();
  const where = stack === undefined ? "the selected stack" : `stack ${stack}`;
  if (names.length === 0) throw new Error(`${where} has no BalancedApp that is up; ${startOf(stack)}`);
  const allowed = `allowed: ${names.join(", ")}`;
  if (app === undefined && names.length > 1) throw new Error(`${where} has several apps; --app: ${allowed}`);
  const name = app ?? names[0] ?? "";
  const outputs = found.get(name);
  if (outputs === undefined) throw new Error(`--app: ${JSON.stringify(name)} is refused; ${allowed}`);
  return { name, title: titleOf(name), outputs };
}

/** Names an app that need not be up. Undefined where only a state tells its name. */
export function nameIn({ stack, app }: AppOptions): Omit<RunningApp, "outputs"> | undefined {
  if (app !== undefined) return { name: app, title: titleOf(app) };
  if (!IS_CHECKOUT || stack === undefined) return undefined;
  return { name: stack.slice(stack.lastIndexOf("/") + 1), title: `stack ${stack}` };
}

const titleOf = (app: string): string => `app ${app}`;

/** The part of a stack's state that has the outputs of its apps. */
const STATE = z.object({
  deployment: z.object({
    resources: z
      .array(z.object({ urn: z.string(), type: z.string(), outputs: z.unknown().optional() }))
      .optional(),
  }),
});

/** All balanced apps of a stack that are up, by name. */
async function readApps(caller: Caller, stack: string | undefined): Promise<Map<string, StackOutputs>> {
  const place = stack === undefined ? [] : ["--stack", stack];
  const ask = async (...flags: string[]) =>
    appsIn(JSON.parse(await askPulumi(caller, ["stack", "export", ...flags, ...place])));
  const found = await ask();
  return found.hasSecrets ? (await ask("--show-secrets")).apps : found.apps;
}

/**
 * Finds the balanced apps that are up in what `pulumi stack export` tells.
 * @throws {z.ZodError} when it is no state
 */
export function appsIn(state: unknown): {
  readonly apps: Map<string, StackOutputs>;
  /** Whether an app is left out, or lacks something, as long as secrets are not shown. */
  readonly hasSecrets: boolean;
} {
  const { resources = [] } = STATE.parse(state).deployment;
  const outputs = resources
    .filter(({ type }) => type === APP_TYPE)
    .map(({ urn, outputs }) => ({ name: urn.slice(urn.lastIndexOf("::") + 2), ...shown(outputs) }));
  const apps = outputs.flatMap(({ name, value }) => {
    const result = STACK_OUTPUTS.safeParse(value);
    return result.success ? [[name, result.data] as const] : [];
  });
  return { apps: new Map(apps), hasSecrets: outputs.some(({ isHidden }) => isHidden) };
}

/** Marks a secret in a state. */
const SECRET_SIGNATURE = "4dabf18193072939515e22adb298388d";

/** Puts what secrets hold in their places, where it is shown. */
function shown(value: unknown): { readonly value: unknown; readonly isHidden: boolean } {
  if (typeof value !== "object" || value === null) return { value, isHidden: false };
  if (SECRET_SIGNATURE in value)
    return "plaintext" in value
      ? { value: JSON.parse(String(value.plaintext)), isHidden: false }
      : { value: undefined, isHidden: true };
  const parts = Object.entries(value).map(([key, each]) => [key, shown(each)] as const);
  const isHidden = parts.some(([, part]) => part.isHidden);
  if (Array.isArray(value)) return { value: parts.map(([, part]) => part.value), isHidden };
  return { value: Object.fromEntries(parts.map(([key, part]) => [key, part.value])), isHidden };
}
