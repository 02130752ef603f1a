import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { startProgram } from "../../test/harness/started-program.ts";
import { expectDone } from "./rival.ts";

/** Where `tools/rivals.sh` puts what it builds. */
const FOLDER = fileURLToPath(new URL("../../.setup/rivals/", import.meta.url));

/** Programs that `tools/rivals.sh` builds. */
export type BuiltProgram = "docker-compose" | "kamal-proxy" | "traefik";

export const pathOf = (program: BuiltProgram): string => `${FOLDER}${program}`;

export const isBuilt = (program: BuiltProgram): boolean => existsSync(pathOf(program));

/**
 * Runs a program to its end.
 * @returns what it printed
 * @throws {Error} with all that it printed, when it fails
 */
export async function run(program: string, args: readonly string[]): Promise<string> {
  const ended = await tryRun(program, args);
  expectDone(`${program} ${args.join(" ")}`, ended);
  return ended.stdout.trim();
}

export const tryRun = (program: string, args: readonly string[]) =>
  startProgram(program, args, { cwd: "/", env: process.env, niceness: 0 }).ended;
