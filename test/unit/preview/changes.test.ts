import { describe, expect, test } from "vitest";
import { renderConfig } from "../../../src/haproxy/file/render.ts";
import { checkText } from "../../../src/haproxy/runtime/check-values.ts";
import type { RunningCertificate } from "../../../src/haproxy/runtime/served-certificate.ts";
import { describeChanges, describeWarnings } from "../../../src/preview/changes.ts";
import { declareApps, type Observed } from "../../../src/preview/situation.ts";
import { balancerMadeFrom } from "../../../src/stack/made-from.ts";
import type { ObservedBalancer } from "../../../src/stack/observed.ts";
import { planRollout } from "../../../src/stack/rollout.ts";
import { type Balancer, planTopology } from "../../../src/stack/topology.ts";
import type { Certificate, Pem } from "../../../src/tls/certificate.ts";
import { settingsOf } from "../../harness/pulumi-config.ts";
import { asAdded, readBack } from "../haproxy/servers/haproxy-model.ts";

type ConfigChanges = Parameters<typeof settingsOf>[0];

const declare = (config: ConfigChanges, running: ReadonlyMap<string, string> = new Map()) => {
  const settings = settingsOf(config);
  const topology = planTopology(settings);
  const rollout = planRollout({
    servers: topology.servers,
    definitions: new Map(topology.servers.map(({ containerName }) => [containerName, "new"])),
    running,
    serving: new Set(),
    isAllDown: false,
    batch: settings.rollout.batch,
  });
  return {
    settings,
    topology,
    config: renderConfig(topology),
    certificate: undefined,
    logDriver: settings.logDriver === "engine" ? "json-file" : "local",
    apps: new Map(),
    rollout,
  };
};

/** A stack that runs as the config says. */
const runs = (config: ConfigChanges, changes: Partial<ObservedBalancer> = {}): Observed => {
  const { topology, config: rendered, settings, logDriver } = declare(config);
  const observe = (balancer: Balancer): ObservedBalancer => ({
    isRunning: true,
    madeFrom: balancerMadeFrom(settings, balancer, logDriver),
    configText: rendered.text,
    certificateDigest: undefined,
    ...changes,
  });
  const { check } = topology;
  const running = {
    revision: rendered.revision,
    check: checkText(check),
    servers: readBack(topology.servers.map(asAdded)),
  };
  return {
    subnet: settings.subnet.cidr,
    apps: new Map(
      topology.servers.map(({ containerName }) => [containerName, { definition: "new", isRunning: true }]),
    ),
    balancers: new Map(topology.balancers.map((balancer) => [balancer.containerName, observe(balancer)])),
    running: new Map(topology.balancers.map(({ containerName }) => [containerName, running])),
    certificates: new Map(),
    areSessionsApart: false,
  };
};

/** A balancer whose worker an earlier update did not reload. */
const stale = (observed: Observed, name: string): Observed => {
  const servers = observed.running.get(name)?.servers ?? [];
  return {
    ...observed,
    running: new Map([...observed.running, [name, { servers, revision: "0000000000000000" }]]),
  };
};

describe("a preview of a stack on a Swarm", () => {
  const swarm: ConfigChanges = {
    engine: "swarm",
    machines: '{"a":{"engine":"tcp://a:2375","address":"192.0.2.1"}}',
  };

  test("tells that servers are spread unevenly, and what evens it out", () => {
    const spread = {
      machines: ["a", "b"],
      places: new Map([
        ["s1", "a"],
        ["s2", "a"],
      ]),
    };
    expect(describeChanges(declare(swarm), { ...runs(swarm), spread })).toEqual([
      "spread: uneven, a 2, b 0; npm run rebalance evens it out",
    ]);
    const declared = declare(swarm);
    const moving = { ...declared, rollout: { ...declared.rollout, moved: ["s2"] } };
    expect(describeChanges(moving, { ...runs(swarm), spread })).toEqual([
      "spread: uneven, a 2, b 0; moves s2",
    ]);
  });
});

