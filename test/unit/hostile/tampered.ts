import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parseSettings } from "../../../src/config/settings-parser.ts";
import { renderConfig } from "../../../src/haproxy/file/render.ts";
import { serverArguments } from "../../../src/haproxy/file/server-line.ts";
import { steps } from "../../../src/haproxy/runtime/steps.ts";
import type { Settings } from "../../../src/stack/settings.ts";
import { SettingsError } from "../../../src/stack/settings-error.ts";
import { BACKEND, planTopology } from "../../../src/stack/topology.ts";
import { completed, pulumiConfig } from "../../harness/pulumi-config.ts";
import { expectOnlyThis, KEYS } from "./config-places.ts";
import { FUZZ, FUZZ_TIMEOUT_MS } from "./fuzz-runs.ts";
import { nearly, UNPRINTABLE } from "./garbage.ts";

export const DEFAULTS = pulumiConfig();

/** Text of haproxy.cfg. */
export const configOf = (config: Readonly<Record<string, string>>): string =>
  renderConfig(planTopology(completed(parseSettings("demo", { ...DEFAULTS, ...config })))).text;

/** The settings, or what they are refused with; any other error fails the test. */
export function outcomeOf(
  config: Readonly<Record<string, string>>,
  stack = "demo",
): Settings | SettingsError {
  try {
    return completed(parseSettings(stack, config));
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
}

export function expectRefusal({ message, mistakes }: SettingsError, key: string): void {
  // where two values contradict each other, one is refused and the other is told
  expect(message).toContain(key);
  const lines = message.split("\n");
  expect(lines).toHaveLength(1 + mistakes.length);
  for (const line of lines) expect([line.length < 6_000, UNPRINTABLE.test(line)]).toEqual([true, false]);
}

const KEYS_AND_PLACES = Object.entries(KEYS);
const MIDDLE = Math.ceil(KEYS_AND_PLACES.length / 2);

/** Gives each key of a half of them texts that are nearly good. Files with a half each run side by side. */
export const tamperWithHalf = (half: "first" | "second"): void => {
  const keys = half === "first" ? KEYS_AND_PLACES.slice(0, MIDDLE) : KEYS_AND_PLACES.slice(MIDDLE);
  describe.each(keys)("%s", (key, place) => {
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
};
