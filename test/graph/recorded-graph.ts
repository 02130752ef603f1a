import * as pulumi from "@pulumi/pulumi";
import { renderConfig } from "../../src/haproxy/file/render.ts";
import { declareApps, type Observed } from "../../src/preview/situation.ts";
import type { StackContext } from "../../src/pulumi/stack-context.ts";
import type { ObservedBalancer } from "../../src/stack/observed.ts";
import { planRollout } from "../../src/stack/rollout.ts";
import { planTopology } from "../../src/stack/topology.ts";
import { settingsOf } from "../harness/pulumi-config.ts";

/** A resource as the program asked Pulumi for it. */
export interface Declared {
  readonly type: string;
  readonly inputs: Readonly<Record<string, unknown>>;
  /** Names of the resources that it waits for. */
  readonly after: readonly string[];
}

/** What runs before the update. */
interface Before {
  /** App containers by the number of their server: what each was made from, `same` for what is declared. */
  readonly apps?: Readonly<Record<number, string>>;
  readonly serving?: readonly string[];
  readonly balancers?: readonly number[];
  readonly isAllDown?: boolean;
}

type Config = Parameters<typeof settingsOf>[0];

/** Declares a stack's resources without Pulumi's engine, and returns what was asked of it, by name. */
export async function recordGraph(
  config: Config,
  declare: (context: StackContext) => unknown,
  before: Before = {},
): Promise<ReadonlyMap<string, Declared>> {
  const recorded = new Map<string, Declared>();
  await pulumi.runtime.setMocks({
    newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: inputs }),
    call: () => ({}),
  });
  recordRegistrations(recorded);
  const parent = new Parent();
  await declare(contextOf(config, before, parent));
  await pulumi.runtime.disconnect();
  return recorded;
}

class Parent extends pulumi.ComponentResource {
  constructor() {
    super("test:index:Parent", "parent");
  }
}

/** Mocks are told the inputs of a resource alone; what it waits for is in the request behind them. */
function recordRegistrations(recorded: Map<string, Declared>): void {
  const monitor = pulumi.runtime.getMonitor();
  if (monitor === undefined) throw new Error("there are no mocks");
  const register = monitor.registerResource.bind(monitor);
  const record: typeof register = (request: Request, ...rest: readonly unknown[]) => {
    recorded.set(request.getName(), {
      type: request.getType(),
      inputs: request.getObject()?.toJavaScript() ?? {},
      after: request.getDependenciesList().map((urn) => urn.slice(urn.lastIndexOf("::") + 2)),
    });
    return Reflect.apply(register, monitor, [request, ...rest]);
  };
  // Hooks run on Pulumi's engine, and mocks do not know them.
  const registerResourceHook = (_: unknown, done: (error: null, reply: object) => void) => done(null, {});
  Object.assign(monitor, { registerResource: record, registerResourceHook });
}

type Request = Parameters<NonNullable<ReturnType<typeof pulumi.runtime.getMonitor>>["registerResource"]>[0];

function contextOf(config: Config, before: Before, parent: pulumi.Resource): StackContext {
  const settings = settingsOf(config);
  const topology = planTopology(settings);
  const apps = declareApps(settings, topology, "local");
  const definitions = new Map([...apps].map(([name, { definition }]) => [name, definition]));
  const running = new Map(
    Object.entries(before.apps ?? {}).map(([n, made]) => {
      const name = `demo-podinfo${n}`;
      return [name, made === "same" ? (definitions.get(name) ?? "") : made];
    }),
  );
  const balancer: ObservedBalancer = {
    isRunning: true,
    madeFrom: {},
    configText: "",
    certificateDigest: undefined,
  };
  const rollout = planRollout({
    servers: topology.servers,
    definitions,
    running,
    serving: new Set(before.serving ?? topology.servers.map(({ name }) => name)),
    isAllDown: before.isAllDown ?? false,
    batch: settings.rollout.batch,
  });
  const observed: Observed = {
    subnet: undefined,
    apps: new Map([...running].map(([name, definition]) => [name, { definition, isRunning: true }])),
    balancers: new Map((before.balancers ?? []).map((n) => [`demo-haproxy${n}`, balancer])),
    running: new Map(),
    certificates: new Map(),
    areSessionsApart: false,
  };
  const declared = {
    settings,
    topology,
    config: renderConfig(topology),
    certificate: undefined,
    logDriver: "local",
    apps,
    rollout,
  };
  return {
    declared,
    observed,
    owner: { stack: "demo", state: "state" },
    isEnvSecret: false,
    areFilesSecret: false,
    parent,
    engine: undefined,
    dockerProvider: undefined,
  };
}
