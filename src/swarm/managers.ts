import { connectEngine, type Engine } from "../docker/engine.ts";
import { dockerWords, EngineError, UnreachableError } from "../docker/engine-error.ts";
import { messageOf } from "../stack/settled.ts";
import { listNodes } from "./swarm-replies.ts";

/** A manager without a leader may wait for one before it answers. */
const PATIENCE_MS = 10_000;

/** A manager that has just answered is not asked again whether it is one. */
const FRESH_MS = 5_000;

/** The address of an engine; undefined for the one that the docker command would talk to. */
type Host = string | undefined;

interface Found {
  readonly host: Host;
  readonly manager: Engine;
  readonly foundMs: number;
}

const found = new Map<string, Found>();

/**
 * Finds a manager that has a leader, and so can change something. The one that was found before is asked
 * first, so that those that are dead are waited for once.
 * @param managers engines in order; none for the one that the docker command would talk to
 * @throws {UnreachableError} The message says of each why it cannot.
 */
export async function findManager(managers: readonly string[]): Promise<Engine> {
  const key = managers.join(" ");
  const known = found.get(key);
  if (known !== undefined && Date.now() < known.foundMs + FRESH_MS) return known.manager;
  const hosts: readonly Host[] = managers.length === 0 ? [undefined] : managers;
  const inOrder = known === undefined ? hosts : [known.host, ...hosts.filter((host) => host !== known.host)];
  const answer = await askManagers(inOrder);
  found.set(key, answer);
  return answer.manager;
}

/** Asks the first, and if it cannot, the others together, since several may be dead. */
async function askManagers([first, ...others]: readonly Host[]): Promise<Found> {
  try {
    return await askManager(first);
  } catch (error) {
    return await Promise.any(others.map(askManager)).catch(({ errors }: AggregateError) => {
      const reasons = [error, ...errors].map(messageOf).join("; ");
      throw new UnreachableError(`the Swarm cannot be changed; what runs goes on: ${reasons}`);
    });
  }
}

/** @throws {EngineError} with why it cannot change anything */
async function askManager(host: Host): Promise<Found> {
  const where = host === undefined ? "the Docker engine" : `the manager at ${host}`;
  const manager = await connect(host);
  const abortSignal = AbortSignal.timeout(PATIENCE_MS);
  try {
    await listNodes(manager, { abortSignal });
    return { host, manager, foundMs: Date.now() };
  } catch (cause) {
    const words = abortSignal.aborted ? `no answer within ${PATIENCE_MS / 1000} s` : dockerWords(cause);
    const why = /not a swarm manager|not part of a swarm/i.test(words)
      ? "is no manager of a Swarm; name one in swarm.managers"
      : `has no leader (${words.replace(/\.$/, "")}): most of the managers must run`;
    throw new EngineError(`${where} ${why}`, { cause });
  }
}

async function connect(host: Host): Promise<Engine> {
  try {
    return await connectEngine({ host, what: host === undefined ? "the Docker engine" : "the manager" });
  } catch (cause) {
    // Another manager may do.
    throw new EngineError(messageOf(cause).replace(/; start it$/, ""), { cause });
  }
}
