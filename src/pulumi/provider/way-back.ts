import pLimit from "p-limit";
import type { KeptApp } from "../../docker/app-host.ts";
import { MADE_FROM_LABEL, STACK_LABEL } from "../../docker/labels.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import { changedKeys, readMadeFrom } from "../../stack/made-from.ts";
import { messageOf, settle } from "../../stack/settled.ts";
import { numberedServer, type Server } from "../../stack/topology.ts";
import type { RolloutInputs } from "../inputs.ts";
import { bringUpBefore, isUpEverywhere, takeOutEverywhere } from "./app-rotation.ts";
import { hostOf } from "./host-of.ts";

/**
 * Gives the containers of a roll-out that has failed their places back, some at a time, those first whose
 * successors are not up. Each is proved up.
 * @returns which version runs, in one line, or what went wrong
 */
export async function goBack(aside: readonly KeptApp[], inputs: RolloutInputs, report: Report) {
  const found = await Promise.all(
    aside.map(async (app) => {
      const server = serverBefore(app, inputs);
      return { app, server, isUp: await isUpEverywhere(inputs, server) };
    }),
  );
  const inOrder = found.toSorted((a, b) => Number(a.isUp) - Number(b.isUp) || a.server.id - b.server.id);
  const turn = pLimit(inputs.atATime);
  const { failures } = await settle(
    inOrder.map(({ app, server }) => turn(() => replaceByBefore(app, server, inputs, report))),
  );
  const names = found.map(({ server }) => server.name).sort();
  return failures.length === 0
    ? `roll-out: went back (${names.join(" ")}), all containers run ${versionOf(aside, inputs)}`
    : `roll-out: not all went back: ${failures.map(messageOf).join("\n")}`;
}

async function replaceByBefore(app: KeptApp, server: Server, inputs: RolloutInputs, report: Report) {
  const host = await hostOf(inputs);
  report(`roll-out: ${server.name} goes back`);
  if ((await host.find(app.name)) !== undefined) await takeOutEverywhere(inputs, server, report);
  await host.putBack(app);
  await bringUpBefore(inputs, server, report);
}

/** The server that a container was when it was set aside, as the container itself tells. */
function serverBefore({ name, labels, address }: KeptApp, { standIn, mode }: RolloutInputs): Server {
  const port = readMadeFrom(labels[MADE_FROM_LABEL])?.["app.port"] ?? standIn.port;
  const stack = { stack: labels[STACK_LABEL] ?? "", mode };
  const n = Number(/\d+$/.exec(name)?.[0]);
  const server = numberedServer(stack, n, { address, port: Number(port) });
  return standIn.isSlot === true ? { ...server, isSlot: true } : server;
}

/** What differs from the version that failed, by config key. An environment may be secret. */
function versionOf([app]: readonly KeptApp[], { labels }: RolloutInputs): string {
  const [before, failed] = [app?.labels, labels].map((each) => readMadeFrom(each?.[MADE_FROM_LABEL]) ?? {});
  const words = changedKeys(before ?? {}, failed ?? {}).flatMap(({ key, is = "none" }) =>
    key === "arguments" ? [] : [["app.env", "app.files"].includes(key) ? `${key} of before` : `${key} ${is}`],
  );
  return words.join(", ") || "what they ran before";
}
