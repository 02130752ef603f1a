const MODES = ["sticky", "hash"] as const;
const MACHINES = Object.fromEntries(
  [1, 2, 3].map((n) => [`m${n}`, { engine: `tcp://10.0.0.${n}:2375`, address: `10.0.0.${n}` }]),
);
const SIZES = [
  { size: "0", config: { count: "0" } },
  { size: "1", config: { count: "1" } },
  { size: "3", config: { count: "3" } },
  { size: "12", config: { count: "12" } },
  { size: "3-balancers", config: { count: "3", balancers: "3" } },
  { size: "3-monitoring", config: { count: "3", monitoring: "true" } },
  { size: "3-tls", config: { count: "3", "tls.selfSigned": "true" } },
  { size: "3-runtime-tls", config: { count: "3", "runtimeTls.enabled": "true" } },
  {
    size: "3-balancers-tls",
    config: { count: "3", balancers: "3", "tls.selfSigned": "true", "tls.redirect": "true" },
  },
  {
    size: "3-in-front",
    config: {
      count: "3",
      "tls.selfSigned": "true",
      "tls.redirect": "true",
      trustedProxies: '["172.28.10.1","10.0.0.0/8","2001:db8::/32"]',
      proxyProtocol: "true",
      accessLog: "errors",
    },
  },
  {
    size: "3-limits",
    config: {
      count: "3",
      balancers: "2",
      "limits.requests": "100/10s",
      "limits.by": "session",
      "limits.body": "10m",
      "haproxy.buffer": "64k",
      "retries.on": '["conn-failure","503"]',
      "timeouts.server": "5m",
      accessLog: "off",
    },
  },
  {
    size: "3-swarm",
    config: {
      count: "3",
      engine: "swarm",
      machines: JSON.stringify(MACHINES),
      slots: "6",
      monitoring: "true",
      "tls.selfSigned": "true",
      "tls.redirect": "true",
      "app.maxConnections": "100",
    },
  },
] as const;

/**
 * The stacks of which a whole haproxy.cfg is kept. `UPDATE_GOLDEN=1 vitest run --project unit` writes them
 * anew.
 */
export const GOLDENS = MODES.flatMap((mode) =>
  SIZES.map(({ size, config }) => ({
    what: `${mode}-${size}`,
    mode,
    config,
    file: new URL(`golden/${mode}-${size}.cfg`, import.meta.url),
  })),
);