describe("a preview", () => {
  test.each([
    { what: "nothing", from: {}, to: {}, lines: [] },
    { what: "more servers", from: { count: "3" }, to: { count: "5" }, lines: ["runtime: + s4 s5"] },
    { what: "fewer servers", from: { count: "3" }, to: { count: "1" }, lines: ["runtime: - s2 s3"] },
    {
      what: "the mode",
      from: { mode: "sticky" },
      to: { mode: "hash" },
      lines: ["reload: mode sticky → hash"],
    },
    {
      what: "the ready path",
      from: {},
      to: { "app.readyPath": "/healthz" },
      lines: [
        "check: app.readyPath /healthz is tried on s1 s2 s3 first",
        "reload: app.readyPath /readyz → /healthz",
      ],
    },
    {
      what: "the ready path with what replaces HAProxy, which would begin with it",
      from: {},
      to: { "app.readyPath": "/healthz", haproxyImage: "haproxy:3.3" },
      lines: [
        "HAProxy replaced: demo-haproxy1, haproxyImage haproxy:3.2 → haproxy:3.3",
        "check: app.readyPath /healthz is tried on s1 s2 s3 first",
      ],
    },
    { what: "monitoring", from: {}, to: { monitoring: "true" }, lines: ["reload: monitoring false → true"] },
    {
      what: "monitoring, away",
      from: { monitoring: "true" },
      to: {},
      lines: ["reload: monitoring true → false"],
    },
    {
      what: "the image of Grafana, which is none of HAProxy's business",
      from: { monitoring: "true" },
      to: { monitoring: "true", grafanaImage: "x" },
      lines: [],
    },
    {
      what: "mode and count",
      from: { count: "1" },
      to: { mode: "hash", count: "2" },
      lines: ["runtime: + s2", "reload: mode sticky → hash"],
    },
    {
      what: "the image of HAProxy",
      from: {},
      to: { haproxyImage: "haproxy:3.3" },
      lines: ["HAProxy replaced: demo-haproxy1, haproxyImage haproxy:3.2 → haproxy:3.3"],
    },
    {
      what: "a port",
      from: {},
      to: { "ports.http": "8081" },
      lines: ["HAProxy replaced: demo-haproxy1, ports.http 127.0.0.1:8080 → 127.0.0.1:8081"],
    },
    {
      what: "the log driver",
      from: {},
      to: { logDriver: "engine" },
      lines: ["HAProxy replaced: demo-haproxy1, logDriver local → json-file"],
    },
    {
      what: "the memory of HAProxy",
      from: {},
      to: { "haproxy.memory": "1g" },
      lines: ["HAProxy replaced: demo-haproxy1, haproxy.memory 512m → 1024m"],
    },
  ] satisfies { what: string; from: ConfigChanges; to: ConfigChanges; lines: string[] }[])(
    "tells how a change of $what will go",
    ({ from, to, lines }) => {
      expect(describeChanges(declare(to), runs(from))).toEqual(lines);
    },
  );

  test("tells in hash mode how many sessions move", () => {
    const [runtime, sessions] = describeChanges(
      declare({ mode: "hash", count: "4" }),
      runs({ mode: "hash", count: "3" }),
    );
    expect(runtime).toBe("runtime: + s4");
    expect(sessions).toMatch(/^sessions: 2[3-7]\.\d % move to another server$/);
  });

  test("tells so whatever else changes", () => {
    const from = runs({ mode: "hash", count: "3" });
    const [check, runtime, reload, sessions] = describeChanges(
      declare({ mode: "hash", count: "4", "app.readyPath": "/healthz" }),
      from,
    );
    expect([check, runtime, reload]).toEqual([
      "check: app.readyPath /healthz is tried on s1 s2 s3 first",
      "runtime: + s4",
      "reload: app.readyPath /readyz → /healthz",
    ]);
    expect(sessions).toMatch(/^sessions: 2\d\.\d % move to another server$/);
    const [replaced, moved] = describeChanges(
      declare({ mode: "hash", count: "4", "ports.http": "8081" }),
      from,
    );
    expect(replaced).toMatch(/^HAProxy replaced: demo-haproxy1, ports\.http .*, servers \+ s4$/);
    expect(moved).toBe(sessions);
    expect(describeChanges(declare({ mode: "sticky", count: "4" }), from)).toEqual([
      "runtime: + s4",
      "reload: mode hash → sticky",
    ]);
  });

  test("tells that another subnet replaces everything, and nothing else", () => {
    expect(describeChanges(declare({ subnet: "172.29.7.0/24", count: "5" }), runs({}))).toEqual([
      "everything replaced: subnet 172.28.10.0/24 → 172.29.7.0/24",
    ]);
  });

  test("tells what is down, and which containers are gone or do not run", () => {
    const found = runs({});
    const running = [...found.running].map(([name, { revision, servers }]) => {
      return [
        name,
        { revision, servers: servers.map((server) => ({ ...server, isUp: server.name === "s1" })) },
      ] as const;
    });
    const apps = new Map(
      [...found.apps].slice(1).map(([name, app]) => [name, { ...app, isRunning: name === "demo-podinfo3" }]),
    );
    expect(describeChanges(declare({}), { ...found, running: new Map(running), apps })).toEqual([
      "runtime: waits until s2 s3 are up",
      "create: demo-podinfo1",
      "start: demo-podinfo2",
    ]);
  });

  test("tells of a server in a roll-out nothing but that", () => {
    const running = new Map(["demo-podinfo1", "demo-podinfo2", "demo-podinfo3"].map((name) => [name, "old"]));
    expect(describeChanges(declare({ "app.port": "9000", count: "4" }, running), runs({}))).toEqual([
      "runtime: + s4",
      "roll-out: 3 containers in batches of 1",
    ]);
  });

  test("tells how many containers a roll-out replaces at a time", () => {
    const running = new Map(["demo-podinfo1", "demo-podinfo2", "demo-podinfo3"].map((name) => [name, "old"]));
    expect(describeChanges(declare({ "rollout.batch": "2" }, running), runs({}))).toEqual([
      "roll-out: 3 containers in batches of 2",
    ]);
  });

  test("tells that HAProxy is created, or started again", () => {
    const nothing = {
      subnet: undefined,
      apps: new Map(),
      balancers: new Map(),
      running: new Map(),
      certificates: new Map(),
      areSessionsApart: false,
    };
    expect(describeChanges(declare({}), nothing)).toEqual(["create: demo-haproxy1 with 3 servers"]);
    expect(describeChanges(declare({}), runs({}, { isRunning: false }))).toEqual([
      "HAProxy replaced: demo-haproxy1 does not run",
    ]);
  });

  describe("on a Swarm", () => {
    const swarm = (red: object = {}, more: ConfigChanges = {}): ConfigChanges => ({
      engine: "swarm",
      machines: {
        blue: { engine: "tcp://10.0.0.1:2376", address: "10.0.0.1" },
        red: { engine: "tcp://10.0.0.2:2376", address: "10.0.0.2", ...red },
      },
      ...more,
    });
    /** HAProxy on red does not run, or is not to be seen. */
    const withoutRed = (isSeen: boolean): Observed => {
      const { settings, topology, config, logDriver } = declare(swarm());
      const onEngine = runs({});
      const running = onEngine.running.get("demo-haproxy1");
      const servers = running?.servers.map((server) => ({ ...server, isSlot: true as const })) ?? [];
      const own = { check: running?.check, revision: config.revision, servers };
      const observed = topology.balancers.map((balancer, index) => {
        const madeFrom = balancerMadeFrom(settings, balancer, logDriver);
        const rest = { configText: config.text, certificateDigest: undefined };
        return [balancer.containerName, { isRunning: index === 0, madeFrom, ...rest }] as const;
      });
      return {
        ...onEngine,
        balancers: new Map(isSeen ? observed : observed.slice(0, 1)),
        running: new Map([["demo-haproxy1", own]]),
      };
    };

    test("tells that a HAProxy which a boot left is started, as it is or made anew", () => {
      const stopped = withoutRed(true);
      expect(describeChanges(declare(swarm()), stopped)).toEqual(["start: demo-haproxy2"]);
      const [line, ...others] = describeChanges(declare(swarm({}, { haproxyImage: "haproxy:3.3" })), stopped);
      expect(line).toMatch(/^HAProxy replaced: demo-haproxy1, haproxyImage /);
      expect(others).toEqual([expect.stringMatching(/^HAProxy replaced: demo-haproxy2, haproxyImage /)]);
    });

    test("tells of a machine that is said to be dead, and of no change there", () => {
      const declared = declare(swarm({ down: true }));
      expect(describeChanges(declared, withoutRed(false))).toEqual([]);
      expect(describeWarnings(declared)).toEqual([
        "machine red is left as it is (machines.red.down); take that away when it is back",
      ]);
      expect(describeWarnings(declare(swarm()))).toEqual([]);
    });
  });

  test("tells of an image by its ids where the same reference names another one now", () => {
    const [OLD, NEW] = ["sha256:0123456789abcdef", "sha256:fedcba9876543210"];
    const config = { monitoring: "true", haproxyImage: "x:1", grafanaImage: "x:1", "app.image": "x:1" };
    const { settings, topology, logDriver, ...rest } = declare(config);
    const madeBy = (id: string) => {
      const images = new Map([["x:1", id]]);
      const apps = declareApps(settings, topology, logDriver, images);
      const [balancer] = topology.balancers;
      return {
        images,
        apps,
        haproxy: balancer && balancerMadeFrom(settings, balancer, logDriver, images),
        grafana: {
          grafanaImage: "x:1",
          "grafanaImage id": id.slice(7, 19),
          "ports.grafana": "127.0.0.1:3000",
        },
      };
    };
    const [before, after] = [madeBy(OLD), madeBy(NEW)];
    const definitions = (apps: ReturnType<typeof madeBy>["apps"]) =>
      new Map([...apps].map(([name, { definition }]) => [name, definition]));
    const rollout = planRollout({
      servers: topology.servers,
      definitions: definitions(after.apps),
      running: definitions(before.apps),
      serving: new Set(),
      isAllDown: false,
      batch: settings.rollout.batch,
    });
    const { images, apps } = after;
    const observed = {
      ...runs(config, { madeFrom: before.haproxy ?? {} }),
      apps: new Map([...before.apps].map(([name, app]) => [name, { ...app, isRunning: true }])),
      monitoring: new Map([["demo-grafana", before.grafana]]),
    };
    const declared = { ...rest, settings, topology, logDriver, images, apps, rollout };
    expect(describeChanges(declared, observed)).toEqual([
      "HAProxy replaced: demo-haproxy1, haproxyImage x:1 (0123456789ab → fedcba987654)",
      "monitoring replaced: demo-grafana, grafanaImage x:1 (0123456789ab → fedcba987654)",
      "image: app.image x:1 (0123456789ab → fedcba987654)",
      "roll-out: 3 containers in batches of 1",
    ]);
  });

  test("tells which images an update pulls first", () => {
    const missingImages = [{ key: "app.image", reference: "app:dev" }];
    expect(describeChanges(declare({}), { ...runs({}), missingImages })).toEqual(["pull: app.image app:dev"]);
  });

  test("tells what somebody did to containers, and which of them that replaces", () => {
    const drift = new Map([
      ["demo-haproxy1", { inPlace: ["memory 256m → 512m", "restart no → always"], lasting: [] }],
      ["demo-podinfo1", { inPlace: ["cpus 1 → all"], lasting: [] }],
      ["demo-podinfo2", { inPlace: ["cpus 1 → all"], lasting: [] }],
      ["demo-podinfo3", { inPlace: ["cpus 1 → all"], lasting: ["address none → 172.28.10.13"] }],
    ]);
    const running = new Map(["demo-podinfo1", "demo-podinfo2"].map((name) => [name, "new"]));
    const declared = declare({}, running.set("demo-podinfo3", ""));
    const apps = ["in place: cpus 1 → all (demo-podinfo1, demo-podinfo2)"];
    const replaced = [
      "drift: demo-podinfo3, address none → 172.28.10.13",
      "roll-out: 1 container in batches of 1",
    ];
    expect(describeChanges(declared, { ...runs({}), drift })).toEqual([
      "in place: memory 256m → 512m, restart no → always (demo-haproxy1)",
      ...apps,
      ...replaced,
    ]);
    // what is replaced anyway needs no mending
    expect(describeChanges(declared, { ...runs({}, { isRunning: false }), drift })).toEqual([
      "HAProxy replaced: demo-haproxy1 does not run",
      ...apps,
      ...replaced,
    ]);
  });

  test("tells of a reload that an earlier update owes", () => {
    expect(describeChanges(declare({}), stale(runs({}), "demo-haproxy1"))).toEqual([
      "reload: the worker runs an older config",
    ]);
  });

  test("tells of sessions that balancers learned apart, unless a reload is what parts them", () => {
    const two = { balancers: "2", "ports.http": "8100" };
    const apart = { ...runs(two), areSessionsApart: true };
    expect(describeChanges(declare(two), apart)).toEqual([
      "sessions: not the same on all balancers, taught to each other anew",
    ]);
    expect(describeChanges(declare({ ...two, readyTimeout: "9s", "app.readyPath": "/x" }), apart)).toEqual([
      "check: app.readyPath /x is tried on s1 s2 s3 first",
      "reload: app.readyPath /readyz → /x",
    ]);
  });

  test("tells once what all balancers will do, and names those that alone will do something", () => {
    const three = { balancers: "3", "ports.http": "8100" };
    const observed = runs(three);
    expect(describeChanges(declare({ ...three, count: "4" }), observed)).toEqual(["runtime: + s4"]);
    expect(describeChanges(declare({ ...three, count: "4" }), stale(observed, "demo-haproxy2"))).toEqual([
      "runtime: + s4",
      "reload: the worker runs an older config (demo-haproxy2)",
    ]);
  });

  describe("of a certificate", () => {
    const NOW = new Date("2026-11-24T12:00:00Z");
    const tls = { "tls.certificate": "site.pem" };
    const served = {
      fingerprint: "AA",
      subject: "/CN=www.example.com",
      expires: new Date("2027-02-01T00:00:00Z"),
    };
    const own = {
      pem: "" as Pem,
      digest: "d1",
      fingerprint: "AA",
      validFrom: new Date(0),
      expires: served.expires,
    };
    const serving = (config: ConfigChanges, running: RunningCertificate): Observed => ({
      ...runs(config, { certificateDigest: "d1" }),
      certificates: new Map([["demo-haproxy1", running]]),
    });
    const changes = (
      certificate: Certificate | undefined,
      config: ConfigChanges,
      running: RunningCertificate,
    ) => describeChanges({ ...declare(config), certificate }, serving(config, running), NOW);

    test("says nothing while the declared one is served", () => {
      expect(changes(own, tls, served)).toEqual([]);
    });

    test.each([
      ["another certificate", { fingerprint: "BB", digest: "d2" }],
      ["another chain", { digest: "d2" }],
    ])("tells how %s will come, and when it expires", (_what, differences) => {
      const lines = ["certificate: changed through the runtime API, expires 2027-02-01"];
      expect(changes({ ...own, ...differences }, tls, served)).toEqual(lines);
    });

    test("tells that the user's own gives way to a self-signed one, and when that is renewed", () => {
      const selfSigned = { "tls.selfSigned": "true" };
      const made = { ...served, subject: "/O=Balancer self-signed/CN=demo" };
      expect(changes(undefined, selfSigned, served)).toEqual([
        "certificate: changed through the runtime API, self-signed",
      ]);
      expect(changes(undefined, selfSigned, made)).toEqual([]);
      const old = { ...made, expires: new Date("2026-12-20T00:00:00Z") };
      expect(changes(undefined, selfSigned, old)).toEqual([
        "certificate: renewed through the runtime API, self-signed",
      ]);
    });

    test("tells that TLS takes another container, and a redirect a reload", () => {
      expect(describeChanges({ ...declare(tls), certificate: own }, runs({}))).toEqual([
        "HAProxy replaced: demo-haproxy1, ports.https none → 127.0.0.1:8443",
      ]);
      expect(describeChanges(declare({}), runs(tls))).toEqual([
        "HAProxy replaced: demo-haproxy1, ports.https 127.0.0.1:8443 → none",
      ]);
      expect(changes(own, { ...tls, "tls.redirect": "true" }, served)).toEqual([]);
      expect(
        describeChanges(
          { ...declare({ ...tls, "tls.redirect": "true" }), certificate: own },
          serving(tls, served),
          NOW,
        ),
      ).toEqual(["reload: tls.redirect false → true"]);
    });

    test("warns 30 days before it expires", () => {
      const declared = { ...declare(tls), certificate: own };
      expect(describeWarnings(declared, NOW)).toEqual([]);
      expect(describeWarnings(declared, new Date("2027-01-10T00:00:00Z"))).toEqual([
        'the certificate in "site.pem" (tls.certificate) expires on 2027-02-01',
      ]);
      expect(describeWarnings(declared, new Date("2027-02-02T00:00:00Z"))).toEqual([
        'the certificate in "site.pem" (tls.certificate) has expired on 2027-02-01',
      ]);
    });
  });

  test("tells of balancers that come and go, and of the reload that makes them known", () => {
    const [one, two] = [{ "ports.http": "8100" }, { "ports.http": "8100", balancers: "2" }];
    const [create, reload, ...rest] = describeChanges(declare(two), runs(one));
    expect(create).toBe("create: demo-haproxy2 with 3 servers");
    expect(reload).toMatch(/^reload: balancers 1 → 2$/);
    expect(rest).toEqual([]);
    expect(describeChanges(declare(one), runs(two))).toEqual([
      "reload: balancers 2 → 1",
      "remove: demo-haproxy2",
    ]);
  });
});
