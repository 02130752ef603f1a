import pLimit, { type LimitFunction } from "p-limit";
import { messageOf } from "../../stack/settled.ts";

/** The parts of a roll-out, each of which counts on the others. The first that fails ends it. */
export class RolloutTurns {
  readonly #turn: LimitFunction;
  readonly #underWay = new Set<Promise<void>>();
  #failed: { readonly what: string; readonly end: Promise<string> } | undefined;

  constructor(atATime: number) {
    this.#turn = pLimit(atATime);
  }

  /** Does a part as {@link guard} when it is its turn. */
  take(what: string, work: () => Promise<void>, end: () => Promise<string>): Promise<void> {
    return this.#turn(() => this.guard(what, work, end));
  }

  /**
   * Does a part of the roll-out.
   * @param what names the part for those that come after it
   * @param end of the first part that fails is called, when no other part is under way; it tells what became
   *   of them all
   * @throws {RolloutError} with what became of all
   */
  async guard(what: string, work: () => Promise<void>, end: () => Promise<string>): Promise<void> {
    if (this.#failed !== undefined)
      throw new RolloutError(`not replaced, since ${this.#failed.what} of the same roll-out failed`);
    const done = work();
    this.#underWay.add(done);
    try {
      await done;
    } catch (cause) {
      this.#failed ??= { what, end: Promise.allSettled(this.#underWay).then(end) };
      throw new RolloutError(`${messageOf(cause)}\n${await this.#failed.end}`, { cause });
    }
  }
}

/** A roll-out has ended early. */
class RolloutError extends Error {
  override readonly name = "RolloutError";
  override stack = ""; // Pulumi prints it where there is one
}
