import type { FindAddresses, FindHopeless } from "../haproxy/servers/target.ts";
import type { AppContainer } from "./app-container.ts";
import type { Labels } from "./labels.ts";
import type { Limits } from "./limits.ts";

/** An app container that there is. */
export interface FoundApp {
  readonly id: string;
  /** Names what it was made from. Empty if that is not known, or another one has to take its place. */
  readonly definition: string;
  readonly labels: Labels;
  readonly state: "running" | "paused" | "stopped";
  /** Where HAProxy has to look for it; empty for one that is not on the stack's network. */
  readonly address: string;
  /** Names of all networks that it is on. Undefined where it cannot leave one while it stays as it is. */
  readonly networks: readonly string[] | undefined;
}

/** What ran under a name before what runs there now, and can run there again. */
export interface KeptApp extends FoundApp {
  readonly name: string;
}

/** Where app containers run: an engine, or a Swarm. A roll-out is the same on either. */
export interface AppHost {
  /** What Docker has for an app container. */
  readonly kind: "container" | "service";
  /** Finds the app container of a name. The result is undefined if there is none. */
  find(name: string): Promise<FoundApp | undefined>;
  /**
   * Makes an app container where none of its name is.
   * @throws {EngineError} The message has Docker's words.
   */
  run(app: AppContainer): Promise<void>;
  /**
   * Makes an app container in the place of another, or of one that is kept.
   * @param keepsBefore Whether the other one is kept for the way back. Of two the older one is.
   */
  replace(found: FoundApp | undefined, app: AppContainer, keepsBefore: boolean): Promise<void>;
  /** Gives an app container its limits, and lets it run if it does not. */
  resume(found: FoundApp, app: AppContainer): Promise<void>;
  /** Stops an app container, and removes it. It is no error if it is gone already. */
  remove(id: string): Promise<void>;
  /** What somebody did to it that can be taken back while it runs, in words. */
  findDrift(found: FoundApp, limits: Limits): Promise<string[]>;
  /** Whether something is kept that had this name. */
  isKept(name: string): Promise<boolean>;
  /** Finds all that a stack has kept. */
  findKept(labels: Labels): Promise<readonly KeptApp[]>;
  /** Has what is kept run in place of what has its name. */
  putBack(kept: KeptApp): Promise<void>;
  /** Keeps it no longer. */
  forget(kept: KeptApp): Promise<void>;
  /** Removes files of containers that are not there any more. */
  removeUnusedFiles(labels: Labels): Promise<void>;
  /** Looks at containers that are waited for, as {@link watchEnds}. */
  watchEnds(): FindHopeless;
  /** Tells why a container does not do its work, as {@link whyNotRunning}. */
  whyNotRunning(name: string, known: { readonly keepsEnding: boolean }): Promise<string | undefined>;
  /** Reads the last lines that a container printed, as one. */
  lastLines(name: string): Promise<string>;
  /** Not there where a container is at the address that it was given. */
  readonly findAddresses?: FindAddresses;
}
