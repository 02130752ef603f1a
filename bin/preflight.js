// Tells in a line what is missing where nothing else would start. Plain JavaScript, which any Node takes.
import { existsSync, readFileSync } from "node:fs";

const root = new URL("../", import.meta.url);
const { dependencies, engines } = JSON.parse(readFileSync(new URL("package.json", root), "utf8"));
const wanted = engines.node.replace(">=", "");

/** Whether this is a checkout, with the code as it is written. A package has it compiled. */
export const isCheckout = existsSync(new URL("src", root));

const missing = [
  isOlder(process.versions.node, wanted) &&
    `Balancer needs Node ${wanted} or newer, and this is Node ${process.versions.node}`,
  isCheckout &&
    !Object.keys(dependencies).every((name) => existsSync(new URL(`node_modules/${name}`, root))) &&
    "npm packages of this checkout are missing",
].filter(Boolean);

if (missing.length > 0) {
  console.error(`error: ${missing.join("; ")}; ${isCheckout ? "run: npm run setup" : "install a newer one"}`);
  process.exit(1);
}

function isOlder(version, than) {
  const [major, minor] = version.split(".").map(Number);
  const [thanMajor, thanMinor = 0] = than.split(".").map(Number);
  return major < thanMajor || (major === thanMajor && minor < thanMinor);
}
