import { z } from "zod";
import { connectEngine, describeEngine, type Engine } from "./engine.ts";
import { findEngine } from "./engine-address.ts";
import { EngineError } from "./engine-error.ts";
import { inspectEngine } from "./engine-replies.ts";

export const ENGINE_IDENTITY = z.object({
  /** Docker's own id of the engine. */
  id: z.string(),
  /** Where it was, as the docker command has it; empty for a Swarm, whose id it is then. */
  host: z.string(),
});
/** The engine that something was made on. */
export type EngineIdentity = z.infer<typeof ENGINE_IDENTITY>;

/** Tells which engine this is. */
export async function identifyEngine(docker: Engine): Promise<EngineIdentity> {
  const [{ host }, { ID: id }] = await Promise.all([findEngine(), inspectEngine(docker)]);
  return { id, host };
}

/**
 * Refuses to take for gone what is on another engine: somebody chose another Docker context since it was
 * made. An engine that is at the same place is the same, even if it was made anew there.
 * @throws {EngineError} The message names both engines.
 */
export async function refuseOtherEngine({ id, host }: EngineIdentity): Promise<void> {
  if (host === "") return; // any manager of the Swarm will do
  const found = await findEngine();
  if (found.host === host || (await inspectEngine(await connectEngine())).ID === id) return;
  const where = `this stack is on the Docker engine at ${host}, not on the one ${describeEngine(found)}`;
  const what = "choose that one again (DOCKER_HOST, or docker context use NAME)";
  const lost = "or, if it is lost, forget what was there: npx pulumi state delete --all";
  throw new EngineError(`${where}; ${what}, ${lost}`);
}
