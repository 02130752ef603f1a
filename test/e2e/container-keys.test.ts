import { afterAll, beforeAll, expect, test } from "vitest";
import { labelsOf, STACK_LABEL } from "../../src/docker/labels.ts";
import { removeNamed } from "../harness/labelled.ts";
import { Load } from "../harness/load.ts";
import { docker } from "../harness/running-stack.ts";
import { shell } from "../harness/shell.ts";
import { TestStack } from "../harness/stack.ts";

const NAME = "e2e-container-keys";
const DATABASE_NETWORK = `${NAME}-database`;
const VOLUMES = [0, 1, 2, 3].map((n) => `${NAME}-data-${n}`);
const PEM = "-----BEGIN PRIVATE KEY-----\nMIIB\n-----END PRIVATE KEY-----\n";
const SECRET = "correct-horse-battery";

let stack: TestStack;

const removeOthers = () => removeNamed(docker, { networks: [DATABASE_NETWORK], volumes: VOLUMES });

beforeAll(async () => {
  stack = await TestStack.create({
    name: NAME,
    config: {
      count: 2,
      "app.security": "restricted",
      "app.env": { "spring.datasource.url": "jdbc:x", WHO: "app-{n} {{n}}", PEM },
      "app.labels": { "com.example.replica": "r{n}" },
      "app.hostname": "web-{n}",
      "app.stopSignal": "SIGINT",
      "app.stopTimeout": "3s",
      "app.tmpfs": ["/tmp:size=128m,exec"],
      "app.files": { "/etc/app/app.conf": "first\n", "/run/secrets/key.pem": PEM },
      "app.volumes": [`${NAME}-data-{n}:/data`, "/etc:/host:ro"],
    },
  });
  await removeOthers();
  await docker.createNetwork({ Name: DATABASE_NETWORK });
});
afterAll(async () => {
  await stack?.dispose();
  await removeOthers();
});

const filesVolumes = async (): Promise<number> => {
  const label = [`${STACK_LABEL}=${NAME}`, `balancer.role=${labelsOf(NAME, "", "files")["balancer.role"]}`];
  const { Volumes } = await docker.listVolumes({ filters: JSON.stringify({ label }) });
  return Volumes?.length ?? 0;
};

test("what cannot be is refused before anything is touched, all at once", async () => {
  const refused = await stack.tryUp({
    "app.volumes": [`${NAME}-haproxy1-config:/x`, "data:/data", "other:/data"],
  });
  expect(refused.output).toMatch(/app\.volumes: "?e2e-container-keys-haproxy1-config:\/x"? is refused/);
  expect(refused.output).toMatch(/app\.volumes: "?other:\/data"? is refused.*path that app\.volumes/);
  const noNetwork = await stack.tryUp({
    "app.volumes": undefined,
    "app.networks": ["nobodys", `${NAME}-balancer`],
  });
  expect(noNetwork.output).toMatch(
    /app\.networks: "?nobodys"? is refused; allowed: networks that are on the/,
  );
  expect(noNetwork.output).toMatch(/app\.networks: "?e2e-container-keys-balancer"? is refused/);
  expect(await docker.listContainers({ all: true, filters: { label: [`${STACK_LABEL}=${NAME}`] } })).toEqual(
    [],
  );
});

