import { Listr } from "listr2";
import { coloursOf } from "./terminal.ts";

const colours = coloursOf(process.stdout);

const BAR_WIDTH = 40;

/** Does work that calls `tick` so many times; on a terminal with a progress bar, which is gone in the end. */
export async function withProgress<T>(
  title: string,
  ticks: number,
  work: (tick: () => void) => Promise<T>,
): Promise<T> {
  const list = new Listr<{ value: T }, "default", "silent">(
    {
      title,
      task: async (context, task): Promise<void> => {
        let done = 0;
        let shown = 0;
        context.value = await work(() => {
          done += 1;
          const percent = Math.floor((done * 100) / ticks);
          if (percent === shown) return;
          shown = percent;
          task.output = `${bar(percent)} ${percent} %`;
        });
      },
    },
    { fallbackRenderer: "silent", registerSignalListeners: false, rendererOptions: { clearOutput: true } },
  );
  const { value } = await list.run();
  return value;
}

function bar(percent: number): string {
  const full = Math.round((percent / 100) * BAR_WIDTH);
  return `${colours.green("█".repeat(full))}${colours.dim("░".repeat(BAR_WIDTH - full))}`;
}
