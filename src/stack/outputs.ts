import { z } from "zod";
import { CREDENTIALS } from "./endpoint.ts";
import type { Frozen } from "./schema.ts";

/** Pulumi's name for a balanced app. */
export const APP_TYPE = "balancer:index:BalancedApp";

/**
 * What a stack that is up tells about itself; addresses of the balancers come in the order of their numbers.
 */
export const STACK_OUTPUTS = z.object({
  /** The app's addresses. */
  urls: z.array(z.string()),
  /** With TLS only. */
  httpsUrls: z.array(z.string()).optional(),
  statsUrls: z.array(z.string()),
  /** `host:port` of the runtime APIs on the Docker host's loopback. */
  runtimeEndpoints: z.array(z.string()),
  /** With mutual TLS only, as the next. */
  runtimeTlsEndpoints: z.array(z.string()).optional(),
  /** What a client of the runtime API takes; a secret. */
  runtimeTlsCredentials: CREDENTIALS.optional(),
  /** `address` is with the port. */
  servers: z.array(z.object({ name: z.string(), address: z.string() })),
  /** Where the stack's parts are, on a Swarm only. */
  swarm: z
    .object({
      /** Docker engines of its managers; none for the one that the docker command talks to. */
      managers: z.array(z.string()),
      /** Machines with a balancer, in the order of their numbers. */
      machines: z.array(z.object({ name: z.string(), engine: z.string(), isDown: z.boolean() })),
    })
    .optional(),
  mode: z.enum(["sticky", "hash"]),
  /** `header NAME`, `cookie NAME` or `query NAME`: where a request has the id of its session. */
  sessionKey: z.string(),
  /** Name of the cookie that HAProxy sets, in sticky mode only. */
  sessionCookie: z.string().optional(),
  /** True where the Docker host has to speak the PROXY protocol at the app's addresses. */
  proxyProtocol: z.boolean().optional(),
  /** With monitoring only, as the next. */
  prometheusUrl: z.string().optional(),
  grafanaUrl: z.string().optional(),
  /** Text of haproxy.cfg. */
  haproxyConfig: z.string(),
});

export type StackOutputs = Frozen<z.infer<typeof STACK_OUTPUTS>>;
