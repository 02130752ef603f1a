import { describe, expect, test } from "vitest";
import { z } from "zod";
import { UnreachableError } from "../../../../src/docker/engine-error.ts";
import { PartlyCreatedError, type ResourceType } from "../../../../src/pulumi/provider/resource-type.ts";
import { served } from "../../../../src/pulumi/provider/served-type.ts";

interface Inputs {
  readonly name: string;
  readonly env: Record<string, string>;
  readonly size?: number | undefined;
}

const SECRET = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "hunter2" };
const UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

const seen: unknown[] = [];
const type: ResourceType<Inputs, { readonly key: string }> = {
  inputs: z.object({ name: z.string(), env: z.record(z.string(), z.string()), size: z.number().optional() }),
  outputs: z.object({ key: z.string() }),
  secrets: ["key"],
  replacedFor: ["name"],
  async create(inputs) {
    seen.push(inputs);
    if (inputs.size === 13)
      throw new PartlyCreatedError({ id: "x", outputs: { key: "k" } }, new Error("not up"));
    return { id: "x", outputs: { key: "k" } };
  },
  read: async ({ size }) =>
    size === 0 ? "gone" : { key: "k", env: { A: "drifted" }, ...(size === 1 && { size: undefined }) },
  differs: (state, inputs) => state.env.A !== inputs.env.A,
  update: async () => ({ key: "l" }),
};
const { check, create, read, diff, update } = served(type);
const report = () => {};

describe("a served resource", () => {
  test("sees the text of a secret, and keeps it marked in its state", async () => {
    const inputs = { name: "a", env: { A: SECRET }, size: null };
    const { id, outs } = await create(inputs, report);
    expect(seen.at(-1)).toEqual({ name: "a", env: { A: "hunter2" } });
    expect(id).toBe("x");
    expect(outs).toEqual({ ...inputs, key: { ...SECRET, value: "k" } });
    expect((await update(inputs, outs, report)).outs).toEqual({ ...inputs, key: { ...SECRET, value: "l" } });
  });

  test("refuses inputs that are none, and waits for those that are not known yet", () => {
    expect(() => check({ name: 1, env: {} })).toThrow(/name/);
    expect(check({ name: UNKNOWN, env: {} })).toEqual({ inputs: { name: UNKNOWN, env: {} } });
  });

  const state = { name: "a", env: { A: "b" }, key: "k" };

  test("differs where its type says so, and is replaced for another name", async () => {
    expect(await diff(state, { name: "a", env: { A: "b" } })).toMatchObject({ changes: false, replaces: [] });
    expect(await diff(state, { name: "a", env: { A: "c" } })).toMatchObject({ changes: true, replaces: [] });
    const another = { changes: true, replaces: ["name"], deleteBeforeReplace: true };
    expect(await diff(state, { name: "b", env: { A: "b" } })).toMatchObject(another);
    expect(await diff(state, { name: UNKNOWN, env: {} })).toMatchObject(another);
    expect(await diff(state, { name: "a", env: { A: UNKNOWN } })).toMatchObject({
      changes: true,
      replaces: [],
    });
  });

  test("shows what a look finds in place of what was asked for, or that it is gone", async () => {
    expect(await read("x", state)).toEqual({
      id: "x",
      props: { name: "a", env: { A: "drifted" }, key: { ...SECRET, value: "k" } },
    });
    expect(await read("x", { ...state, size: 0 })).toEqual({ id: "", props: {} });
    const { props } = await read("x", { ...state, size: 1 });
    expect(Object.keys(props).sort()).toEqual(["env", "key", "name"]);
  });

  test("is in the state when it exists, though something about it failed", async () => {
    await expect(create({ name: "a", env: { A: SECRET }, size: 13 }, report)).rejects.toMatchObject({
      message: "not up",
      id: "x",
      reasons: ["not up"],
      properties: { name: "a", env: { A: SECRET }, key: { ...SECRET, value: "k" } },
    });
  });

  describe("on a machine or a Swarm that does not answer", () => {
    const unreachable = async (): Promise<never> => {
      throw new UnreachableError("no answer");
    };
    const away = served({ ...type, read: unreachable, differs: unreachable });

    test.each([
      { ...state, swarm: { managers: ["tcp://10.0.0.1:2375"] } },
      { ...state, machine: { name: "red", engine: "tcp://10.0.0.1:2375", isDown: false } },
    ])("is as it was, so that the update itself says what is missing", async (known) => {
      expect((await away.read("x", known)).props).toMatchObject({ name: "a", env: { A: "b" } });
      expect(await away.diff(known, { name: "a", env: { A: "b" } })).toMatchObject({ changes: false });
    });

    test("is an error where a stack is on one engine", async () => {
      await expect(away.read("x", state)).rejects.toThrow("no answer");
      await expect(away.diff(state, { name: "a", env: { A: "b" } })).rejects.toThrow("no answer");
    });
  });
});
