import { Writable } from "node:stream";
import type { Caller } from "../../src/cli/caller.ts";
import type { ProgramRun } from "./started-program.ts";

/**
 * The caller of a command in this process: keeps what it prints, and has an environment and an exit code of
 * its own.
 */
export class CapturedCaller implements Caller {
  readonly env: NodeJS.ProcessEnv;
  readonly stdout: Writable;
  readonly stderr: Writable;
  exitCode = 0;
  readonly #printed = { output: "", stdout: "", stderr: "" };

  constructor(env: NodeJS.ProcessEnv = {}) {
    this.env = env;
    this.stdout = this.#keep("stdout");
    this.stderr = this.#keep("stderr");
  }

  /** What was printed so far, and how the command ended. */
  get run(): ProgramRun {
    return { exitCode: this.exitCode, ...this.#printed };
  }

  /** Nobody interrupts it. */
  onInterrupt(): () => void {
    return () => {};
  }

  exit(): void {
    throw new Error("a command that ends its process must be run as one");
  }

  #keep(name: "stdout" | "stderr"): Writable {
    return new Writable({
      decodeStrings: false,
      write: (chunk, _encoding, done) => {
        this.#printed[name] += chunk;
        this.#printed.output += chunk;
        done();
      },
    });
  }
}
