/** So much of a client's text is in a line of the log, in bytes. No line is cut, and every line parses. */
export const LOG_LIMITS = { method: 32, path: 256 } as const;

/**
 * Fields of a line of the access log, each with HAProxy's `log-format` item for it. HAProxy keeps the first
 * kilobyte of a request's first line for its log, so nothing is copied for requests that are not logged.
 * Timers are in milliseconds and have HAProxy's names.
 */
const FIELDS = {
  time: '[request_date(ms),ms_utime("%Y-%m-%dT%H:%M:%S.%3NZ")]',
  event: "[var(txn.event,request)]",
  client: "[src]",
  "client_port:sint": "[src_port]",
  tls: "[ssl_fc_protocol]",
  method: `[capture.req.method,bytes(0,${LOG_LIMITS.method})]`,
  path: `[capture.req.uri,field(1,?),bytes(0,${LOG_LIMITS.path})]`,
  "status:sint": "ST",
  backend: "b",
  server: "s",
  session: "[var(txn.session)]",
  termination: "ts",
  termination_state: "tsc",
  "retries:sint": "rc",
  "redispatched:bool": "[txn.redispatched]",
  "TR:sint": "TR",
  "Tw:sint": "Tw",
  "Tc:sint": "Tc",
  "Tr:sint": "Tr",
  "Ta:sint": "Ta",
  "bytes_in:sint": "U",
  "bytes_out:sint": "B",
} as const;

/** This argument of `log-format` makes each line a JSON object. It holds no single quote. */
export const LOG_FORMAT = `%{+json}o ${Object.entries(FIELDS)
  .map(([name, item]) => `%(${name})${item}`)
  .join(" ")}`;
