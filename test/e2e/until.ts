import { setTimeout as sleep } from "node:timers/promises";

/** Waits until something is so; an error while looking counts as not yet. */
export async function until(isSo: () => Promise<boolean>, timeoutMs = 20_000, pollMs = 50): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  while (!(await isSo().catch(() => false))) {
    if (Date.now() > deadline) throw new Error(`not so within ${timeoutMs / 1000} s: ${isSo}`);
    await sleep(pollMs);
  }
}
