import pLimit, { type LimitFunction } from "p-limit";

/** The containers of one app that are replaced, for whatever reason each of them is. */
class RolloutTurns {
  readonly #limit: LimitFunction;
  #stopped: Error | undefined;

  constructor(atATime: number) {
    this.#limit = pLimit(atATime);
  }

  /**
   * Replaces a container when it is its turn. A new one that does not come up ends the roll-out.
   * @param server its name, for those that are not replaced after it has failed
   */
  take(server: string, replace: () => Promise<void>): Promise<void> {
    return this.#limit(async () => {
      if (this.#stopped !== undefined) throw this.#stopped;
      try {
        await replace();
      } catch (error) {
        this.#stopped = new Error(`not replaced, since ${server} of the same roll-out failed`);
        this.#stopped.stack = ""; // Pulumi prints it where there is one
        throw error;
      }
    });
  }
}

const turns = new Map<string, RolloutTurns>();

/**
 * The turns of an app in this update.
 * @param stack the app's name
 * @param atATime how many of its containers may be replaced at a time
 */
export function turnsOf(stack: string, atATime: number): RolloutTurns {
  const found = turns.get(stack) ?? new RolloutTurns(atATime);
  turns.set(stack, found);
  return found;
}
