import { SingleBar } from "cli-progress";
import { coloursOf } from "./terminal.ts";

const colours = coloursOf(process.stdout);

/** Does work that calls `tick` so many times; on a terminal with a progress bar, which is gone in the end. */
export async function withProgress<T>(
  title: string,
  ticks: number,
  work: (tick: () => void) => Promise<T>,
): Promise<T> {
  const bar = new SingleBar({
    stream: process.stdout,
    format: `${title} ${colours.green("{bar}")} {percentage} %`,
    barsize: 20,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    clearOnComplete: true,
    // The terminal stays as it is, so an interrupt need not be caught to put it right.
    linewrap: true,
    gracefulExit: false,
  });
  bar.start(ticks, 0);
  try {
    return await work(() => bar.increment());
  } finally {
    bar.stop();
  }
}
