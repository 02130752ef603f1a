import fc from "fast-check";
import { expect, test } from "vitest";
import { renderConfig } from "../../../src/haproxy/file/render.ts";
import { CONFIG_KEYS } from "../../../src/stack/schema.ts";
import { SettingsError } from "../../../src/stack/settings-error.ts";
import { planTopology } from "../../../src/stack/topology.ts";
import { KEYS } from "./config-places.ts";
import { FUZZ, FUZZ_TIMEOUT_MS } from "./fuzz-runs.ts";
import { nearly, UNPRINTABLE } from "./garbage.ts";
import { configOf, DEFAULTS, expectRefusal, outcomeOf, tamperWithHalf } from "./tampered.ts";

const BASE = configOf({});

test("every key of a stack's config is tampered with here", () => {
  expect(Object.keys(KEYS).sort()).toEqual([...CONFIG_KEYS.keys()].sort());
});

tamperWithHalf("first");

test(
  "the stack's name is refused, or is what its containers and network begin with, and in haproxy.cfg that of its cookie alone",
  () => {
    fc.assert(
      fc.property(nearly("demo", "a".repeat(40), "my-stack_1.x"), (stack) => {
        const outcome = outcomeOf(DEFAULTS, stack);
        if (outcome instanceof SettingsError) return expectRefusal(outcome, "stack name");
        expect(stack).toMatch(/^[A-Za-z0-9][\w.-]{0,39}$/);
        const topology = planTopology(outcome);
        expect([
          topology.network.name,
          ...topology.balancers.map(({ containerName }) => containerName),
        ]).toEqual([`${stack}-balancer`, `${stack}-haproxy1`]);
        expect(topology.servers.map(({ containerName }) => containerName)).toEqual(
          [1, 2, 3].map((n) => `${stack}-podinfo${n}`),
        );
        const withoutRevision = (text: string): string => text.replaceAll(/[0-9a-f]{16}/g, "");
        expect(withoutRevision(renderConfig(topology).text)).toBe(
          withoutRevision(BASE.replaceAll("SRV_demo", `SRV_${stack}`)),
        );
      }),
      FUZZ,
    );
  },
  FUZZ_TIMEOUT_MS,
);

test(
  "a whole config of garbage gives settings, or one line a mistake",
  () => {
    const anyKey = fc.oneof(
      fc.constantFrom(...CONFIG_KEYS.keys(), "app", "ports", "haproxy", "rollout", "app.env.A", "__proto__"),
      nearly("count", "app.image"),
    );
    const anyText = nearly("3", "{}", "[]", '{"image":"x"}', '{"__proto__":{"image":"x"}}', "30s", "/x");
    fc.assert(
      fc.property(fc.dictionary(anyKey, anyText, { maxKeys: 8 }), fc.boolean(), (own, isComplete) => {
        const outcome = outcomeOf(isComplete ? { ...DEFAULTS, ...own } : own);
        if (!(outcome instanceof SettingsError)) return;
        const lines = outcome.message.split("\n");
        expect(lines).toHaveLength(1 + outcome.mistakes.length);
        for (const line of lines) expect(line).not.toMatch(UNPRINTABLE);
      }),
      FUZZ,
    );
  },
  FUZZ_TIMEOUT_MS,
);
