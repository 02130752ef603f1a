import { removeLabelled } from "../../test/harness/labelled.ts";
import { docker } from "../../test/harness/running-stack.ts";
import { placeOf } from "../../test/harness/stack-places.ts";
import type { ProgramRun } from "../../test/harness/started-program.ts";
import { BENCH_LABEL } from "../label.ts";

/** Names what a rival has. They are measured one after the other, so they share a place. */
export const NAME = "e2e-rivals";
export const PLACE = placeOf(NAME);
export const URL_OF_ALL = `http://127.0.0.1:${PLACE.ports.http}`;
/** Everything that a rival makes, but Balancer, which has labels of its own, carries it. */
export const LABELS = { [BENCH_LABEL]: "rivals" } as const;
export const LABEL = `${BENCH_LABEL}=rivals`;

/** Removes all that has the label, what a killed run left as well. */
export const removeAll = (): Promise<void> => removeLabelled(docker, LABEL);

/** @throws {Error} with all that it printed, when a program failed */
export function expectDone(what: string, { exitCode, output }: ProgramRun): void {
  if (exitCode !== 0) throw new Error(`${what} ended with ${exitCode}:\n${output}`);
}

/** @throws {Error} with all that it printed, when a program rolled the bad version out */
export function expectRefused({ exitCode, output }: ProgramRun): void {
  if (exitCode === 0) throw new Error(`a version that is never ready was rolled out:\n${output}`);
}

/** The first keeps three copies, and rolls the second out; the third never becomes ready. */
export type Version = "first" | "second" | "bad";

/** What runs copies of podinfo behind one address. Its users take a change for done when the call ends. */
export interface Rival {
  readonly name: string;
  readonly url: string;
  /** Names what it is made of, for whoever does not know it. */
  readonly how: string;
  /** Brings three copies up from nothing, after removing what a killed run left. */
  start(): Promise<void>;
  scale(count: number): Promise<void>;
  /** Rolls a version out to all copies. */
  deploy(version: Version): Promise<void>;
  /** Tries a version that never becomes ready, and is told so. */
  deployBad(): Promise<void>;
  /** Removes all of it. */
  remove(): Promise<void>;
}

export const APP_IMAGE = "stefanprodan/podinfo:6.9.2";
export const APP_PORT = 9898;
/** At this level podinfo ends as soon as it is asked to. */
export const APP_COMMAND = ["./podinfo", `--port=${APP_PORT}`, "--level=debug"] as const;
export const READY_PATH = "/readyz";
/** How long a copy has to become ready, and how long those who use one that leaves have. */
export const SECONDS = { ready: 10, drain: 10 } as const;

/** What a version is made of, besides the image. */
export const environmentOf = (version: Version): Readonly<Record<string, string>> => ({
  PODINFO_UI_MESSAGE: version,
  ...(version === "bad" && { PODINFO_UNREADY: "true" }),
});
