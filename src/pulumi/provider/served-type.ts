import { isDeepStrictEqual } from "node:util";
import type {
  CheckResult,
  CreateResult,
  DiffResult,
  ReadResult,
  UpdateResult,
} from "@pulumi/pulumi/provider/index.js";
// Not from the package's door, which reads a compiler that takes longer than all the rest of this process.
import { isRpcSecret, specialSecretSig, specialSigKey, unknownValue } from "@pulumi/pulumi/runtime/rpc.js";
import { z } from "zod";
import { UnreachableError } from "../../docker/engine-error.ts";
import { ENGINE_IDENTITY, refuseOtherEngine } from "../../docker/engine-identity.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import { PartlyCreatedError, type ResourceType } from "./resource-type.ts";

/** Properties on the wire: a secret is an object with a mark, an unknown value a certain text. */
type Wire = Readonly<Record<string, unknown>>;

/** Resources that are on an engine know which, those on a machine whether that is there. */
const MADE_ON = z.object({
  engine: ENGINE_IDENTITY.optional(),
  machine: z.object({ isDown: z.boolean() }).optional(),
  swarm: z.unknown().optional(),
});

/** A resource type as Pulumi's protocol wants it. */
export interface ServedType {
  check(inputs: Wire): CheckResult;
  create(inputs: Wire, report: Report): Promise<CreateResult>;
  read(id: string, state: Wire): Promise<ReadResult>;
  diff(state: Wire, inputs: Wire): Promise<DiffResult>;
  update(inputs: Wire, state: Wire, report: Report): Promise<UpdateResult>;
  delete(state: Wire, report: Report): Promise<void>;
}

/**
 * Puts a typed resource behind Pulumi's protocol. Inputs go into the state as they came, so that what was a
 * secret stays one, whatever part of a property it is.
 */
export function served<I extends object, O extends object>(type: ResourceType<I, O>): ServedType {
  const readInputs = (wire: Wire): I => type.inputs.parse(reveal(wire));
  const readState = async (wire: Wire): Promise<I & O> => {
    const plain = reveal(wire);
    const { engine } = MADE_ON.parse(plain);
    if (engine !== undefined) await refuseOtherEngine(engine);
    return { ...type.inputs.parse(plain), ...type.outputs.parse(plain) };
  };
  const hide = (outputs: object): Wire => {
    const secrets = new Set<string>(type.secrets ?? []);
    const isSecret = (key: string, value: unknown) => secrets.has(key) && value !== undefined;
    const entries = Object.entries(outputs);
    return Object.fromEntries(
      entries.map(([key, value]) => [key, isSecret(key, value) ? secret(value) : value]),
    );
  };
  const isDown = (wire: Wire): boolean => MADE_ON.parse(reveal(wire)).machine?.isDown === true;
  /**
   * What is on a machine or a Swarm that does not answer is as it was: an update asks for these first, and
   * says in one line what is missing. Pulumi looks and compares before that.
   */
  const unlessAway = async <T>(state: Wire, look: () => Promise<T> | T, otherwise: T): Promise<T> => {
    try {
      return await look();
    } catch (error) {
      const { machine, swarm } = MADE_ON.parse(reveal(state));
      if ((machine === undefined && swarm === undefined) || !(error instanceof UnreachableError)) throw error;
      return otherwise;
    }
  };
  return {
    check(inputs) {
      if (!hasUnknown(inputs)) readInputs(inputs);
      return { inputs };
    },
    async create(inputs, report) {
      if (type.whenDown !== undefined && isDown(inputs)) {
        const { id, outputs } = type.whenDown(readInputs(inputs));
        return { id, outs: present({ ...inputs, ...hide(outputs) }) };
      }
      try {
        const { id, outputs } = await type.create(readInputs(inputs), report);
        return { id, outs: present({ ...inputs, ...hide(outputs) }) };
      } catch (error) {
        throw error instanceof PartlyCreatedError ? initializationError(error, inputs, hide) : error;
      }
    },
    async read(id, state) {
      const { read } = type;
      if (read === undefined || isDown(state)) return { id, props: state };
      const plain = await readState(state);
      const found = await unlessAway(state, () => read(plain), plain);
      return found === "gone" ? { id: "", props: {} } : { id, props: present({ ...state, ...hide(found) }) };
    },
    async diff(state, inputs) {
      const old = await readState(state);
      const keys = type.replacedFor ?? [];
      if (hasUnknown(inputs))
        return { changes: true, ...replaced(keys.filter((key) => hasUnknown(inputs[key]))) };
      const fresh = readInputs(inputs);
      const replaces = keys.filter((key) => old[key] !== fresh[key]);
      if (isDown(inputs))
        return { changes: !isDeepStrictEqual(type.inputs.parse(reveal(state)), fresh), ...replaced([]) };
      // What was wanted meanwhile is in the state, and has not been done.
      if (isDown(state)) return { changes: true, ...replaced([]) };
      const differs = await unlessAway(state, () => type.differs(old, fresh), false);
      return { changes: replaces.length > 0 || differs, ...replaced(replaces) };
    },
    async update(inputs, state, report) {
      if (isDown(inputs)) {
        const outputs = Object.keys(type.outputs.parse(reveal(state))).map((key) => [key, state[key]]);
        return { outs: present({ ...inputs, ...Object.fromEntries(outputs) }) };
      }
      const outputs = await type.update(readInputs(inputs), await readState(state), report);
      return { outs: present({ ...inputs, ...hide(outputs) }) };
    },
    async delete(state, report) {
      // What is on a dead machine goes with it.
      if (isDown(state)) return;
      await type.delete?.(await readState(state), report);
    },
  };
}

/** An error from which Pulumi's server reads that a resource exists. */
const initializationError = (
  { created, message }: PartlyCreatedError,
  inputs: Wire,
  hide: (outputs: object) => Wire,
) =>
  Object.assign(new Error(message), {
    id: created.id,
    properties: present({ ...inputs, ...hide(created.outputs) }),
    reasons: [message],
    stack: "",
  });

/** Pulumi's state has no undefined. An output that is not there any more must not stay in it. */
const present = (properties: Wire): Wire =>
  Object.fromEntries(Object.entries(properties).filter(([, value]) => value !== undefined));

const replaced = (replaces: string[]) => ({ replaces, deleteBeforeReplace: replaces.length > 0 });

const secret = (value: unknown) => ({ [specialSigKey]: specialSecretSig, value });

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;

/** Takes the marks off secrets. */
function reveal(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reveal);
  if (!isRecord(value)) return value;
  if (isRpcSecret(value)) return reveal(value.value);
  // Pulumi has null where the program has nothing.
  const known = Object.entries(value).filter(([, each]) => each !== null && each !== undefined);
  return Object.fromEntries(known.map(([key, each]) => [key, reveal(each)]));
}

/** Whether some part of a value is not known before the update. */
function hasUnknown(value: unknown): boolean {
  if (isRecord(value)) return Object.values(value).some(hasUnknown);
  return value === unknownValue;
}
