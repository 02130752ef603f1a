import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ProgramFolder, succeeded } from "./program-folder.ts";
import { PROJECT } from "./pulumi.ts";
import { placeOf, type StackName } from "./stack-places.ts";

/** The example of somebody else's program, in a folder of its own that has the package as npm packs it. */
export class OwnProgram extends ProgramFolder {
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
    program.change((text) =>
      Object.entries(names).reduce((changed, [from, to]) => changed.replaceAll(from, to), text),
    );
    const packed = await program.#npm(PROJECT, "pack", "--pack-destination", program.folder, "--silent");
    const archive = join(program.folder, packed.trim().split("\n").at(-1) ?? "");
    await program.#npm(program.folder, "install", "--no-audit", "--no-fund", archive);
    await program.createStack("dev");
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
    await this.pulumi("config", "set", ...flags, key, value);
  }

  /** All that Pulumi keeps of the program's resources. */
  async state(): Promise<string> {
    return (await this.pulumi("stack", "export")).stdout;
  }

  async #npm(cwd: string, ...args: readonly string[]): Promise<string> {
    return succeeded("npm", args, await this.runIn(cwd, "npm", args)).stdout;
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
