import * as pulumi from "@pulumi/pulumi";
import { holdsSecret, parseSettings } from "./src/config/settings-parser.ts";
import { ownKey } from "./src/config/spelling.ts";
import { connectEngine } from "./src/docker/engine.ts";
import { EngineError } from "./src/docker/engine-error.ts";
import { pullMissingImages, refuseRoot } from "./src/docker/images.ts";
import { stateName } from "./src/docker/labels.ts";
import { describeChanges, describeWarnings } from "./src/preview/changes.ts";
import { lookAtStack } from "./src/preview/situation.ts";
import { BalancedApp } from "./src/pulumi/balanced-app.ts";
import { readLastCredentials } from "./src/pulumi/last-credentials.ts";
import { formatEndpoint } from "./src/stack/endpoint.ts";
import { SettingsError } from "./src/stack/settings-error.ts";
import { LOOPBACK, runtimeEndpoint } from "./src/stack/topology.ts";

const stack = pulumi.getStack();
const secrets = secretKeys();

const { declared, observed } = await withoutStack(async () => {
  const settings = parseSettings(stack, ownConfig(), secrets);
  const engine = await connectEngine();
  if (!pulumi.runtime.isDryRun()) {
    await pullMissingImages(engine, [
      { key: "haproxyImage", reference: settings.haproxyImage },
      { key: "app.image", reference: settings.app.image },
      ...(settings.monitoring === undefined
        ? []
        : [
            { key: "prometheusImage", reference: settings.monitoring.prometheusImage },
            { key: "grafanaImage", reference: settings.monitoring.grafanaImage },
          ]),
    ]);
  }
  await refuseRoot(
    engine,
    { key: "app.image", reference: settings.app.image },
    settings.app.confinement.user,
  );
  return lookAtStack(engine, settings, settings.runtimeTls && (await readLastCredentials()));
});
const { settings, topology, config, certificate, logDriver, rollout } = declared;
for (const warning of describeWarnings(declared)) await pulumi.log.warn(warning);
if (pulumi.runtime.isDryRun()) {
  for (const line of describeChanges(declared, observed)) await pulumi.log.info(line);
}
const owner = { stack, state: stateName(process.env.PULUMI_BACKEND_URL ?? "", import.meta.dirname) };

const app = new BalancedApp(stack, {
  settings,
  topology,
  config,
  certificate,
  logDriver,
  isEnvSecret: holdsSecret("app.env", secrets),
  owner,
  observedApps: observed.apps,
  observedBalancers: observed.balancers,
  rollout,
});

const host = settings.bind === "0.0.0.0" ? "127.0.0.1" : settings.bind;
/** The stack's outputs. As named exports, those that are undefined would each earn a warning. */
export default {
  urls: topology.balancers.map(({ ports }) => `http://${host}:${ports.http}`),
  ...(topology.tls && { httpsUrls: topology.balancers.map(({ ports }) => `https://${host}:${ports.https}`) }),
  statsUrls: topology.balancers.map(({ ports }) => `http://${LOOPBACK}:${ports.stats}`),
  runtimeEndpoints: topology.balancers.map(({ ports }) => `${LOOPBACK}:${ports.runtime}`),
  ...(topology.runtimeTls && {
    runtimeTlsEndpoints: topology.balancers.map((balancer) =>
      formatEndpoint(runtimeEndpoint(topology, balancer)),
    ),
    runtimeTlsCredentials: app.runtimeCredentials,
  }),
  servers: topology.servers.map(({ name, address, port }) => ({ name, address: `${address}:${port}` })),
  mode: settings.mode,
  haproxyConfig: config.text,
  ...(topology.monitoring && {
    prometheusUrl: `http://${LOOPBACK}:${topology.monitoring.prometheus.port}`,
    grafanaUrl: `http://${LOOPBACK}:${topology.monitoring.grafana.port}`,
  }),
};

/** The stack's config, without the namespace. */
function ownConfig(): Record<string, string> {
  const all: Record<string, string> = pulumi.runtime.allConfig();
  const own = Object.entries(all).map(([key, value]) => [ownKey(key), value] as const);
  return Object.fromEntries(own.filter(([key]) => key !== undefined));
}

/** Keys of it that hold a secret. Pulumi's language host tells them by this variable; the SDK has no function for it. */
function secretKeys(): string[] {
  const keys: unknown = JSON.parse(process.env.PULUMI_CONFIG_SECRET_KEYS || "[]");
  return Array.isArray(keys) ? keys.flatMap((key) => ownKey(String(key)) ?? []) : [];
}

/** Shows what the user can mend as Pulumi shows its own errors: the message alone. */
async function withoutStack<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    throw error instanceof SettingsError || error instanceof EngineError
      ? new pulumi.RunError(error.message)
      : error;
  }
}
