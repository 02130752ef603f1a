import { z } from "zod";

const OUTPUTS = z.object({ networkId: z.string() });
export type NetworkOutputs = z.infer<typeof OUTPUTS>;

/** What all networks have in common: all of one is fixed when it is made, and other addresses replace it. */
export const FIXED_NETWORK = {
  outputs: OUTPUTS,
  replacedFor: ["name", "subnet", "gateway", "ipRange"],
  differs: () => false,
  update: async (_inputs: object, { networkId }: NetworkOutputs) => ({ networkId }),
} as const;
