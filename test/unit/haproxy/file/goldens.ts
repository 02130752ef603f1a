const MODES = ["sticky", "hash"] as const;
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
