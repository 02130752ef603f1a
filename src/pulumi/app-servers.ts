import * as pulumi from "@pulumi/pulumi";
import { labelsOf, MADE_FROM_LABEL } from "../docker/labels.ts";
import type { Credentials } from "../stack/endpoint.ts";
import type { MadeFrom } from "../stack/made-from.ts";
import type { Server } from "../stack/topology.ts";
import type { RunningBalancer } from "./balancer.ts";
import { swarmInputs } from "./ownership.ts";
import { AppServer, RolloutEnd } from "./provided.ts";
import type { StackContext } from "./stack-context.ts";

interface AppServersArgs extends StackContext {
  /** Name of the stack's network; an app server goes and comes back with it. */
  readonly network: pulumi.Input<string>;
  readonly balancers: readonly RunningBalancer[];
  /** Runtime API credentials; undefined without `runtimeTls`. */
  readonly credentials: pulumi.Output<Credentials> | undefined;
}

/**
 * Declares the app servers. Where a roll-out replaces containers, each of them waits for the one that is
 * `atATime` places before it in the order of the roll-out; otherwise nothing waits for anything. The servers
 * whose containers stay or are new come before the first: one of the new version that does not serve ends the
 * roll-out there.
 */
export function createAppServers(args: AppServersArgs): AppServer[] {
  const { topology, rollout } = args.declared;
  const { provedFirst, replaced, atATime } = rollout;
  const isReplaced = new Set(replaced.map(({ name }) => name));
  const isProvedFirst = new Set(provedFirst.map(({ name }) => name));
  const others = topology.servers
    .filter(({ name }) => !isReplaced.has(name))
    .map((server) => createAppServer(server, isProvedFirst.has(server.name), [], args));
  const proved = provedFirst.length > 0 ? others : [];
  const rolled: AppServer[] = [];
  for (const [index, server] of replaced.entries()) {
    // Only the first one waits for all that are proved first, so that the state does not hold every pair of
    // servers.
    const before =
      index === 0 ? proved : [rolled[proved.length > 0 && index < atATime ? 0 : index - atATime]];
    rolled.push(
      createAppServer(
        server,
        false,
        before.flatMap((each) => each ?? []),
        args,
      ),
    );
  }
  return [...others, ...rolled];
}

/** Declares the end of a roll-out, after all of its app servers. */
export const createRolloutEnd = (apps: readonly AppServer[], args: AppServersArgs): RolloutEnd =>
  new RolloutEnd(
    args.declared.topology.standIn.containerName,
    { ...rolloutInputs(args, madeFromOfAll(args)), servers: [...args.declared.topology.servers] },
    { parent: args.parent, dependsOn: [...apps] },
  );

/** All are made from the same but for their addresses. */
function madeFromOfAll({ declared }: AppServersArgs): MadeFrom {
  const [app] = declared.apps.values();
  const { arguments: _, ...madeFrom } = app?.madeFrom ?? {};
  return madeFrom;
}

const rolloutInputs = ({ declared, owner, balancers, credentials }: AppServersArgs, madeFrom: MadeFrom) => {
  const { settings, topology, rollout } = declared;
  return {
    ...(topology.swarm && { swarm: swarmInputs(topology.swarm) }),
    labels: {
      ...labelsOf(owner.stack, owner.state, "app"),
      [MADE_FROM_LABEL]: JSON.stringify(madeFrom),
    },
    mode: settings.mode,
    standIn: topology.standIn,
    balancers: balancers.flatMap(({ address, isDown }) => (isDown ? [] : [address])),
    credentials,
    atATime: rollout.atATime,
    onFailure: settings.rollout.onFailure,
    check: topology.check,
    drainTimeoutMs: settings.drainTimeoutMs,
    readyTimeoutMs: settings.readyTimeoutMs,
  };
};

function createAppServer(
  server: Server,
  isProvedFirst: boolean,
  after: readonly AppServer[],
  args: AppServersArgs,
): AppServer {
  const { declared, isEnvSecret, areFilesSecret, network, balancers, parent, engine } = args;
  const { settings, apps } = declared;
  const app = apps.get(server.containerName);
  const { files, networks } = settings.app;
  const hasFiles = Object.keys(files).length > 0;
  if (app === undefined) throw new RangeError(`${server.containerName} is not declared`);
  return new AppServer(
    server.containerName,
    {
      ...rolloutInputs(args, app.madeFrom),
      server,
      container: isEnvSecret ? { ...app.container, Env: pulumi.secret(app.container.Env) } : app.container,
      definition: app.definition,
      ...(hasFiles && { files: areFilesSecret ? pulumi.secret(files) : files }),
      ...(networks.length > 0 && { networks: [...networks] }),
      pids: settings.app.confinement.limits.pids,
      ...(settings.swarm && { restartDelayMs: settings.app.restartDelayMs }),
      network,
      ...(declared.rollout.moved?.includes(server.name) && { isMoved: true }),
      isProvedFirst,
      engine,
    },
    { parent, dependsOn: [...after, ...balancers.flatMap(({ container }) => container.resources)] },
  );
}
