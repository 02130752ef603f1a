import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { sshOptions } from "../docker/dial-stdio.ts";
import type { EngineAddress } from "../docker/engine-address.ts";

/**
 * Declares the Docker provider for the very engine that all else of Balancer talks to. By itself it finds
 * another one: it takes DOCKER_CONTEXT before DOCKER_HOST, and knows no current context, no TLS of a context
 * and no DOCKER_TLS_VERIFY. What is empty here is said so that it does not look for it.
 */
export const createDockerProvider = (
  name: string,
  { host, certPath }: EngineAddress,
  parent: pulumi.Resource,
  after: pulumi.Resource,
): docker.Provider =>
  new docker.Provider(
    name,
    {
      host,
      certPath,
      context: "",
      caMaterial: "",
      certMaterial: "",
      keyMaterial: "",
      sshOpts: host.startsWith("ssh:") ? sshOptions() : [],
    },
    { parent, dependsOn: [after] },
  );
