import type * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { tmpfsOf, withPrefix } from "../docker/container-arguments.ts";
import type { Confinement } from "../stack/settings.ts";

/**
 * A container's arguments for what it may do. The limit of processes is not among them: the Docker provider
 * does not know it (see pids-limit.ts).
 */
export const confined = ({
  user,
  readOnly,
  tmpfs,
  capabilities,
  allowPrivilegeEscalation,
  limits,
}: Confinement) =>
  ({
    user: user === "" ? undefined : user,
    readOnly,
    tmpfs: tmpfsOf(tmpfs),
    capabilities: { drops: ["ALL"], adds: withPrefix(capabilities) },
    securityOpts: allowPrivilegeEscalation ? [] : ["no-new-privileges"],
    memory: limits.memoryMb,
    ulimits: [{ name: "nofile", soft: limits.files, hard: limits.files }],
  }) satisfies Partial<docker.ContainerArgs>;

/** Docker cannot raise a container's memory beyond its swap, so another limit is another container. */
const REPLACED_FOR = ["memory"];
/** What Docker derives from the memory, where the host has swap at all. */
const DERIVED = ["memorySwap"];

/**
 * The resource options that {@link confined} needs.
 * @param ignoreChanges other properties whose changes are ignored
 */
export const confinedOptions = (...ignoreChanges: readonly string[]) =>
  ({
    replaceOnChanges: REPLACED_FOR,
    ignoreChanges: [...ignoreChanges, ...DERIVED],
  }) satisfies pulumi.CustomResourceOptions;
