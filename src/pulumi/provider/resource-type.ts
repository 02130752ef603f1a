import { z } from "zod";
import type { Report } from "../../haproxy/servers/report.ts";
import { messageOf } from "../../stack/settled.ts";

/**
 * A kind of resource: what Pulumi asks of it, verb by verb. Its state is what it was asked for (inputs) and
 * what came of it (outputs); what a look finds may take the place of an input.
 */
export interface ResourceType<Inputs extends object, Outputs extends object> {
  readonly inputs: z.ZodType<Inputs>;
  readonly outputs: z.ZodType<Outputs>;
  /** Outputs that the state keeps encrypted. Inputs that are secrets stay so by themselves. */
  readonly secrets?: readonly (keyof Outputs & string)[];
  /** @throws {PartlyCreatedError} where it exists and is not as it shall be */
  create(inputs: Inputs, report: Report): Promise<Created<Outputs>>;
  /** Looks at what exists; `gone` where nothing does. Without it the state is taken to be true. */
  read?(state: Inputs & Outputs): Promise<(Partial<Inputs> & Outputs) | "gone">;
  /** Whether an update has something to do. */
  differs(state: Inputs & Outputs, inputs: Inputs): boolean | Promise<boolean>;
  /** Inputs of which another value means another resource; the old one is deleted first. */
  readonly replacedFor?: readonly (keyof Inputs & string)[];
  update(inputs: Inputs, state: Inputs & Outputs, report: Report): Promise<Outputs>;
  /** What stands in the state for one whose machine is dead, so that it is made when that is back. */
  whenDown?(inputs: Inputs): Created<Outputs>;
  /** Without it nothing but the state is forgotten. */
  delete?(state: Inputs & Outputs, report: Report): Promise<void>;
}

export interface Created<Outputs> {
  readonly id: string;
  readonly outputs: Outputs;
}

/** A resource exists, and something about it failed. Pulumi keeps it, and updates it the next time. */
export class PartlyCreatedError extends Error {
  override readonly name = "PartlyCreatedError";
  override stack = "";
  readonly created: Created<object>;

  constructor(created: Created<object>, cause: unknown) {
    super(messageOf(cause), { cause });
    this.created = created;
  }
}

/** The verbs of a resource that is created in the same way as it is updated. */
export const made = <Inputs extends object, Outputs extends object>(
  idOf: (inputs: Inputs) => string,
  make: (inputs: Inputs, last: (Inputs & Outputs) | undefined, report: Report) => Promise<Outputs>,
) => ({
  create: async (inputs: Inputs, report: Report): Promise<Created<Outputs>> => ({
    id: idOf(inputs),
    outputs: await make(inputs, undefined, report),
  }),
  update: make,
});

/** Outputs of a resource that has none. */
export const NOTHING = z.object({});
