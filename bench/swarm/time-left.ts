const REMOVAL_MS = 25_000;

/** The time that a run still has. What a slow machine would take longer for is left out, and told. */
export class TimeLeft {
  readonly signal: AbortSignal;
  readonly #limitMinutes: number;
  readonly #end: number;
  readonly #leftOut: string[] = [];

  /**
   * @param signal ends the run between two things that are measured
   * @param limitMinutes the run takes no longer, with making and removing the machines
   */
  constructor(signal: AbortSignal, limitMinutes: number) {
    this.signal = signal;
    this.#limitMinutes = limitMinutes;
    this.#end = Date.now() + limitMinutes * 60_000 - REMOVAL_MS;
  }

  get ms(): number {
    return Math.max(0, this.#end - Date.now());
  }

  /**
   * Whether something may begin that takes so many seconds on a slow machine.
   * @throws {unknown} The run is interrupted.
   */
  hasFor(what: string, seconds: number): boolean {
    this.signal.throwIfAborted();
    const isEnough = this.ms >= seconds * 1_000;
    if (!isEnough) this.#leftOut.push(what);
    return isEnough;
  }

  /** Prints what there was no time for. */
  printLeftOut(): void {
    if (this.#leftOut.length > 0)
      console.log(
        `\nleft out, or it had taken more than ${this.#limitMinutes} minutes: ${this.#leftOut.join("; ")}`,
      );
  }
}
