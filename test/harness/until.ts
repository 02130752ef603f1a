import { setTimeout as sleep } from "node:timers/promises";

/**
 * Waits until something is so; an error while looking counts as not yet, and the last one is told when the
 * time is over.
 */
export async function until(isSo: () => Promise<boolean>, timeoutMs = 20_000, pollMs = 50): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const look = await isSo().catch((cause: unknown) => ({ cause }));
    if (look === true) return;
    if (Date.now() > deadline) {
      const why = look === false ? "" : `: ${look.cause}`;
      throw new Error(`not so within ${timeoutMs / 1000} s: ${isSo}${why}`, look === false ? {} : look);
    }
    await sleep(pollMs);
  }
}
