import { execFileSync } from "node:child_process";
import { PROJECT } from "./pulumi.ts";
import { type ProgramRun, startProgram } from "./started-program.ts";

// The second engine that tools/setup/newer-engine.sh starts, and the network that it is alone in.
const SOCKET = "unix:///var/lib/balancer-newer-engine/docker.sock";
const NAMESPACE = "/var/run/netns/balancer-newer";

const environment = { ...process.env, DOCKER_HOST: SOCKET };

/** The version of an engine, such as `28.5.2`. */
const versionOf = (env: NodeJS.ProcessEnv): string =>
  execFileSync("docker", ["version", "--format", "{{.Server.Version}}"], { encoding: "utf8", env }).trim();

/** The version of the engine of the other tests. */
export const ownVersion = (): string => versionOf(process.env);

/** The version of the second engine. */
export function newerVersion(): string {
  try {
    return versionOf(environment);
  } catch (cause) {
    throw new Error("the newer Docker engine is not there; as root on Debian run: tools/setup.sh --tests", {
      cause,
    });
  }
}

/**
 * Runs a file of tests on the second engine, where published ports are that network's own.
 * @param tests their names; none for all of the file
 */
export function runOnNewerEngine(file: string, tests: readonly string[]): Promise<ProgramRun> {
  const options = tests.length > 0 ? ["--testNamePattern", tests.join("|")] : [];
  const words = ["node_modules/vitest/vitest.mjs", "run", file, ...options];
  return startProgram("nsenter", [`--net=${NAMESPACE}`, process.execPath, ...words], {
    cwd: PROJECT,
    env: environment,
  }).ended;
}
