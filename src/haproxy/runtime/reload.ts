import { formatEndpoint } from "../../stack/endpoint.ts";
import type { Haproxy } from "./client.ts";
import { COMMANDS } from "./command.ts";
import { ReloadRefusedError } from "./runtime-error.ts";

/** HAProxy loads the config, starts a worker and waits until it is ready before it answers. */
const RELOAD_TIMEOUT_MS = 30_000;

/** Either verdict is an answer; one that refuses is an outcome of its own. */
const RELOAD = { command: COMMANDS.masterReload(), accepts: /^Success=[01]$/m, what: "to reload" };
const REFUSED = /^Success=0$/m;

/**
 * Asks the master process to load the config file into a new worker, and reads its verdict.
 * @throws {ReloadRefusedError} with HAProxy's own alerts; the old worker serves on
 * @throws {RuntimeError} when there is no verdict: HAProxy may have ended
 */
export async function reload(haproxy: Haproxy): Promise<void> {
  const answer = await haproxy.runAlone(RELOAD, RELOAD_TIMEOUT_MS);
  haproxy.redial();
  if (!REFUSED.test(answer)) return;
  const alerts = answer.split("\n").filter((line) => /^\[(ALERT|WARNING)\]/.test(line));
  const words = (alerts.join("; ") || answer).trim();
  throw new ReloadRefusedError(`HAProxy at ${formatEndpoint(haproxy.endpoint)} refused to reload: ${words}`);
}
