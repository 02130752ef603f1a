import { readFileSync } from "node:fs";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import {
  CERTIFICATE_FILE,
  CONFIG_FOLDER,
  RUNTIME_CA_FILE,
  RUNTIME_CERTIFICATE_FILE,
  STATE_FILE,
} from "../../src/haproxy/container.ts";
import { createMutualTls, createSelfSigned } from "../../src/tls/issuing.ts";
import { runInHaproxyImage } from "../harness/haproxy-image.ts";
import { named } from "../harness/named.ts";
import { GOLDENS } from "../unit/haproxy/file/goldens.ts";

const PEM = await createSelfSigned("golden", ["localhost"], new Date());
const { server, client } = await createMutualTls("golden", new Date());
const FILES = { [CERTIFICATE_FILE]: PEM, [RUNTIME_CERTIFICATE_FILE]: server, [RUNTIME_CA_FILE]: client.ca };
const WRITE_FILES = [
  ...Object.entries(FILES).map(([name, text]) => `echo '${text}' > ${CONFIG_FOLDER}/${name}`),
  `echo 1 > ${STATE_FILE}`, // HAProxy gives a notice where there is none
];

/** Runs HAProxy's own check, where a warning counts as a failure. */
async function check(config: string): Promise<{ readonly status: number | null; readonly words: string }> {
  const line = `${WRITE_FILES.join("; ")}; cat > /tmp/haproxy.cfg; haproxy -c -dW -f /tmp/haproxy.cfg 2>&1`;
  const docker = runInHaproxyImage(line, "--user", "root");
  const words = Promise.all([text(docker.stdout), text(docker.stderr)]);
  const status = new Promise<number | null>((resolve, reject) =>
    docker.once("close", resolve).once("error", reject),
  );
  docker.stdin.on("error", () => {}); // the status tells that docker did not run
  docker.stdin.end(config);
  return { status: await status, words: (await words).join("") };
}

function damaged(from: string, to: string): string {
  const config = readFileSync(new URL("../unit/haproxy/file/golden/sticky-3.cfg", import.meta.url), "utf8");
  expect(config).toContain(from);
  return config.replace(from, to);
}

describe("the real HAProxy", () => {
  test.each(named(GOLDENS))("accepts %s.cfg without a warning", async (_what, { file }) => {
    expect(await check(readFileSync(file, "utf8"))).toEqual({ status: 0, words: "" });
  });

  test("refuses a file with a mistake, so the check can fail", async () => {
    const { status, words } = await check(damaged("balance roundrobin", "balance roundrobbin"));
    expect(status).toBe(1);
    expect(words).toContain("balance only supports");
  });

  test("refuses a file that only earns a warning", async () => {
    const { status, words } = await check(damaged("\n    localpeer ", "\n    localpeer somebody #"));
    expect(status).toBe(1);
    expect(words).toContain("[WARNING]");
  });
});
