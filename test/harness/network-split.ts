import { execFileSync } from "node:child_process";
import { docker, type RunningStack } from "./running-stack.ts";
import { placeOf } from "./stack-places.ts";

/**
 * Cuts the network between the first balancer and the second, as long as the test wants it; clients and apps
 * reach both.
 */
export async function splitBalancers(stack: RunningStack): Promise<Disposable> {
  const { State } = await docker.getContainer(stack.haproxyNameOf(1)).inspect();
  const second = `${placeOf(stack.name).prefix}.3`;
  const firewall = (action: "-A" | "-D") => {
    for (const rule of [
      ["INPUT", "-s"],
      ["OUTPUT", "-d"],
    ] as const) {
      const [chain, side] = rule;
      const words = ["-w", action, chain, side, second, "-j", "DROP"];
      execFileSync("nsenter", ["--target", String(State.Pid), "--net", "iptables", ...words]);
    }
  };
  firewall("-A");
  return { [Symbol.dispose]: () => firewall("-D") };
}
