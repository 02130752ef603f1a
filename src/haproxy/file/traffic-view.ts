import { writeDuration } from "../../stack/duration.ts";
import { type Traffic, writeTimeouts } from "../../stack/traffic.ts";

/** So many proxies may stand behind each other. */
const MOST_HOPS = 8;

/** What the template places of what HAProxy does with requests. */
export const trafficView = ({ timeouts, retries, limits, trustedProxies, ...others }: Traffic) => ({
  ...others,
  trustedProxies,
  timeouts: writeTimeouts(timeouts),
  retries: { count: retries.count, on: retries.on.join(" ") || "none" },
  /** Places in X-Forwarded-For, from its end. */
  forwardedHops: Array.from({ length: MOST_HOPS }, (_, index) => -1 - index),
  /** Whether a client's own connection is encrypted. */
  byTls:
    trustedProxies.length === 0
      ? "{ ssl_fc }"
      : "{ ssl_fc } or { req.fhdr(X-Forwarded-Proto) -m str -i https }",
  /** Undefined for no limit. */
  bodyBytes: limits.body,
  /** Undefined for no limit. */
  rate: limits.requests && {
    by: limits.by,
    count: limits.requests.count,
    period: writeDuration(limits.requests.periodMs),
    seconds: limits.requests.periodMs / 1000,
    /** What came before the period weighs in HAProxy's rates. */
    expire: writeDuration(2 * limits.requests.periodMs),
  },
});
