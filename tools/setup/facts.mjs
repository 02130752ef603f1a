// Prints what the set-up has to know, a line each: the versions of Pulumi, of its Docker plugin and of Node
// that package.json names, whether node_modules holds what package-lock.json asks for, and the user's home as
// the user database tells it. It is one program, as a start of Node is most of what a set-up takes that
// changes nothing.
import { readFileSync } from "node:fs";
import { userInfo } from "node:os";

const { dependencies, engines } = JSON.parse(readFileSync("package.json", "utf8"));
const { pulumi, "@pulumi/docker": docker } = dependencies;
const node = engines.node.replace(">=", "");
if (![pulumi, docker, node].every(Boolean)) process.exit(1);
console.log([pulumi, docker, node, isFresh() ? "fresh" : "stale", homeOfUser()].join("\n"));

function isFresh() {
  const wanted = packagesOf("package-lock.json");
  const installed = packagesOf("node_modules/.package-lock.json");
  const isThere = ([path, { version, optional }]) => {
    if (path === "") return true; // the project itself
    if (installed[path] === undefined) return optional === true; // it is for another platform
    return installed[path].version === version;
  };
  return Object.entries(wanted).every(isThere) && Object.keys(installed).length > 0;
}

function packagesOf(lockFile) {
  try {
    return JSON.parse(readFileSync(lockFile, "utf8")).packages;
  } catch {
    return {};
  }
}

/** A user may be in no database, as in a container that runs as any number. */
function homeOfUser() {
  try {
    return userInfo().homedir;
  } catch {
    return process.env.HOME ?? "";
  }
}
