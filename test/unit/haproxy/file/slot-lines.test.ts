import { describe, expect, test } from "vitest";
import { renderConfig } from "../../../../src/haproxy/file/render.ts";
import { trialArguments } from "../../../../src/haproxy/file/server-line.ts";
import { serverLines } from "../../../../src/haproxy/file/server-lines.ts";
import { checkNeeds } from "../../../../src/haproxy/file/template-needs.ts";
import { planTopology, type Topology } from "../../../../src/stack/topology.ts";
import { named } from "../../../harness/named.ts";
import { type StackConfig, settingsOf } from "../../../harness/pulumi-config.ts";

const MACHINES = { a: { engine: "tcp://10.0.0.1:2375", address: "10.0.0.1" } };
const topologyOf = (config: StackConfig): Topology =>
  planTopology(settingsOf({ engine: "swarm", machines: MACHINES, slots: "4", count: "2", ...config }));
const revisionOf = (config: StackConfig): string => renderConfig(topologyOf(config)).revision;

const CHECK = "check inter 500ms fastinter 200ms downinter 100ms fall 2 rise 1";
const FOLLOWS = "resolvers docker resolve-prefer ipv4 init-addr last,none init-state down tcp-ut 6s";

describe("the server lines of a stack on a Swarm", () => {
  test("are all slots and the stand-in's, by names of services, disabled where none is declared", () => {
    const line = (n: number) =>
      `ipv4@demo-podinfo${n}:9898 id ${n} cookie s${n} weight 100 ${CHECK} ${FOLLOWS}`;
    expect(serverLines(topologyOf({}))).toEqual([
      { name: "s1", arguments: line(1) },
      { name: "s2", arguments: line(2) },
      { name: "s3", arguments: `${line(3)} disabled` },
      { name: "s4", arguments: `${line(4)} disabled` },
      {
        name: "standin",
        arguments: `ipv4@demo-standin:9898 id 1001 weight 100 backup ${CHECK} ${FOLLOWS} disabled`,
      },
    ]);
  });

  test.each([
    { count: 0, enabled: [], disabled: ["s1", "s2", "s3", "s4", "standin"] },
    { count: 4, enabled: ["s1", "s2", "s3", "s4"], disabled: ["standin"] },
    { count: 6, enabled: ["s1", "s2", "s3", "s4", "s5", "s6"], disabled: ["standin"] },
  ])("with a count of $count and 4 slots are ready for $enabled", ({ count, enabled, disabled }) => {
    const lines = serverLines(topologyOf({ count: String(count) }));
    const isDisabled = (line: { readonly arguments: string }): boolean =>
      line.arguments.endsWith(" disabled");
    expect(lines.filter((line) => !isDisabled(line)).map(({ name }) => name)).toEqual(enabled);
    expect(lines.filter(isDisabled).map(({ name }) => name)).toEqual(disabled);
  });

  test("have no cookie in hash mode", () => {
    expect(
      serverLines(topologyOf({ mode: "hash" })).filter((line) => / cookie /.test(line.arguments)),
    ).toEqual([]);
  });

  test("are all in haproxy.cfg, which needs each of them and the name server", () => {
    const topology = topologyOf({});
    const { text } = renderConfig(topology);
    for (const { name, arguments: rest } of serverLines(topology))
      expect(text).toContain(`\n    server ${name} ${rest}\n`);
    const broken = text
      .replace(/\nresolvers docker\n/, "\nresolvers other\n")
      .replace(/ +server s4 .*\n/, "");
    expect(() => checkNeeds(broken, topology)).toThrow(
      /without what keeps it in step .*:\n {2}resolvers docker\n {2}server s4 ipv4@demo-podinfo4:9898 /,
    );
  });
});

test("one that is tried at run time is where HAProxy has the slot, and follows no name", () => {
  const [server] = topologyOf({}).servers;
  expect(server && trialArguments(server, "172.28.10.130")).toBe(
    `172.28.10.130:9898 id 2001 backup weight 0 ${CHECK}`,
  );
});

describe("the revision of a stack on a Swarm", () => {
  const revision = revisionOf({});

  test.each(
    named<{ what: string; config: StackConfig }>([
      { what: "no server", config: { count: "0" } },
      { what: "another count within the slots", config: { count: "4" } },
      { what: "another manager", config: { "swarm.managers": '["ssh://m9"]' } },
      {
        what: "another engine of a machine",
        config: { machines: { a: { ...MACHINES.a, engine: "ssh://a" } } },
      },
      { what: "another delay of Swarm's", config: { "app.restartDelay": "5s" } },
      { what: "another MTU and encryption", config: { swarm: { mtu: 1400, encrypted: true } } },
    ]),
  )("stays as it is with %s", (_what, { config }) => {
    expect(revisionOf(config)).toBe(revision);
  });

  test.each(
    named<{ what: string; config: StackConfig }>([
      { what: "a count beyond the slots", config: { count: "5" } },
      { what: "more slots", config: { slots: "5" } },
      { what: "less slots", config: { slots: "3" } },
      { what: "another port of the app, which a slot has in its line", config: { "app.port": "80" } },
      {
        what: "another machine, which is another peer",
        config: { machines: { ...MACHINES, b: { engine: "ssh://b", address: "10.0.0.2" } } },
      },
      { what: "one Docker engine", config: { engine: "docker", machines: {} } },
    ]),
  )("differs with %s", (_what, { config }) => {
    expect(revisionOf(config)).not.toBe(revision);
  });

  test("of another count beyond the slots differs again, and is that of as many slots", () => {
    expect(revisionOf({ count: "6" })).not.toBe(revisionOf({ count: "5" }));
    expect(revisionOf({ count: "6" })).toBe(revisionOf({ count: "3", slots: "6" }));
  });
});

test("on a Swarm the runtime API and the stats page let in the machine, by an address of its own", () => {
  const { text } = renderConfig(topologyOf({}));
  for (const frontend of ["stats", "runtime"]) {
    const start = text.indexOf(`\nfrontend ${frontend} `);
    const section = text.slice(start, text.indexOf("\n\n", start));
    expect(section).toMatch(/tcp-request connection reject unless \{ src "\$\{BALANCER_GATEWAY\}" \}/);
  }
  expect(text).not.toContain("172.28.10.1 ");
});

test("on a Swarm a probe is told the answering server for a word, whoever it comes from", () => {
  const { text } = renderConfig(topologyOf({}));
  const rule = "if { req.hdr(X-Balancer-Probe),map_str(virt@probes) -m found }";
  expect(text).toContain(`\n    http-request set-var(txn.probe) bool(true) ${rule}\n`);
  expect(text).not.toContain("fc_src");
});
