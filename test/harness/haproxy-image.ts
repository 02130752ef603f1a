import { type ChildProcessWithoutNullStreams, execFileSync, spawn } from "node:child_process";

/** The HAProxy that is tested: the default of the project, unless the caller names another. */
export const HAPROXY_IMAGE = process.env.BALANCER_HAPROXY_IMAGE ?? "haproxy:3.2";

/** What the program in the image says of itself, such as `3.2.26-1`. */
function haproxyVersion(): string {
  const options = ["run", "--rm", "--network", "none", "--pull", "never", "--entrypoint", "haproxy"];
  const told = execFileSync("docker", [...options, HAPROXY_IMAGE, "-v"], { encoding: "utf8" });
  const [, version] = /^HAProxy version (\S+) /.exec(told) ?? [];
  if (version === undefined) throw new Error(`${HAPROXY_IMAGE} says of itself ${told}`);
  return version;
}

/** That version as a part of a regular expression. */
export const versionPattern = (): string => haproxyVersion().replaceAll(".", "\\.");

/** Whether what the image has is of a version, such as `3.4`, or of a newer one. */
export const isHaproxyAtLeast = (version: string): boolean =>
  haproxyVersion().localeCompare(version, "en", { numeric: true }) >= 0;

/**
 * Runs a shell line in a container of HAProxy's image that has nothing else, for its own check. The image's
 * entrypoint would start a master process.
 * @param options of `docker run`
 */
export const runInHaproxyImage = (
  line: string,
  ...options: readonly string[]
): ChildProcessWithoutNullStreams =>
  spawn("docker", [
    ...["run", "--rm", "--interactive", "--network", "none", "--pull", "never"],
    // A check wants an address of the latter, and nobody comes from there.
    ...["--env", "BALANCER_PEER=haproxy1", "--env", "BALANCER_GATEWAY=127.0.0.1", ...options],
    ...["--entrypoint", "sh", HAPROXY_IMAGE, "-c", line],
  ]);
