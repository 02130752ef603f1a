import { setTimeout as sleep } from "node:timers/promises";
import { command } from "../src/haproxy/runtime/command.ts";
import { runRaw } from "../src/haproxy/runtime/connection.ts";
import { crash } from "../test/harness/crash.ts";
import { Load } from "../test/harness/load.ts";
import { type Config, docker } from "../test/harness/running-stack.ts";
import { EchoSocket } from "../test/harness/sockets.ts";
import { TestStack } from "../test/harness/stack.ts";
import { until } from "../test/harness/until.ts";
import { printTable } from "./report.ts";
import { workerFate } from "./worker.ts";

/** A change of a running stack, as a user makes it. */
interface Change {
  readonly what: string;
  readonly make: (stack: TestStack) => Promise<unknown>;
}

const CHANGES: readonly Change[] = [
  { what: "nothing", make: (stack) => stack.up() },
  { what: "`count` 3 → 6", make: (stack) => stack.up({ count: 6 }) },
  { what: "`count` 6 → 3", make: (stack) => stack.up({ count: 3 }) },
  { what: "`count` 3 → 200", make: (stack) => stack.up({ count: 200 }) },
  { what: "`count` 200 → 3", make: (stack) => stack.up({ count: 3 }) },
  {
    what: "`app.env`, one at a time",
    make: (stack) => stack.up({ "app.env": { PODINFO_UI_MESSAGE: "second" } }),
  },
  {
    what: "`app.image`, 34% at a time",
    make: (stack) => stack.up({ "app.image": OTHER_IMAGE, "rollout.batch": "34%" }),
  },
  { what: "`app.port`", make: (stack) => stack.up({ "app.port": 9800 }) },
  { what: "`app.readyPath`", make: (stack) => stack.up({ "app.readyPath": "/healthz" }) },
  {
    what: "`app.readyPath` that no container answers, refused",
    make: (stack) => refused(stack, { "app.readyPath": "/ready" }),
  },
  {
    what: "`app.image` that does not come up, refused",
    make: (stack) => refused(stack, { "app.image": "haproxy:3.2" }),
  },
  { what: "`docker update --cpus 1` on all app containers, then `count` 3 → 4", make: limitAndScale },
  { what: "another image behind `app.image`", make: moveTag },
  { what: "`mode` sticky → hash", make: (stack) => stack.up({ mode: "hash" }) },
  {
    what: "`mode` hash → sticky and `count` 4 → 5",
    make: (stack) => stack.up({ mode: "sticky", count: 5 }),
  },
  { what: "a server disabled by hand, then mended", make: disableAndMend },
  { what: "an app container crashes", make: crashApp },
  { what: "HAProxy restarted", make: restartHaproxy },
  {
    what: "`ports.stats`: HAProxy replaced",
    make: (stack) => stack.up({ "ports.stats": stack.ports.stats + 3 }),
  },
  { what: "`count` 5 → 1", make: (stack) => stack.up({ count: 1 }) },
  {
    what: "`app.env` with `count: 1`",
    make: (stack) => stack.up({ "app.env": { PODINFO_UI_MESSAGE: "third" } }),
  },
];

const IMAGE = "stefanprodan/podinfo:6.9.2";
const OTHER_IMAGE = "e2e/stefanprodan/podinfo:other-name";
const NAME_AND_TAG = { repo: "e2e/stefanprodan/podinfo", tag: "other-name" };

/** Makes every change of a running stack under a constant load, and prints what it cost. */
export async function measureChanges({ signal }: { readonly signal: AbortSignal }): Promise<void> {
  await docker.getImage(IMAGE).tag(NAME_AND_TAG);
  const stack = await TestStack.create({ name: "e2e-changes", config: { readyTimeout: "20s" } });
  const rows: string[][] = [];
  try {
    await stack.up();
    for (const { what, make } of CHANGES) {
      signal.throwIfAborted();
      rows.push([what, ...(await measure(stack, make))]);
    }
  } finally {
    await stack.dispose();
    await docker.getImage(OTHER_IMAGE).remove();
  }
  printTable(
    "Changes of a running stack under load (12 clients, 6 WebSockets)",
    ["change", "HAProxy's worker", "requests", "failed", "WebSockets closed", "seconds"],
    rows,
  );
}

async function measure(stack: TestStack, make: Change["make"]): Promise<string[]> {
  const before = await stack.haproxyIdentity();
  const ids = Array.from({ length: 6 }, (_, index) => `socket-${index}`);
  const sockets = await Promise.all(ids.map((id) => EchoSocket.open(stack.url, id)));
  const load = new Load(stack.url, { pauseMs: 10 });
  const start = Date.now();
  await make(stack);
  const seconds = ((Date.now() - start) / 1000).toFixed(0);
  await load.settle();
  const { sent, failures } = await load.stop();
  const closed = sockets.filter(({ wasClosed }) => wasClosed).length;
  for (const socket of sockets) socket.end();
  const worker = workerFate(before, await stack.haproxyIdentity());
  return [worker, String(sent), String(failures.length), String(closed), seconds];
}

/** Makes a change that cannot work, and takes it back. */
async function refused(stack: TestStack, changes: Config): Promise<void> {
  const { exitCode, output } = await stack.tryUp(changes);
  if (exitCode === 0) throw new Error(`${JSON.stringify(changes)} was not refused:\n${output}`);
  await stack.up({ "app.readyPath": "/healthz", "app.image": OTHER_IMAGE });
}

async function limitAndScale(stack: TestStack): Promise<void> {
  for (const n of [1, 2, 3])
    await docker.getContainer(`${stack.name}-podinfo${n}`).update({ NanoCpus: 1_000_000_000 });
  await stack.up({ count: 4 });
}

/** Does what a build does that makes the same tag again. */
async function moveTag(stack: TestStack): Promise<void> {
  const container = docker.getContainer(`${stack.name}-podinfo1`);
  await container.commit({ ...NAME_AND_TAG, changes: "LABEL build=2" });
  await stack.up();
}

async function disableAndMend(stack: TestStack): Promise<void> {
  await runRaw(stack.runtime, command("disable server webservers/s1"));
  await stack.up();
}

async function crashApp(stack: TestStack): Promise<void> {
  await crash(`${stack.name}-podinfo2`);
  await until(async () => (await stack.servers()).get("s2")?.isUp === true);
  await sleep(1_000);
}

async function restartHaproxy(stack: TestStack): Promise<void> {
  await docker.getContainer(stack.haproxyName).restart();
  await until(async () => (await stack.servers()).size > 0);
}
