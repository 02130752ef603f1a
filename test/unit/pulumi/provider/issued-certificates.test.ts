import { expect, test } from "vitest";
import { selfSigned } from "../../../../src/pulumi/provider/issued-certificates.ts";

const INPUTS = { stack: "demo", names: ["localhost", "127.0.0.1"] };

test("a self-signed certificate stays until its names change or it expires soon", async () => {
  const { outputs } = await selfSigned.create(INPUTS, () => {});
  const state = { ...INPUTS, ...outputs };
  expect(selfSigned.differs(state, INPUTS)).toBe(false);
  expect(selfSigned.differs(state, { ...INPUTS, names: ["localhost", "10.0.0.1"] })).toBe(true);
  const inDays = (days: number) => new Date(Date.now() + days * 86_400_000).toISOString();
  expect(selfSigned.differs({ ...state, expires: inDays(31) }, INPUTS)).toBe(false);
  expect(selfSigned.differs({ ...state, expires: inDays(29) }, INPUTS)).toBe(true);
});
