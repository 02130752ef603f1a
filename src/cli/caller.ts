/** A stream that a command prints to. */
export interface Output extends NodeJS.WritableStream {
  readonly isTTY?: boolean | undefined;
}

/** Who runs a command: where it prints, what it finds in its environment, and how it ends. */
export interface Caller {
  readonly stdout: Output;
  readonly stderr: Output;
  readonly env: NodeJS.ProcessEnv;
  /** How the command ends: 0 unless something fails. */
  exitCode: number;
  /** Calls a listener at each interrupt in place of ending the command. Returns the way to take that back. */
  onInterrupt(listener: () => void): () => void;
  /** Ends the command at once, with its exit code. */
  exit(): void;
}

/** This process as the caller of its only command. */
export function processCaller(): Caller {
  const caller: Caller = {
    stdout: process.stdout,
    stderr: process.stderr,
    env: process.env,
    exitCode: 0,
    onInterrupt: (listener) => {
      process.on("SIGINT", listener);
      return () => process.off("SIGINT", listener);
    },
    exit: () => process.exit(caller.exitCode),
  };
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    caller.exit(); // A reader such as `head` that has seen enough is no failure.
  });
  return caller;
}

/** Prints a line on stdout. */
export const print = ({ stdout }: Caller, text: string): void => {
  stdout.write(`${text}\n`);
};

/** Prints a line on stderr. */
export const tell = ({ stderr }: Caller, text: string): void => {
  stderr.write(`${text}\n`);
};
