import { text } from "node:stream/consumers";
import fc from "fast-check";
import { pack } from "tar-stream";
import { expect, test } from "vitest";
import { parseSettings } from "../../src/config/settings-parser.ts";
import { STATE_FILE } from "../../src/haproxy/container.ts";
import { renderConfig } from "../../src/haproxy/file/render.ts";
import { SettingsError } from "../../src/stack/settings-error.ts";
import { planTopology } from "../../src/stack/topology.ts";
import { runInHaproxyImage } from "../harness/haproxy-image.ts";
import { completed, pulumiConfig } from "../harness/pulumi-config.ts";
import { KEYS } from "../unit/hostile/config-places.ts";
import { nearly } from "../unit/hostile/garbage.ts";

/** Keys whose values reach haproxy.cfg, or choose what stands there. */
const REACHING = [
  ...["app.readyPath", "app.port", "subnet", "count", "balancers", "mode"],
  ...["trustedProxies", "timeouts.server", "timeouts.tunnel", "timeouts.connect", "timeouts.queue"],
  ...["retries.on", "haproxy.buffer", "limits.requests", "limits.body"],
] as const;
const FILES_A_KEY = 25;

/** Whole files of settings that were tampered with and accepted even so, none of them twice. */
function acceptedConfigs(): string[] {
  const defaults = pulumiConfig();
  const files = REACHING.flatMap((key) => {
    const texts = fc.sample(nearly(...(KEYS[key]?.good ?? [])), { numRuns: 3_000, seed: 2026 });
    const accepted = texts.flatMap((value) => {
      try {
        const settings = completed(parseSettings("demo", { ...defaults, [key]: value }));
        return renderConfig(planTopology(settings)).text;
      } catch (error) {
        if (error instanceof SettingsError) return [];
        throw error;
      }
    });
    return [...new Set(accepted)].slice(0, FILES_A_KEY);
  });
  return [...new Set(files)];
}

/**
 * Runs HAProxy's own check on each file, in one container; returns its words about those that it refuses or
 * warns of.
 */
async function refusals(files: readonly string[]): Promise<string[]> {
  const archive = pack();
  for (const [index, file] of files.entries()) archive.entry({ name: `${index}.cfg` }, file);
  archive.finalize();
  const docker = runInHaproxyImage(
    `echo 1 > ${STATE_FILE}; cd /tmp && tar xf - && ` +
      "for f in *.cfg; do haproxy -c -dW -f $f 2>&1 | sed 's/$/ | refused/' && echo $f; done",
  );
  archive.pipe(docker.stdin);
  const words = await text(docker.stdout);
  expect(words.match(/^\d+\.cfg$/gm)).toHaveLength(files.length); // each was looked at
  return words.split("\n").filter((line) => line.endsWith("| refused"));
}

test("the real HAProxy accepts without a warning what is left of tampered settings", async () => {
  const files = acceptedConfigs();
  expect(files.length).toBeGreaterThan(60);
  expect(await refusals(files)).toEqual([]);
});

test("and refuses a file with a mistake, so the check can fail", async () => {
  const [file = ""] = acceptedConfigs();
  expect(file).toContain("balance roundrobin");
  expect(
    (await refusals([file, file.replace("balance roundrobin", "balance roundrobbin")])).join(),
  ).toContain("balance only supports");
});
