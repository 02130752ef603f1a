import { Netmask } from "netmask";
import { writeDuration } from "./duration.ts";
import type { MadeFrom } from "./made-from.ts";
import type { Config } from "./schema.ts";

/** What HAProxy does with requests, whoever the servers are. Times are in milliseconds, sizes in bytes. */
export type Traffic = ReturnType<typeof trafficOf>;

/** Picks it from a stack's config. */
export const trafficOf = ({ haproxy, timeouts, retries, limits, ...others }: Config) => ({
  ...{ timeouts, retries, limits },
  bufferBytes: haproxy.buffer,
  trustedProxies: others.trustedProxies,
  proxyProtocol: others.proxyProtocol,
  accessLog: others.accessLog,
});

/** Says by config key what of it is in haproxy.cfg. */
export const trafficMadeFrom = ({ timeouts, retries, limits, ...others }: Traffic): MadeFrom => ({
  ...Object.fromEntries(
    Object.entries(writeTimeouts(timeouts)).map(([key, text]) => [`timeouts.${key}`, text]),
  ),
  "retries.count": String(retries.count),
  "retries.on": listed(retries.on),
  "haproxy.buffer": `${others.bufferBytes / 1024}k`,
  trustedProxies: listed(others.trustedProxies),
  proxyProtocol: String(others.proxyProtocol),
  accessLog: others.accessLog,
  "limits.requests": limits.requests
    ? `${limits.requests.count}/${writeDuration(limits.requests.periodMs)}`
    : "none",
  "limits.by": limits.by,
  "limits.body": limits.body === undefined ? "none" : `${limits.body / 1024}k`,
});

/** The time-outs as haproxy.cfg and the config have them. */
export const writeTimeouts = (timeouts: Traffic["timeouts"]): Readonly<Record<string, string>> =>
  Object.fromEntries(Object.entries(timeouts).map(([key, ms]) => [key, writeDuration(ms)]));

const listed = (words: readonly string[]): string => words.join(", ") || "none";

/** Whether an IPv4 address has to begin its connections with the PROXY protocol. */
export const speaksProxyProtocol = ({ proxyProtocol, trustedProxies }: Traffic, address: string): boolean =>
  proxyProtocol && (trustedProxies.length === 0 || trustedProxies.some((each) => contains(each, address)));

const contains = (network: string, address: string): boolean =>
  !network.includes(":") && new Netmask(network).contains(address);
