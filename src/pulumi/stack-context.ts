import type * as pulumi from "@pulumi/pulumi";
import type { EngineIdentity } from "../docker/engine-identity.ts";
import type { Owner } from "../docker/leftovers.ts";
import type { Situation } from "../preview/situation.ts";

/** What all children of a balanced app are made with: what is declared, what exists, and whose it is. */
export interface StackContext extends Situation {
  readonly owner: Owner;
  /** Whether the state keeps the app's environment encrypted. */
  readonly isEnvSecret: boolean;
  /** The same of its files. */
  readonly areFilesSecret: boolean;
  readonly parent: pulumi.Resource;
  /** The engine that all of it is on; undefined where there is none. */
  readonly engine: EngineIdentity | undefined;
  /** Makes what Docker alone knows, on that engine; undefined for Pulumi's own. */
  readonly dockerProvider: pulumi.ProviderResource | undefined;
}

/** The network that all containers of a stack are on. */
export interface StackNetwork {
  readonly name: pulumi.Output<string>;
  /** Docker's id of it. */
  readonly id: pulumi.Output<string>;
  readonly resource: pulumi.Resource;
}

/** Options of a resource of the Docker provider. */
export const onDocker = ({ parent, dockerProvider }: Pick<StackContext, "parent" | "dockerProvider">) => ({
  parent,
  ...(dockerProvider && { provider: dockerProvider }),
});
