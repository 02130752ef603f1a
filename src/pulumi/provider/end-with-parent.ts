const POLL_MS = 200;

/**
 * Ends this process when Pulumi is gone, which a kill leaves it no time to tell: an update that nobody waits
 * for must not go on beside the next one.
 */
export function endWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1);
  }, POLL_MS).unref();
}
