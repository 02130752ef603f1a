/**
 * The number of each stack that a test or the bench makes. Its subnet and its ports follow from it, so that
 * no two of them meet, however many are up at a time. Numbers are never shared, and each is below 100.
 */
export const STACK_NUMBERS = {
  "e2e-scaling": 1,
  "direct-scaling": 2,
  "e2e-drift": 3,
  "e2e-failures": 4,
  "e2e-rollout": 5,
  "e2e-reload": 6,
  "e2e-sessions": 7,
  "e2e-interruption-scale": 8,
  "e2e-interruption-rollout": 14,
  "e2e-changes": 9,
  "e2e-engine": 10,
  "e2e-commands": 11,
  "e2e-monitoring": 13,
  "e2e-balancers": 15,
  "e2e-containers": 16,
  "e2e-exposure": 18,
  "e2e-soak": 20,
  "e2e-tls": 21,
  "e2e-runtime-tls": 22,
  "e2e-images": 59,
  "e2e-guests": 57,
  /** Where that stack moves to. */
  "e2e-guests-moved": 58,
  "e2e-two-apps": 23,
  "e2e-two-apps-api": 27,
  "e2e-beside": 25,
  "e2e-way-back": 28,
  /** A network of somebody else, which is in the way. */
  "e2e-failures-foreign": 24,
  "direct-status": 31,
  "direct-runtime": 32,
  "direct-logs": 33,
  "direct-sessions": 34,
  "direct-drain": 35,
  "direct-balancers": 36,
  "direct-access-log": 37,
  "direct-stats-page": 38,
  "direct-remove-network": 39,
  "direct-recording": 40,
  "direct-hardening": 41,
  "direct-sync": 42,
  "direct-sticky-balancers": 43,
  "direct-peers": 44,
  "direct-probe": 45,
  "direct-app-crash": 46,
  "direct-old-worker": 47,
  "direct-apart": 48,
  "direct-reload": 49,
  "direct-many-drains": 66,
  "direct-session-keys": 60,
  "direct-app-check": 62,
  "e2e-long-polling": 61,
  "direct-slow-answers": 70,
  "direct-in-front": 71,
  "direct-limits": 72,
  "e2e-tls-proxy": 73,
  "e2e-stock-images": 65,
  "e2e-container-keys": 63,
  "e2e-guestbook": 64,
  "e2e-contexts": 80,
  "swarm-machines": 81,
  "swarm-tls-engines": 82,
  "swarm-shop": 83,
  /** Its name begins as that of the one before. */
  "swarm-shop-b": 84,
  "bench-haproxy": 90,
  "bench-door": 95,
  "e2e-bench": 91,
  "e2e-bench-bare": 92,
  "e2e-rivals": 96,
  "e2e-own-api": 97,
  "e2e-own-web": 98,
  "swarm-bench": 93,
  "swarm-beyond": 94,
} as const;

/** What machines of a Swarm have of this host. No two Swarms share any of it, so that they stand side by side. */
export interface MachinesPlace {
  /** Begins the names of what is made on this host; it has at most ten letters, as names of interfaces do. */
  readonly name: string;
  /** First three numbers of the addresses. */
  readonly prefix: string;
}

/** The place of each Swarm that a test or the bench makes, by its stack. 10.66.0 is for trying by hand. */
export const MACHINES_PLACES = {
  "swarm-machines": { name: "balancer", prefix: "10.66.1" },
  "swarm-bench": { name: "bench", prefix: "10.66.2" },
  "swarm-beyond": { name: "beyond", prefix: "10.66.3" },
  "swarm-shop": { name: "shop", prefix: "10.66.4" },
  "swarm-tls-engines": { name: "tls", prefix: "10.66.5" },
} as const satisfies Partial<Record<StackName, MachinesPlace>>;

/** A stack that has a place. */
export type StackName = keyof typeof STACK_NUMBERS;

/** What of this machine a stack may take. Nobody else takes any of it. */
export interface StackPlace {
  /** The first three bytes of its addresses. */
  readonly prefix: string;
  readonly subnet: string;
  readonly ports: {
    readonly http: number;
    readonly https: number;
    readonly runtime: number;
    readonly runtimeTls: number;
    readonly stats: number;
    readonly prometheus: number;
    readonly grafana: number;
  };
}

/** So many ports of each kind are free for the balancers of a stack. */
export const MOST_BALANCERS = 3;

/** The ports begin below those that Linux gives to outgoing connections. */
const FIRST_PORT = 20_000;
const FIRST_PORT_OF_TLS = 21_000;

/** The place of a stack. */
export function placeOf(name: StackName): StackPlace {
  const number = STACK_NUMBERS[name];
  const prefix = `172.28.${100 + number}`;
  const first = FIRST_PORT + number * 10;
  const firstOfTls = FIRST_PORT_OF_TLS + number * 10;
  return {
    prefix,
    subnet: `${prefix}.0/24`,
    ports: {
      http: first,
      runtime: first + MOST_BALANCERS,
      stats: first + 2 * MOST_BALANCERS,
      https: firstOfTls,
      runtimeTls: firstOfTls + MOST_BALANCERS,
      prometheus: firstOfTls + 2 * MOST_BALANCERS,
      grafana: firstOfTls + 2 * MOST_BALANCERS + 1,
    },
  };
}
