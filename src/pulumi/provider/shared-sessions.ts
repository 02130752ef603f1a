import { areShared, type Sharer, shareSessions } from "../../haproxy/servers/share-sessions.ts";
import { SHARED_SESSIONS, type SharedSessionsInputs } from "../inputs.ts";
import { haproxyAt } from "./haproxy.ts";
import { made, NOTHING, type ResourceType } from "./resource-type.ts";

/** HAProxy may try a peer again some times, five seconds from each other. */
const SHARING_TIMEOUT_MS = 60_000;

/** What the balancers remember of sessions, the same on all. */
export const sharedSessions: ResourceType<SharedSessionsInputs, object> = {
  inputs: SHARED_SESSIONS,
  outputs: NOTHING,
  ...made(
    () => "sessions",
    async (inputs, _last, report) => {
      await shareSessions(sharersOf(inputs), { timeoutMs: SHARING_TIMEOUT_MS }, report);
      return {};
    },
  ),
  /** Pulumi asks when everything before it in the update is done, so a reload of this update is seen. */
  differs: async (state, inputs) =>
    JSON.stringify(state.balancers) !== JSON.stringify(inputs.balancers) ||
    !(await areShared(sharersOf(inputs), { forGood: true })),
};

const sharersOf = ({ balancers, credentials }: SharedSessionsInputs): Sharer[] =>
  balancers.map((address) => haproxyAt(address, credentials));
