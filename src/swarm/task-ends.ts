import type { Engine } from "../docker/engine.ts";
import { ifFound } from "../docker/engine-error.ts";
import { textOf } from "../docker/multiplexed.ts";
import type { FindHopeless } from "../haproxy/servers/target.ts";
import { type FoundTask, findServices, inspectService, listTasks } from "./swarm-replies.ts";
import { isCurrent, newestFirst } from "./tasks.ts";

/** A service whose tasks have ended so often while it was waited for is not waited for any longer. */
const HOPELESS_ENDS = 3;
const ENDED: ReadonlySet<string> = new Set(["failed", "rejected", "complete"]);

/**
 * Watches services that are waited for.
 * @returns a look at some of them, which tells by name why it is no use to wait: three tasks of what they
 *   shall
 *   run have ended since the first look
 */
export function watchTaskEnds(manager: Engine): FindHopeless {
  const before = new Map<string, ReadonlySet<string>>();
  return async (names) => {
    const services = await findServices(manager, names);
    const tasks = await listTasks(manager, services);
    return new Map(
      services.flatMap((service) => {
        const name = service.Spec.Name;
        const ended = tasks.filter(
          ({ ServiceID, Status, Spec }) =>
            ServiceID === service.ID &&
            ENDED.has(Status.State) &&
            Spec.ForceUpdate === service.Spec.template.ForceUpdate,
        );
        const known = before.get(name) ?? new Set(ended.map(({ ID }) => ID));
        before.set(name, known);
        const [last, ...others] = newestFirst(ended.filter(({ ID }) => !known.has(ID)));
        if (last === undefined || others.length + 1 < HOPELESS_ENDS) return [];
        const words = `its container has ended ${others.length + 1} times, ${howEnded(last)}`;
        return [[name, words] as const];
      }),
    );
  };
}

function howEnded({ Status }: FoundTask): string {
  const { ExitCode } = Status.ContainerStatus;
  return Status.State === "rejected" || Status.Err !== "" ? Status.Err : `with exit code ${ExitCode}`;
}

/**
 * Tells why a service does not do its work: Swarm finds no machine for it, or its tasks end. The result is
 * undefined while a task runs what it shall run, and when there is no service.
 * @param keepsEnding whether that is known of it: a task may run at the very moment
 */
export async function whyNoTaskRuns(
  manager: Engine,
  name: string,
  { keepsEnding = false } = {},
): Promise<string | undefined> {
  const service = await inspectService(manager, name);
  if (service === undefined) return undefined;
  if (service.Spec.replicas === 0) return `service ${name} is scaled to 0`;
  const tasks = newestFirst(await listTasks(manager, [service]));
  if (!keepsEnding && tasks.some((task) => isCurrent(service, task))) return undefined;
  const ended = tasks.find(({ Status }) => ENDED.has(Status.State));
  const waiting = tasks.find(({ DesiredState }) => ["running", "ready"].includes(DesiredState));
  const state = waiting && ` is ${waiting.Status.State}${said(waiting.Status.Err)}`;
  if (!keepsEnding && ended === undefined) return `service ${name}${state ?? " has no task"}`;
  const why = ended === undefined ? "" : said(ended.Status.Err);
  return `service ${name} keeps ending${why}; it printed last: ${await lastLinesOf(manager, name)}`;
}

const said = (words: string): string => (words === "" ? "" : `: ${words}`);

/** Reads the last lines that the tasks of a service printed, as one line. */
export async function lastLinesOf(manager: Engine, name: string, count = 5): Promise<string> {
  const options = { stdout: true, stderr: true, tail: count, follow: false } as const;
  const log = await ifFound(() => manager.getService(name).logs(options));
  const printed = Buffer.isBuffer(log) ? textOf(log).replaceAll(/[^\u0020-\u007e\n]/g, "") : "";
  const lines = printed.split("\n").map((line) => line.trim());
  return (
    lines
      .filter((line) => line !== "")
      .slice(-count)
      .join("; ") || "nothing"
  );
}