test("each container has what the config says, with its own number", async () => {
  await stack.up({
    "app.volumes": [`${NAME}-data-{n}:/data`, "/etc:/host:ro"],
    "app.networks": [DATABASE_NETWORK],
  });
  for (const n of [1, 2]) {
    const container = `${NAME}-podinfo${n}`;
    const { Config, NetworkSettings } = await docker.getContainer(container).inspect();
    expect(Config).toMatchObject({ Hostname: `web-${n}`, StopSignal: "SIGINT", StopTimeout: 3 });
    expect(Config.Labels["com.example.replica"]).toBe(`r${n}`);
    expect(Object.keys(NetworkSettings.Networks).sort()).toEqual([`${NAME}-balancer`, DATABASE_NETWORK]);
    expect(Config.Env).toEqual(
      expect.arrayContaining(["spring.datasource.url=jdbc:x", `WHO=app-${n} {n}`, `PEM=${PEM}`]),
    );
    const lines = [
      "hostname; cat /etc/app/app.conf; cat /run/secrets/key.pem | head -n 1; ls -l /run/secrets/key.pem",
      "touch /etc/app/app.conf; touch /host/x; grep ' /tmp ' /proc/mounts; ls /host/hostname",
    ];
    const printed = (await shell(container, lines.join("; "))).split(/\r?\n/);
    expect(printed).toEqual([
      ...[
        `web-${n}`,
        "first",
        "-----BEGIN PRIVATE KEY-----",
        expect.stringMatching(/^-r--r--r-- .*key\.pem$/),
      ],
      ...[expect.stringMatching(/Read-only|denied/), expect.stringMatching(/Read-only|denied/)],
      expect.stringMatching(/^tmpfs \/tmp tmpfs (?!.*noexec).*size=131072k/),
      "/host/hostname",
    ]);
  }
  await shell(`${NAME}-podinfo1`, "echo kept >/data/x", "root");
  expect(await filesVolumes()).toBe(1);
  expect((await stack.command("plan")).output).toBe("nothing to change\n");
});

test("another text of a file, a secret too, is rolled out under load, and the old one goes", async () => {
  const load = new Load(stack.url);
  stack.configure({ "app.files": { "/etc/app/app.conf": "second {n}\n" }, count: 3 });
  const { exitCode } = await stack.pulumi(
    ...["config", "set", "--secret", "--path", 'app.files["/run/secrets/token"]', SECRET, "--stack", NAME],
  );
  expect(exitCode).toBe(0);
  const plan = (await stack.command("plan")).output;
  expect(plan).toContain("roll-out: 2 containers in batches of 1");
  expect(plan).not.toContain(SECRET);
  const up = await stack.pulumi("up", "--yes", "--skip-preview", "--stack", NAME);
  expect(up.exitCode).toBe(0);
  expect(up.output).not.toContain(SECRET);
  await load.settle();
  expect((await load.stop()).failures).toEqual([]);
  for (const n of [1, 2, 3])
    expect(await shell(`${NAME}-podinfo${n}`, "cat /etc/app/app.conf /run/secrets/token")).toBe(
      `second {n}\r\n${SECRET}`,
    );
  expect(await shell(`${NAME}-podinfo1`, "cat /data/x")).toBe("kept");
  expect(await filesVolumes()).toBe(1);
});

test("a container that somebody took off its other network is drift, and replaced", async () => {
  await docker.getNetwork(DATABASE_NETWORK).disconnect({ Container: `${NAME}-podinfo2` });
  expect((await stack.command("plan")).output).toContain(`network none → ${DATABASE_NETWORK}`);
  const up = await stack.pulumi("up", "--yes", "--skip-preview", "--stack", NAME);
  expect(up.exitCode).toBe(0);
  const { NetworkSettings } = await docker.getContainer(`${NAME}-podinfo2`).inspect();
  expect(Object.keys(NetworkSettings.Networks)).toContain(DATABASE_NETWORK);
  expect((await stack.command("plan")).output).toBe("nothing to change\n");
});

test("destroy removes the files, and keeps what the user's volumes hold", async () => {
  const { exitCode } = await stack.pulumi("destroy", "--yes", "--skip-preview", "--stack", NAME);
  expect(exitCode).toBe(0);
  expect(await filesVolumes()).toBe(0);
  const { Volumes } = await docker.listVolumes({ filters: JSON.stringify({ name: [`${NAME}-data-`] }) });
  expect((Volumes ?? []).map(({ Name }) => Name).sort()).toEqual(VOLUMES);
});
