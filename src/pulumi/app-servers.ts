import * as pulumi from "@pulumi/pulumi";
import { labelsOf, MADE_FROM_LABEL } from "../docker/labels.ts";
import type { Credentials } from "../stack/endpoint.ts";
import type { Server } from "../stack/topology.ts";
import type { RunningBalancer } from "./balancer.ts";
import { AppServer } from "./provided.ts";
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
 * whose containers stay or are new come before the first: one that is added may be what keeps the app served
 * while the only old one is replaced, and one of the new version that does not serve ends the roll-out there.
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

function createAppServer(
  server: Server,
  isProvedFirst: boolean,
  after: readonly AppServer[],
  args: AppServersArgs,
): AppServer {
  const { declared, isEnvSecret, owner, network, balancers, credentials, parent } = args;
  const { settings, topology, apps, rollout } = declared;
  const app = apps.get(server.containerName);
  if (app === undefined) throw new RangeError(`${server.containerName} is not declared`);
  return new AppServer(
    server.containerName,
    {
      server,
      container: isEnvSecret ? { ...app.container, Env: pulumi.secret(app.container.Env) } : app.container,
      definition: app.definition,
      labels: {
        ...labelsOf(owner.stack, owner.state, "app"),
        [MADE_FROM_LABEL]: JSON.stringify(app.madeFrom),
      },
      pids: settings.app.confinement.limits.pids,
      network,
      balancers: balancers.map(({ address }) => address),
      credentials,
      isOnly: topology.servers.length === 1,
      isProvedFirst,
      atATime: rollout.atATime,
      drainTimeoutMs: settings.drainTimeoutMs,
      readyTimeoutMs: settings.readyTimeoutMs,
    },
    { parent, dependsOn: [...after, ...balancers.map(({ container }) => container)] },
  );
}
