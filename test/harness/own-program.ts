import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { EMPTY_PASSPHRASE_SALT, PROJECT, pulumiBinary, pulumiEnvironment } from "./pulumi.ts";
import { placeOf, type StackName } from "./stack-places.ts";
import { type ProgramRun, startProgram } from "./started-program.ts";

const STACK = "dev";

/** The example of somebody else's program, in a folder of its own that has the package as npm packs it. */
export class OwnProgram {
  readonly folder = mkdtempSync(join(tmpdir(), "balancer-e2e-own-"));
  readonly #state = join(this.folder, "state");

  /**
   * Packs the package, and installs it in a copy of the example.
   * @param names What the test has in place of the example's names.
   */
  static async install(names: Readonly<Record<string, string>>): Promise<OwnProgram> {
    const program = new OwnProgram();
    cpSync(join(PROJECT, "examples/own-program"), program.folder, {
      recursive: true,
      filter: (path) => !path.includes("node_modules"),
    });
    mkdirSync(program.#state);
    program.change((text) =>
      Object.entries(names).reduce((changed, [from, to]) => changed.replaceAll(from, to), text),
    );
    writeFileSync(join(program.folder, `Pulumi.${STACK}.yaml`), `encryptionsalt: ${EMPTY_PASSPHRASE_SALT}\n`);
    const packed = ["pack", "--pack-destination", program.folder, "--silent"];
    const archive = (await program.#expect("npm", packed, PROJECT)).stdout.trim().split("\n").at(-1) ?? "";
    await program.#expect("npm", ["install", "--no-audit", "--no-fund", join(program.folder, archive)]);
    await program.#expect(pulumiBinary(), ["stack", "init", STACK]);
    return program;
  }

  /** Changes the program's text. */
  change(change: (text: string) => string): void {
    const path = join(this.folder, "index.ts");
    const text = readFileSync(path, "utf8");
    const changed = change(text);
    if (changed === text) throw new Error("the change of index.ts changes nothing");
    writeFileSync(path, changed);
  }

  /** Gives a value to the program's config. */
  async configure(key: string, value: string, ...flags: readonly string[]): Promise<void> {
    await this.#expect(pulumiBinary(), ["config", "set", ...flags, key, value]);
  }

  /** Runs the Pulumi CLI as its user does, and fails the test when that fails. */
  pulumi(...args: readonly string[]): Promise<ProgramRun> {
    return this.#expect(pulumiBinary(), [...args, "--non-interactive", "--color", "never"]);
  }

  /** Runs a program, such as `npx`, in the program's folder. */
  run(command: string, ...args: readonly string[]): Promise<ProgramRun> {
    return this.#start(command, args);
  }

  /** All that Pulumi keeps of the program's resources. */
  async state(): Promise<string> {
    return (await this.pulumi("stack", "export")).stdout;
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #expect(command: string, args: readonly string[], cwd?: string): Promise<ProgramRun> {
    const ended = await this.#start(command, args, cwd);
    if (ended.exitCode !== 0)
      throw new Error(`${command} ${args.join(" ")}: ${ended.exitCode}\n${ended.output}`);
    return ended;
  }

  #start(command: string, args: readonly string[], cwd = this.folder): Promise<ProgramRun> {
    return startProgram(command, args, { cwd, env: pulumiEnvironment(this.#state) }).ended;
  }
}

/** What the example's text has for the place of an app, and what a test has. */
export function placedAt(
  name: StackName,
  { subnet, ports }: { readonly subnet: string; readonly ports: string },
): Record<string, string> {
  const { http, runtime, stats } = placeOf(name).ports;
  return {
    [`"${subnet}"`]: JSON.stringify(placeOf(name).subnet),
    [ports]: `{ http: ${http}, runtime: ${runtime}, stats: ${stats} }`,
  };
}
