import { poll } from "../../stack/clock.ts";
import type { Server } from "../../stack/topology.ts";
import { NotUpError } from "../runtime/runtime-error.ts";
import { notUpWithin, placeOf, watchHope } from "./prove.ts";
import type { Report } from "./report.ts";
import { PROGRESS, secondsLeft, type Target } from "./target.ts";
import { type Apart, describeApart, findApart } from "./whereabouts.ts";

const POLL_MS = 100;

/**
 * Waits until HAProxy has slots at the addresses of the containers that run there. One that comes into
 * rotation before could send requests to a container that is on its way out, or to another one that has its
 * address by now.
 * @throws {NotUpError} naming those that are elsewhere
 */
export async function followAddresses(
  target: Pick<Target, "haproxy" | "clock" | "readyTimeoutMs" | "findAddresses" | "findHopeless">,
  servers: readonly Server[],
  report: Report,
): Promise<void> {
  const { findAddresses, readyTimeoutMs: timeoutMs, clock } = target;
  if (findAddresses === undefined) return;
  const { isLost, whyLost } = watchHope(target, servers);
  let isOver = false;
  const look = async (): Promise<readonly Apart[]> => {
    const apart = await findApart(target, servers);
    isOver = apart.length === 0 || (await isLost(apart.map(({ server }) => server.name)));
    return apart;
  };
  const tell = (apart: readonly Apart[], leftMs: number): void =>
    report(`waits for ${apart.slice(0, 5).map(inShort).join("; ")}, ${secondsLeft(leftMs)} left`, "progress");
  const progress = { ...PROGRESS, tell };
  const apart = await poll(look, { until: () => isOver, everyMs: POLL_MS, timeoutMs, clock, progress });
  if (apart.length === 0) return;
  const why = whyLost();
  const lost = apart.filter(({ server }) => why.size === 0 || why.has(server.containerName));
  const lines = lost.map((each) => {
    const { containerName } = each.server;
    const words = why.get(containerName);
    return `${placeOf(each.server)}: ${describeApart(each)}${words === undefined ? "" : `; ${words}`}`;
  });
  throw new NotUpError(
    `${why.size === 0 ? notUpWithin(timeoutMs) : "not up, and not waited for"}: ${lines.join("; ")}`,
    lost.map(({ server }) => server.containerName),
  );
}

const inShort = (each: Apart): string => `${each.server.name}: ${describeApart(each)}`;
