import { TestStack, type TestStackOptions } from "../../test/harness/stack.ts";
import { type StartedProgram, startProgram } from "../../test/harness/started-program.ts";
import { environmentOf, expectRefused, NAME, type Rival, SECONDS, type Version } from "./rival.ts";

/** A stack whose updates have the priority of any program, as the commands of others have. */
export class BenchedStack extends TestStack {
  static async make(options: TestStackOptions): Promise<BenchedStack> {
    const stack = new BenchedStack(options);
    await stack.init();
    return stack;
  }

  protected override startIn(
    program: string,
    args: readonly string[],
    env: Readonly<Record<string, string>>,
  ): StartedProgram {
    const place = { cwd: this.project, env: { ...this.environment, ...env }, niceness: 0 };
    return startProgram(program, args, place);
  }
}

/** Balancer, by `pulumi up`. */
export class BalancerRival implements Rival {
  readonly name = "Balancer";
  readonly how = "`pulumi up --skip-preview`";
  #made: BenchedStack | undefined;

  get #stack(): TestStack {
    if (this.#made === undefined) throw new Error("it was not started");
    return this.#made;
  }

  get url(): string {
    return this.#stack.url;
  }

  async start(): Promise<void> {
    const config = {
      count: 3,
      drainTimeout: `${SECONDS.drain}s`,
      readyTimeout: `${SECONDS.ready}s`,
      "app.env": environmentOf("first"),
    };
    this.#made = await BenchedStack.make({ name: NAME, config });
    await this.#made.up();
  }

  async scale(count: number): Promise<void> {
    await this.#stack.up({ count });
  }

  async deploy(version: Version): Promise<void> {
    await this.#stack.up({ "app.env": environmentOf(version) });
  }

  async deployBad(): Promise<void> {
    expectRefused(await this.#stack.tryUp({ "app.env": environmentOf("bad") }));
  }

  async remove(): Promise<void> {
    await this.#made?.dispose();
    this.#made = undefined;
  }
}
