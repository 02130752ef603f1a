import { SingleBar } from "cli-progress";
import { coloursOf } from "./terminal.ts";

const colours = coloursOf(process.stdout);

/** Does work that calls `tick` so many times. A terminal shows a progress bar until the work is done. */
export async function withProgress<T>(title: string, ticks: number, work: (tick: () => void) => Promise<T>) {
  const bar = new SingleBar({
    stream: process.stdout,
    format: `${title} ${colours.green("{bar}")} {percentage} %`,
    barsize: 20,
    barCompleteChar: "█",
    barIncompleteChar: "░",
    clearOnComplete: true,
    // The bar changes no mode of the terminal, so nothing is to be restored after an interrupt.
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
