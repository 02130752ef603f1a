import { afterEach, beforeEach, vi } from "vitest";

/** Lets the tests of a block look at what a command tells on stderr, and keeps its exit code from being theirs. */
export function watchStderr(): void {
  beforeEach(() => {
    vi.spyOn(console, "error").mockReturnValue();
  });
  afterEach(() => {
    vi.restoreAllMocks();
    process.exitCode = undefined;
  });
}
