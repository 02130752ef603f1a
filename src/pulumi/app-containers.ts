import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { DEFINITION_LABEL } from "../docker/labels.ts";
import { clearContainer, type Owner } from "../docker/leftovers.ts";
import type { Credentials } from "../stack/endpoint.ts";
import type { ObservedApp } from "../stack/observed.ts";
import { type Rollout, replacedServers } from "../stack/rollout.ts";
import type { Settings } from "../stack/settings.ts";
import type { Server, Topology } from "../stack/topology.ts";
import type { RunningBalancer } from "./balancer.ts";
import { confined, confinedOptions } from "./confinement.ts";
import { clearedBeforeCreate, dockerLabels } from "./ownership.ts";
import { RESTART_POLICY } from "./restart-policy.ts";
import { RolloutGate } from "./rollout-gate.ts";

interface AppArgs {
  readonly settings: Settings;
  readonly topology: Topology;
  readonly logDriver: string;
  readonly isEnvSecret: boolean;
  readonly owner: Owner;
  readonly observedApps: ReadonlyMap<string, ObservedApp>;
  readonly rollout: Rollout;
  readonly network: docker.Network;
  readonly balancers: readonly RunningBalancer[];
  /** Of the runtime API, where it takes any. */
  readonly credentials: pulumi.Output<Credentials> | undefined;
  readonly parent: pulumi.Resource;
}

/** What a gate does before its container is replaced, and what must be done before that. */
interface Step {
  readonly previous: readonly Server[];
  readonly batch: readonly Server[];
  readonly after: readonly pulumi.Resource[];
}

const STOP_TIMEOUT_SECONDS = 10;

/**
 * Declares the app containers, each behind a gate. Where a roll-out replaces containers, the first gate of a batch waits
 * for the containers of the batch before and does the work for its whole batch; otherwise nothing waits for anything.
 * The containers that a roll-out does not replace come before its first batch: one that is added may be what keeps the
 * app served while the only old one is replaced, and one of the new version that does not serve ends the roll-out there.
 */
export function createAppContainers(args: AppArgs): docker.Container[] {
  const { rollout, topology } = args;
  const containers = new Map<string, docker.Container>();
  const create = (server: Server, step: Step): RolloutGate => {
    const gate = createGate(server, step, args);
    containers.set(server.name, createContainer(server, gate, args));
    return gate;
  };
  const replaced = replacedServers(rollout);
  for (const server of topology.servers)
    if (!replaced.has(server.name)) create(server, { previous: [], batch: [], after: [] });
  let previous = rollout.provedFirst;
  for (const batch of rollout.batches) {
    const after = previous.flatMap(({ name }) => containers.get(name) ?? []);
    const [first, ...rest] = batch;
    if (first === undefined) continue;
    const gate = create(first, { previous, batch, after });
    for (const server of rest) create(server, { previous: [], batch: [], after: [gate] });
    previous = batch;
  }
  return [...containers.values()];
}

function createGate(
  server: Server,
  { previous, batch, after }: Step,
  { settings, topology, rollout, observedApps, balancers, credentials, parent }: AppArgs,
): RolloutGate {
  return new RolloutGate(
    `${server.containerName}-gate`,
    {
      definition: rollout.definition,
      runs: observedApps.get(server.containerName)?.definition ?? "",
      previous,
      batch,
      declared: topology.servers.map(({ name }) => name),
      balancers: balancers.map(({ address }) => address),
      credentials,
      drainTimeoutMs: settings.drainTimeoutMs,
      readyTimeoutMs: settings.readyTimeoutMs,
    },
    { parent, dependsOn: [...after, ...balancers.map(({ container }) => container)] },
  );
}

function createContainer(
  { containerName: name, address }: Server,
  gate: RolloutGate,
  args: AppArgs,
): docker.Container {
  const { settings, logDriver, isEnvSecret, owner, observedApps, rollout, network, parent } = args;
  const { image, command, env, confinement } = settings.app;
  // A label that differs replaces the container, and moving the checkout's folder must not: an existing one keeps its own.
  const state = observedApps.get(name)?.state || owner.state;
  const envs = Object.entries(env).map(([variable, value]) => `${variable}=${value}`);
  return new docker.Container(
    name,
    {
      name,
      image,
      restart: RESTART_POLICY,
      logDriver,
      command: [...command],
      ...confined(confinement),
      envs: isEnvSecret ? pulumi.secret(envs) : envs,
      networksAdvanced: [{ name: network.name, ipv4Address: address }],
      destroyGraceSeconds: STOP_TIMEOUT_SECONDS,
      labels: [
        ...dockerLabels({ ...owner, state }, "app"),
        { label: DEFINITION_LABEL, value: rollout.definition },
      ],
    },
    {
      parent,
      dependsOn: [gate],
      ...confinedOptions(),
      ...clearedBeforeCreate(name, (engine) => clearContainer(engine, owner, name)),
    },
  );
}
