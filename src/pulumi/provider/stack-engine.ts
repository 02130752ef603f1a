import { EngineError } from "../../docker/engine-error.ts";
import type { EngineIdentity } from "../../docker/engine-identity.ts";
import { STACK_ENGINE, type StackEngineInputs } from "../inputs.ts";
import { made, NOTHING, type ResourceType } from "./resource-type.ts";

/**
 * The engine, or the Swarm, that a stack is on. It comes before all that the stack has there: where another
 * one was chosen meanwhile, nothing is looked for or made on that.
 */
export const stackEngine: ResourceType<StackEngineInputs, object> = {
  inputs: STACK_ENGINE,
  outputs: NOTHING,
  ...made(
    ({ engine }) => engine.id,
    async () => ({}),
  ),
  differs(state, { engine }) {
    refuseOtherSwarm(state.engine, engine);
    return state.engine.host !== engine.host || state.engine.id !== engine.id;
  },
};

/** @throws {EngineError} The stack is on a Swarm or an engine, and shall be on another Swarm. */
function refuseOtherSwarm(is: EngineIdentity, shall: EngineIdentity): void {
  const isSwarm = ({ host }: EngineIdentity): boolean => host === "";
  if ((!isSwarm(is) && !isSwarm(shall)) || is.id === shall.id) return;
  const wordsOf = (engine: EngineIdentity): string =>
    isSwarm(engine) ? `Swarm ${engine.id}` : `the Docker engine at ${engine.host}`;
  const what = "destroy it there first (npx pulumi destroy), with the engine and managers of before";
  throw new EngineError(`this stack is on ${wordsOf(is)}, not on ${wordsOf(shall)}; ${what}`);
}
