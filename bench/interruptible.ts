/** Lets an interrupt end the measuring. Every part then removes what it made. */
export function interruptible(): { signal: AbortSignal; isInterrupted: () => boolean } {
  const controller = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => controller.abort());
  return { signal: controller.signal, isInterrupted: () => controller.signal.aborted };
}
