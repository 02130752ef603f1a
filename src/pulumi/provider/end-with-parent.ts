const POLL_MS = 200;

const parent = process.ppid;
let isWatched = false;

/**
 * Ends this process when Pulumi is gone, which a kill leaves it no time to tell: an update that nobody waits for must
 * not go on beside the next one. Where Pulumi starts its provider through a shell that stays, that shell is the parent.
 */
export function endWithParent(): void {
  if (isWatched) return;
  isWatched = true;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1);
  }, POLL_MS).unref();
}
