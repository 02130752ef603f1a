import { expect, test } from "vitest";
import { startOnOverlay } from "../../../src/docker/start-on-overlay.ts";
import { FakeClock } from "../haproxy/servers/fake-clock.ts";

/** As the client words them, seen on an engine of 20.10 whose machine had just booted. */
const refusal = (statusCode: number, message: string) =>
  Object.assign(new Error(`(HTTP code ${statusCode}) no such container - ${message} `), {
    statusCode,
    json: { message },
  });
const UNKNOWN = refusal(404, "network vy0u5v2x88uaais7hbk46dccu not found");
const UNHEARD = refusal(
  500,
  "attaching to network failed, make sure your network options are correct and check manager logs: " +
    "context deadline exceeded",
);

/** Starts a container that an engine refuses to start for some time. */
async function start(refusals: readonly Error[]) {
  const left = [...refusals];
  const told: string[] = [];
  const clock = new FakeClock();
  let tries = 0;
  const container = {
    start: async () => {
      tries += 1;
      const error = left.shift();
      if (error !== undefined) throw error;
    },
  };
  const error = await startOnOverlay(container, (line) => told.push(line), clock).then(
    () => undefined,
    (refused: unknown) => refused,
  );
  return { error, tries, told, seconds: clock.now() / 1000 };
}

test("a container is started once where nothing speaks against it", async () => {
  expect(await start([])).toEqual({ error: undefined, tries: 1, told: [], seconds: 0 });
});

test("what an engine does not know just after a boot is waited for, and told after a second", async () => {
  expect(await start([UNHEARD, UNKNOWN, UNKNOWN])).toEqual({
    error: undefined,
    tries: 4,
    told: [`waits for the machine's network: ${UNKNOWN.json.message}, 29 s left`],
    seconds: 1.5,
  });
});

test("a network that stays unknown is refused in Docker's words", async () => {
  const { error, seconds } = await start(Array.from({ length: 100 }, () => UNKNOWN));
  expect(error).toBe(UNKNOWN);
  expect(seconds).toBe(30);
});

test.each([
  refusal(404, "No such container: h3"),
  refusal(500, "driver failed programming external connectivity: port is already allocated"),
  refusal(404, "network web not found in the file"),
])("whatever else is refused is not tried again: $message", async (other) => {
  expect(await start([other])).toEqual({ error: other, tries: 1, told: [], seconds: 0 });
});
