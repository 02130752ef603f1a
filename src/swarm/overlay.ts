import type { Engine } from "../docker/engine.ts";
import { dockerWords, EngineError, hasStatus } from "../docker/engine-error.ts";
import { inspectNetwork } from "../docker/engine-replies.ts";
import { checkIsOwn, type Labels } from "../docker/labels.ts";
import { createNetwork, type WantedNetwork } from "../docker/network.ts";
import { poll } from "../stack/clock.ts";
import { listServices } from "./swarm-replies.ts";

/** A network over the machines of a Swarm, as it is asked for. */
export interface OverlayNetwork extends WantedNetwork {
  readonly options: Readonly<Record<string, string>>;
}

export const ENCRYPTED_OPTION = "encrypted";
export const MTU_OPTION = "com.docker.network.driver.mtu";

/** Looks at a network by its name. The result is undefined if there is none. */
export const findOverlay = inspectNetwork;

/**
 * Makes a network where there is none of its name. Balancers join it as plain containers, so it is
 * attachable.
 * @returns Docker's id of it
 * @throws {EngineError} Somebody else's network has the name, or the subnet.
 */
export async function ensureOverlay(manager: Engine, network: OverlayNetwork): Promise<string> {
  const { name, options, labels } = network;
  const found = await findOverlay(manager, name);
  if (found !== undefined) {
    checkIsOwn("network", name, found.Labels, labels);
    return found.Id;
  }
  return createNetwork(manager, network, { Driver: "overlay", Attachable: true, Options: { ...options } });
}

/**
 * Checks that no service of somebody else is on a stack's network, which Docker would not remove then.
 * @param isOurs Tells by its labels whether a service is the stack's.
 * @throws {EngineError} The message names every such service.
 */
export async function checkNoOtherServices(
  manager: Engine,
  { network, networkId }: { readonly network: string; readonly networkId: string },
  isOurs: (labels: Labels) => boolean,
): Promise<void> {
  const others = (await listServices(manager, {})).filter(
    ({ Spec }) =>
      !isOurs(Spec.Labels) &&
      Spec.template.Networks.some(({ Target }) => [network, networkId].includes(Target)),
  );
  const mistakes = others.map(({ Spec: { Name } }) => {
    const remedy = `take it off first (docker service update --network-rm ${network} ${Name})`;
    return `service ${Name} is on network ${network}; ${remedy}`;
  });
  if (mistakes.length > 0) throw new EngineError(mistakes.sort().join("\n"));
}

/** A task that is being stopped keeps its network for a while. */
const PATIENCE_MS = 60_000;
const POLL_MS = 200;

/**
 * Removes a network whose services are gone, as soon as their tasks are.
 * @throws {EngineError} It is in use. The message has Docker's words.
 */
export async function removeOverlay(manager: Engine, id: string): Promise<void> {
  const refusal = await poll(() => refusalToRemove(manager, id), {
    until: (error) => error === undefined,
    everyMs: POLL_MS,
    timeoutMs: PATIENCE_MS,
  });
  if (refusal === undefined) return;
  throw new EngineError(`network ${id} cannot be removed: ${dockerWords(refusal)}`, { cause: refusal });
}

async function refusalToRemove(manager: Engine, id: string): Promise<unknown> {
  try {
    await manager.getNetwork(id).remove();
    return undefined;
  } catch (error) {
    return hasStatus(error, 404) ? undefined : error;
  }
}
