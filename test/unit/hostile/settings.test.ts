import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSettings } from "../../../src/config/settings-parser.ts";
import { renderConfig } from "../../../src/haproxy/file/render.ts";
import { serverArguments } from "../../../src/haproxy/file/server-line.ts";
import { steps } from "../../../src/haproxy/runtime/steps.ts";
import { CONFIG_KEYS } from "../../../src/stack/schema.ts";
import type { Settings } from "../../../src/stack/settings.ts";
import { SettingsError } from "../../../src/stack/settings-error.ts";
import { BACKEND, planTopology } from "../../../src/stack/topology.ts";
import { completed, pulumiConfig } from "../../harness/pulumi-config.ts";
import { expectOnlyThis, KEYS } from "./config-places.ts";
import { FUZZ, FUZZ_TIMEOUT_MS } from "./fuzz-runs.ts";
import { nearly, UNPRINTABLE } from "./garbage.ts";

const DEFAULTS = pulumiConfig();
const configOf = (config: Readonly<Record<string, string>>): string =>
  renderConfig(planTopology(completed(parseSettings("demo", { ...DEFAULTS, ...config })))).text;
const BASE = configOf({});

/** The settings, or what they are refused with; any other error fails the test. */
function outcomeOf(config: Readonly<Record<string, string>>, stack = "demo"): Settings | SettingsError {
  try {
    return completed(parseSettings(stack, config));
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
}

function expectRefusal({ message, mistakes }: SettingsError, key: string): void {
  // where two values contradict each other, one is refused and the other is told
  expect(message).toContain(key);
  const lines = message.split("\n");
  expect(lines).toHaveLength(1 + mistakes.length);
  for (const line of lines) expect([line.length < 6_000, UNPRINTABLE.test(line)]).toEqual([true, false]);
}

test("every key of a stack's config is tampered with here", () => {
  expect(Object.keys(KEYS).sort()).toEqual([...CONFIG_KEYS.keys()].sort());
});

describe.each(Object.entries(KEYS))("%s", (key, place) => {
  test(
    "is refused with its name, or stands where it belongs and nowhere else",
    () => {
      const outcomes = { taken: 0, refused: 0 };
      const base = configOf(place.beside ?? {});
      fc.assert(
        fc.property(nearly(...place.good), (text) => {
          // flat, as `pulumi config set KEY` has it, which wins over the defaults
          const outcome = outcomeOf({ ...DEFAULTS, ...place.beside, [key]: text });
          if (outcome instanceof SettingsError) {
            outcomes.refused += 1;
            expectRefusal(outcome, key);
            return;
          }
          outcomes.taken += 1;
          expect(place.taken(outcome)).toEqual(place.given(text));
          const topology = planTopology(outcome);
          const config = renderConfig(topology).text;
          expectOnlyThis(
            key,
            outcome,
            place.base === undefined ? base : configOf(place.base(outcome)),
            config,
          );
          // Of a slot that nobody declares the line has one word more.
          const lines = [...config.matchAll(/^ {4}server (s\d+) (.+)(?<! disabled)$/gm)].map(
            ([, name, args]) => `add server ${BACKEND}/${name} ${args} init-state down`,
          );
          expect(
            topology.servers.map(
              (server) => steps(BACKEND).add(server.name, serverArguments(server))[0]?.command,
            ),
          ).toEqual(lines);
        }),
        FUZZ,
      );
      // the cases are of both kinds
      expect(Math.min(outcomes.taken, outcomes.refused)).toBeGreaterThan(10);
    },
    FUZZ_TIMEOUT_MS,
  );
});

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
