import type { Server } from "../../stack/topology.ts";
import { readServers } from "../runtime/running-state.ts";
import { NONE } from "../runtime/state.ts";
import type { Target } from "./target.ts";

/** A slot that HAProxy has elsewhere than what shall serve there. */
export interface Apart {
  readonly server: Server;
  /** Where HAProxy has it. */
  readonly is: string;
  /** Undefined while nothing runs. */
  readonly shall: string | undefined;
}

/** Finds slots that are not where their containers run; none where nobody tells that. */
export async function findApart(
  { haproxy, findAddresses }: Pick<Target, "haproxy" | "findAddresses">,
  servers: readonly Server[],
): Promise<readonly Apart[]> {
  if (findAddresses === undefined || servers.length === 0) return [];
  const names = servers.map(({ containerName }) => containerName);
  const [addresses, running] = await Promise.all([findAddresses(names), readServers(haproxy)]);
  const known = new Map(running.map(({ name, address }) => [name, address]));
  return servers.flatMap((server) => {
    const [is = NONE, shall] = [known.get(server.name), addresses.get(server.containerName)];
    return is === shall ? [] : [{ server, is, shall }];
  });
}

/** Says where a slot is, and where it shall be. */
export function describeApart({ is, shall }: Apart): string {
  if (shall === undefined) return "nothing runs yet";
  return is === NONE
    ? `runs at ${shall}, of which HAProxy does not know yet`
    : `runs at ${shall}, and HAProxy has it at ${is}`;
}
