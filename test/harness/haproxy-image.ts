import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";

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
    ...["--env", "BALANCER_PEER=haproxy1", ...options],
    ...["--entrypoint", "sh", "haproxy:3.2", "-c", line],
  ]);
