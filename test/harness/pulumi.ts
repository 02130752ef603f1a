import { readFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { parse } from "yaml";
import packageJson from "../../package.json" with { type: "json" };

export const PROJECT = join(import.meta.dirname, "../..");

/** The CLI itself, not its npm wrapper, which an interrupt kills while the CLI goes on. */
export const pulumiBinary = (): string =>
  join(
    process.env.PULUMI_HOME ?? join(homedir(), ".pulumi"),
    "versions",
    packageJson.dependencies.pulumi,
    "bin/pulumi",
  );

/** How the project has Pulumi keep its state, the folder apart. */
const { search: stateOptions } = new URL(
  parse(readFileSync(join(PROJECT, "Pulumi.yaml"), "utf8")).backend.url,
);

/** The environment of whatever a test starts, with Pulumi's state in a folder. */
export const pulumiEnvironment = (stateFolder: string): NodeJS.ProcessEnv => ({
  ...process.env,
  PULUMI_BACKEND_URL: `file://${stateFolder}${stateOptions}`,
  PULUMI_CONFIG_PASSPHRASE: "",
  PULUMI_SKIP_UPDATE_CHECK: "true",
  // An update starts Node three times: for the language host, the provider and the program.
  NODE_COMPILE_CACHE: process.env.NODE_COMPILE_CACHE ?? join(tmpdir(), "balancer-compile-cache"),
  PATH: [join(PROJECT, "node_modules/.bin"), dirname(pulumiBinary()), process.env.PATH ?? ""].join(delimiter),
});

/** Belongs to the empty passphrase, as in stacks/. */
export const EMPTY_PASSPHRASE_SALT = "v1:Jy9aIz+v1Hs=:v1:+vhviZemvU+cMVih:qy+BcRIEeFiaYURhLi4z0H7siv4ruw==";
