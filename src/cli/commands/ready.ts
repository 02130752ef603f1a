import type { Command } from "commander";
import type { Haproxy } from "../../haproxy/runtime/client.ts";
import { describeServers, waitUp } from "../../haproxy/servers/prove.ts";
import { formatEndpoint } from "../../stack/endpoint.ts";
import { type Caller, print } from "../caller.ts";
import { type AppOptions, balancerOption, createAppCommand, wholeNumber } from "../command-line.ts";
import { checkNames, onEach, readBalancers } from "../rotation.ts";
import { readApp } from "../running-app.ts";
import { haproxiesOf } from "../stack-outputs.ts";

type Options = AppOptions & { readonly timeout: number };

export const buildReady = (caller: Caller): Command =>
  createAppCommand("ready", "Puts servers back into rotation, and waits until a check finds them up")
    .argument("<server...>", "names such as s2")
    .option("--timeout <seconds>", "how long to wait for the check", wholeNumber(1, 3_600), 60)
    .addOption(balancerOption())
    .addHelpText(
      "after",
      `
The next pulumi up puts all declared servers back into rotation.
A balancer that does not answer is told, and does not keep the others from it.
Exit code 1 when one does not, HAProxy has no such server, or one is not up after --timeout.`,
    )
    .action(async (given: string[], { balancer, timeout, ...options }: Options) => {
      const { outputs } = await readApp(caller, options);
      const reached = await readBalancers(caller, haproxiesOf(outputs, balancer));
      const names = checkNames(given, outputs, reached);
      const haproxies = await onEach(caller, reached, async ({ haproxy, servers }) => {
        const wanted = servers.filter(({ name }) => names.includes(name));
        const { enableHealth, setReady } = haproxy.steps;
        const steps = wanted.flatMap(({ name, adminState, isChecked }) => [
          ...(isChecked ? [] : [enableHealth(name)]),
          ...setReady(name, adminState),
        ]);
        await haproxy.runSteps(steps);
        await expectUp(haproxy, names, timeout);
        return haproxy;
      });
      print(caller, `${names.join(" ")}: in rotation, up`);
      const servers = (await readBalancers(caller, haproxies)).flatMap((balancer) => balancer.servers);
      const out = servers.filter(({ adminState }) => adminState !== "ready");
      const words = new Set(out.map(({ name, adminState }) => `${name} (${adminState})`));
      if (words.size > 0)
        print(caller, `still out of rotation: ${[...words].join(", ")}; the next pulumi up puts all back`);
    });

async function expectUp(haproxy: Haproxy, names: readonly string[], timeoutSeconds: number): Promise<void> {
  const missing = await waitUp({ haproxy, readyTimeoutMs: timeoutSeconds * 1000 }, names, () => {});
  if (missing.length === 0) return;
  const words = await describeServers(haproxy, missing);
  const lines = missing.map((name) => `${name}: ${words.get(name)}`);
  const what = `does not report up within ${timeoutSeconds} s (--timeout) ${lines.join("; ")}`;
  throw new Error(`HAProxy at ${formatEndpoint(haproxy.endpoint)} ${what}`);
}
