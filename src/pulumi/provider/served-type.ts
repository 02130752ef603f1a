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
import { ENGINE_IDENTITY, refuseOtherEngine } from "../../docker/engine-identity.ts";
import type { Report } from "../../haproxy/servers/report.ts";
import { PartlyCreatedError, type ResourceType } from "./resource-type.ts";

/** Properties on the wire: a secret is an object with a mark, an unknown value a certain text. */
type Wire = Readonly<Record<string, unknown>>;

/** Resources that are on an engine know which. */
const MADE_ON = z.object({ engine: ENGINE_IDENTITY.optional() });

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
  return {
    check(inputs) {
      if (!hasUnknown(inputs)) readInputs(inputs);
      return { inputs };
    },
    async create(inputs, report) {
      try {
        const { id, outputs } = await type.create(readInputs(inputs), report);
        return { id, outs: present({ ...inputs, ...hide(outputs) }) };
      } catch (error) {
        throw error instanceof PartlyCreatedError ? initializationError(error, inputs, hide) : error;
      }
    },
    async read(id, state) {
      if (type.read === undefined) return { id, props: state };
      const found = await type.read(await readState(state));
      return found === "gone" ? { id: "", props: {} } : { id, props: present({ ...state, ...hide(found) }) };
    },
    async diff(state, inputs) {
      const old = await readState(state);
      const keys = type.replacedFor ?? [];
      if (hasUnknown(inputs))
        return { changes: true, ...replaced(keys.filter((key) => hasUnknown(inputs[key]))) };
      const fresh = readInputs(inputs);
      const replaces = keys.filter((key) => old[key] !== fresh[key]);
      return { changes: replaces.length > 0 || (await type.differs(old, fresh)), ...replaced(replaces) };
    },
    async update(inputs, state, report) {
      const outputs = await type.update(readInputs(inputs), await readState(state), report);
      return { outs: present({ ...inputs, ...hide(outputs) }) };
    },
    async delete(state, report) {
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
