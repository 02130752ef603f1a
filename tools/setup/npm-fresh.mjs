// Exits 0 when node_modules holds what package-lock.json asks for.
import { readFileSync } from "node:fs";

const wanted = packagesOf("package-lock.json");
const installed = packagesOf("node_modules/.package-lock.json");
const isFresh = Object.entries(wanted).every(([path, { version, optional }]) => {
  if (path === "") return true; // the project itself
  if (installed[path] === undefined) return optional === true; // it is for another platform
  return installed[path].version === version;
});
process.exit(isFresh && Object.keys(installed).length > 0 ? 0 : 1);

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, "utf8")).packages;
  } catch {
    return {};
  }
}
