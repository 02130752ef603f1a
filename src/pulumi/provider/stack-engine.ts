import { STACK_ENGINE, type StackEngineInputs } from "../inputs.ts";
import { made, NOTHING, type ResourceType } from "./resource-type.ts";

/**
 * The engine that a stack is on. It comes before all that the stack has there: where another engine was
 * chosen meanwhile, nothing is looked for or made on that.
 */
export const stackEngine: ResourceType<StackEngineInputs, object> = {
  inputs: STACK_ENGINE,
  outputs: NOTHING,
  ...made(
    ({ engine }) => engine.id,
    async () => ({}),
  ),
  differs: (state, { engine }) => state.engine.host !== engine.host || state.engine.id !== engine.id,
};
