import type * as pulumi from "@pulumi/pulumi";
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
}
