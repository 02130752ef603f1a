import type { Mistake } from "../stack/settings-error.ts";
import { appCapacity, MAX_BALANCERS, type Subnet } from "../stack/subnet.ts";

/** Values that are fine alone and not together. */
export function findContradictions(parsed: Parsed): Mistake[] {
  const { count, subnet, certificate, selfSigned, redirect } = parsed;
  const mistakes: Mistake[] = [];
  if (count !== undefined && subnet !== undefined && count > appCapacity(subnet)) {
    mistakes.push({
      key: "count",
      given: count,
      allowed: `0 to ${appCapacity(subnet)}, the app addresses of subnet ${subnet.cidr}`,
    });
  }
  if (certificate !== undefined && certificate !== "" && selfSigned) {
    mistakes.push({
      key: "tls.selfSigned",
      given: true,
      allowed: "false, where tls.certificate names a file",
    });
  }
  if (redirect && certificate === "" && selfSigned === false) {
    mistakes.push({
      key: "tls.redirect",
      given: true,
      allowed: "false, without tls.certificate or tls.selfSigned",
    });
  }
  const used = usedPorts(parsed);
  for (const [index, { key, port, span }] of used.entries()) {
    for (const other of used.slice(0, index)) {
      if (
        port === undefined ||
        other.port === undefined ||
        port >= other.port + other.span ||
        other.port >= port + span
      )
        continue;
      mistakes.push({ key, given: port, allowed: `a port that ${other.key} (${other.port}) does not use` });
    }
  }
  return mistakes;
}

/** Values that their fields allow; undefined where one is refused already. */
interface Parsed {
  readonly count: number | undefined;
  readonly balancers: number | undefined;
  readonly subnet: Subnet | undefined;
  readonly http: number | undefined;
  readonly https: number | undefined;
  readonly runtime: number | undefined;
  readonly runtimeTlsPort: number | undefined;
  readonly stats: number | undefined;
  readonly isMonitored: boolean | undefined;
  readonly prometheus: number | undefined;
  readonly grafana: number | undefined;
  readonly hasRuntimeTls: boolean | undefined;
  readonly certificate: string | undefined;
  readonly selfSigned: boolean | undefined;
  readonly redirect: boolean | undefined;
}

/** Host ports in a row that belong to one key. */
interface UsedPorts {
  readonly key: string;
  readonly port: number | undefined;
  readonly span: number;
}

function usedPorts(parsed: Parsed): UsedPorts[] {
  const {
    balancers,
    http,
    https,
    runtime,
    runtimeTlsPort,
    stats,
    prometheus,
    grafana,
    certificate,
    selfSigned,
  } = parsed;
  const span = Math.min(balancers ?? 1, MAX_BALANCERS);
  const ofBalancers = Object.entries({
    "ports.http": http,
    "ports.https": certificate || selfSigned === true ? https : undefined,
    "ports.runtime": runtime,
    "ports.runtimeTls": parsed.hasRuntimeTls === true ? runtimeTlsPort : undefined,
    "ports.stats": stats,
  });
  const ofMonitoring =
    parsed.isMonitored === true
      ? Object.entries({ "ports.prometheus": prometheus, "ports.grafana": grafana })
      : [];
  return [
    ...ofBalancers.map(([key, port]) => ({ key, port, span })),
    ...ofMonitoring.map(([key, port]) => ({ key, port, span: 1 })),
  ];
}
