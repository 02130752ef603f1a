import { describe, expect, test } from "vitest";
import { observeSubnet } from "../../../src/docker/found-containers.ts";
import { isOfStack, STACK_LABEL, STATE_LABEL } from "../../../src/docker/labels.ts";
import { clearNetwork } from "../../../src/docker/leftovers.ts";
import { checkNoGuests } from "../../../src/docker/network-guests.ts";
import { planTopology } from "../../../src/stack/topology.ts";
import { settingsOf } from "../../harness/pulumi-config.ts";
import { scriptedEngine } from "./scripted-engine.ts";

const NETWORK = "demo-balancer";
const OWN = { [STACK_LABEL]: "demo", [STATE_LABEL]: "state" };
/** Of the checkout before it was moved. */
const MOVED = { ...OWN, [STATE_LABEL]: "before" };
/** Another container that has the stack's name on it. */
const FOREIGN = { [STACK_LABEL]: "demo" };

interface Placed {
  readonly ip?: string;
  /** What it asks for with every start. */
  readonly wants?: string;
  readonly state?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** An engine with the stack's network, and containers on it by their names. */
const engineWith = (connected: Readonly<Record<string, Placed>>, Subnet = "172.28.10.0/24") => {
  const network = { Id: "1", Name: NETWORK, Labels: OWN, IPAM: { Config: [{ Subnet }] } };
  const listed = Object.entries(connected).map(([name, { ip, wants, state = "running", labels = {} }]) => ({
    ...{ Id: `${name}-id`, Names: [`/${name}`], State: state, Labels: labels },
    NetworkSettings: {
      Networks: {
        [NETWORK]: { IPAddress: ip, IPAMConfig: wants === undefined ? null : { IPv4Address: wants } },
      },
    },
  }));
  const removed = Object.keys(connected).map((name) => [`/containers/${name}-id`, {}] as const);
  return scriptedEngine({
    [`/networks/${NETWORK}`]: network,
    "/networks/1": {},
    "/networks": [network],
    "/containers/json": listed,
    ...Object.fromEntries(removed),
  });
};

const changes = (asked: readonly string[]): string[] => asked.filter((each) => !each.startsWith("GET"));
const disconnect = (name: string): string =>
  `disconnect it first (docker network disconnect ${NETWORK} ${name})`;

describe("an address of the stack's", () => {
  const topology = planTopology(settingsOf({ balancers: "2", "ports.http": "8100", monitoring: "true" }));
  const taken = (address: string, owner: string, name: string): string =>
    `address ${address} of ${owner} is taken by container ${name}; ${disconnect(name)}`;
  const told = async (connected: Parameters<typeof engineWith>[0]): Promise<unknown> => {
    await using engine = await engineWith(connected);
    return await observeSubnet(engine.docker, topology).catch(({ message }: Error) => message);
  };
  const FREE = "172.28.10.0/24";

  test("is free where only its own container has it, and others have others", async () => {
    const connected = {
      "demo-haproxy1": { ip: "172.28.10.2", wants: "172.28.10.2", labels: OWN },
      "demo-podinfo1": { ip: "172.28.10.11", wants: "172.28.10.11", labels: OWN },
      "demo-standin": { ip: topology.standIn.address, labels: OWN },
      guest: { ip: "172.28.10.241" },
      stopped: { state: "exited" },
    };
    expect(await told(connected)).toBe(FREE);
  });

  test("is told with whoever else has it, all of them at once", async () => {
    const connected = {
      paused: { ip: "172.28.10.10", state: "paused" },
      guest: { ip: "172.28.10.3", wants: "172.28.10.3", labels: FOREIGN },
      "demo-elsewhere": { ip: "172.28.10.11", labels: OWN },
      other: { ip: topology.standIn.address },
      restarting: { ip: "", wants: "172.28.10.9", state: "restarting" },
    };
    const messages = [
      taken("172.28.10.10", "demo-grafana", "paused"),
      taken("172.28.10.11", "demo-podinfo1", "demo-elsewhere"),
      taken(topology.standIn.address, "demo-standin", "other"),
      taken("172.28.10.3", "demo-haproxy2", "guest"),
      taken("172.28.10.9", "demo-prometheus", "restarting"),
    ];
    expect(await told(connected)).toBe(messages.join("\n"));
  });

  test("is taken by whoever gets it with its next start, unless its owner runs", async () => {
    const guest = { wants: "172.28.10.3", state: "exited" };
    expect(await told({ guest })).toBe(taken("172.28.10.3", "demo-haproxy2", "guest"));
    const created = { ip: "172.28.10.200", wants: "172.28.10.3", state: "created" };
    expect(await told({ created })).toBe(taken("172.28.10.3", "demo-haproxy2", "created"));
    expect(await told({ guest, "demo-haproxy2": { ip: "172.28.10.3", labels: OWN } })).toBe(FREE);
  });

  test("is kept for what was set aside, while it is stopped", async () => {
    const aside = { wants: "172.28.10.11", state: "exited", labels: OWN };
    expect(await told({ "demo-podinfo1-before": aside })).toBe(FREE);
    expect(await told({ "demo-podinfo1-before": { ...aside, labels: {} } })).toBe(
      taken("172.28.10.11", "demo-podinfo1", "demo-podinfo1-before"),
    );
    const running = { ip: "172.28.10.11", labels: OWN };
    expect(await told({ "demo-podinfo1-before": running })).toBe(
      taken("172.28.10.11", "demo-podinfo1", "demo-podinfo1-before"),
    );
  });

  test("is free where a balancer is moved back before its owner is made, and not before", async () => {
    expect(await told({ "demo-haproxy1": { ip: "172.28.10.3", labels: OWN } })).toBe(FREE);
    expect(await told({ "demo-haproxy2": { ip: "172.28.10.11", labels: OWN } })).toBe(FREE);
    expect(await told({ "demo-haproxy2": { ip: "172.28.10.2", labels: OWN } })).toBe(
      taken("172.28.10.2", "demo-haproxy1", "demo-haproxy2"),
    );
  });

  test("is free in a subnet that changes, as the network is replaced with all on it", async () => {
    await using engine = await engineWith({ "demo-haproxy1": { ip: "172.28.10.11" } }, "172.28.10.8/29");
    expect(await observeSubnet(engine.docker, topology)).toBe("172.28.10.8/29");
  });
});

describe("a network that goes", () => {
  const owner = { stack: "demo", state: "state" };
  const isOurs = (labels: Readonly<Record<string, string>>): boolean => isOfStack(labels, "demo");
  const network = { name: NETWORK, subnet: "172.28.10.0/24" };

  test("has nobody else on it who runs", async () => {
    const connected = {
      "demo-podinfo1": { ip: "172.28.10.11", labels: OWN },
      "demo-podinfo2-before": { state: "exited", labels: OWN },
      "demo-standin": { ip: "172.28.10.239", labels: MOVED },
      guest: { wants: "172.28.10.241", state: "exited" },
    };
    await using engine = await engineWith(connected);
    expect(await checkNoGuests(engine.docker, NETWORK, isOurs)).toEqual([
      "demo-podinfo1-id",
      "demo-standin-id",
    ]);
    expect(changes(engine.asked)).toEqual([]);
  });

  test("is cleared with what an update left on it that was killed", async () => {
    const connected = {
      "demo-podinfo1": { ip: "172.28.10.11", labels: OWN },
      "demo-standin": { ip: "172.28.10.239", labels: OWN },
      guest: { wants: "172.28.10.241", state: "exited" },
    };
    await using engine = await engineWith(connected);
    await clearNetwork(engine.docker, owner, network);
    expect(changes(engine.asked)).toEqual([
      "DELETE /containers/demo-podinfo1-id",
      "DELETE /containers/demo-standin-id",
      "DELETE /networks/1",
    ]);
  });

  test("is kept with all that is on it while there is somebody else, who is named", async () => {
    const connected = {
      "demo-podinfo1": { ip: "172.28.10.11", labels: OWN },
      zeta: { ip: "172.28.10.241", labels: { ...MOVED, [STACK_LABEL]: "another" } },
      alpha: { ip: "", state: "restarting", labels: FOREIGN },
    };
    await using engine = await engineWith(connected);
    const words = ["alpha", "zeta"].map(
      (name) => `container ${name} is on network ${NETWORK}; ${disconnect(name)}`,
    );
    const refusal = words.join("\n");
    await expect(checkNoGuests(engine.docker, NETWORK, isOurs)).rejects.toThrow(refusal);
    await expect(clearNetwork(engine.docker, owner, network)).rejects.toThrow(refusal);
    expect(changes(engine.asked)).toEqual([]);
  });

  test("is not cleared of what another checkout made", async () => {
    await using engine = await engineWith({ "demo-podinfo1": { ip: "172.28.10.11", labels: MOVED } });
    await expect(clearNetwork(engine.docker, owner, network)).rejects.toThrow(disconnect("demo-podinfo1"));
    expect(changes(engine.asked)).toEqual([]);
  });
});
