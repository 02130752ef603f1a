import type { Topology } from "../../stack/topology.ts";
import { serverArguments } from "./server-line.ts";

/** A `server` line of the backend: its name, and what follows it. */
export interface ServerLine {
  readonly name: string;
  readonly arguments: string;
}

/**
 * Lists the backend's `server` lines: the declared servers, or every slot and the stand-in's, of which those
 * that are not declared are disabled.
 */
export function serverLines({ servers, swarm, standIn }: Topology): ServerLine[] {
  if (swarm === undefined)
    return servers.map((server) => ({ name: server.name, arguments: serverArguments(server) }));
  const declared = new Set(servers.map(({ name }) => name));
  return [...swarm.slots, standIn].map((slot) => {
    const disabled = declared.has(slot.name) ? "" : " disabled";
    return { name: slot.name, arguments: serverArguments(slot) + disabled };
  });
}
