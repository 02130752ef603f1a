import pLimit from "p-limit";
import { STACK_LABEL } from "../../docker/labels.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import type { AppServerInputs, RolloutInputs } from "../inputs.ts";
import { hostOf } from "./host-of.ts";
import { RolloutTurns } from "./rollout-turns.ts";
import { endStandIn, ensureStandIn, isAnyServing } from "./stand-in.ts";
import { goBack } from "./way-back.ts";

/** All containers of one app that an update replaces, for whatever reason each of them is. */
class AppRollout {
  readonly #turns: RolloutTurns;
  readonly #standInTurn = pLimit(1);

  constructor(atATime: number) {
    this.#turns = new RolloutTurns(atATime);
  }

  /**
   * Replaces a container when it is its turn, and a stand-in of the new version is proved up.
   * @param replace gets to know whether anybody is served, so that there is something to lose
   */
  replace(inputs: AppServerInputs, report: Report, replace: (isServing: boolean) => Promise<void>) {
    const work = async (): Promise<void> => {
      const isServing = await isAnyServing(inputs, report);
      if (isServing) await this.#standInTurn(() => ensureStandIn(inputs, report));
      await replace(isServing);
    };
    return this.#turns.take(inputs.server.name, work, () => endEarly(inputs, report));
  }

  /** Proves something that the roll-out counts on. */
  prove(what: string, inputs: RolloutInputs, report: Report, prove: () => Promise<void>): Promise<void> {
    return this.#turns.guard(what, prove, () => endEarly(inputs, report));
  }
}

const rollouts = new Map<string, AppRollout>();

/** The roll-out of an app in this update. */
export function rolloutOf({ labels, atATime }: RolloutInputs): AppRollout {
  const stack = labels[STACK_LABEL] ?? "";
  const found = rollouts.get(stack) ?? new AppRollout(atATime);
  rollouts.set(stack, found);
  return found;
}

/** @returns what became of the containers, in one line */
async function endEarly(inputs: RolloutInputs, report: Report): Promise<string> {
  const words = await leaveOrGoBack(inputs, report);
  const isNeeded = inputs.onFailure === "stop" && !(await isAnyServing(inputs, report));
  if (!isNeeded) await endStandIn(inputs, report);
  return words;
}

async function leaveOrGoBack(inputs: RolloutInputs, report: Report): Promise<string> {
  const kept = await (await hostOf(inputs)).findKept(inputs.labels);
  if (kept.length === 0) return "roll-out: ended before a container that served was touched";
  if (inputs.onFailure === "stop") return "roll-out: stopped there (rollout.onFailure stop)";
  return goBack(kept, inputs, report);
}
