import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { type Browser, chromium } from "playwright-core";

/** As in tools/setup/tests.sh, which installs the first where none is there. */
const NAMES = ["chromium-headless-shell", "chromium", "google-chrome"] as const;

/** Starts this machine's Chromium, without a window. */
export const startBrowser = (): Promise<Browser> =>
  // Chromium's sandbox does not work as root.
  chromium.launch({ executablePath: findBrowser(), chromiumSandbox: process.getuid?.() !== 0 });

function findBrowser(): string {
  const folders = (process.env.PATH ?? "").split(delimiter);
  const found = NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
  if (found === undefined)
    throw new Error(`none of ${NAMES.join(", ")} is on the PATH: run tools/setup.sh --tests`);
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
