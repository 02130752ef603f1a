import { HAPROXY_IMAGE } from "../../test/harness/haproxy-image.ts";
import { DOOR_PORT } from "./front-doors.ts";
import { pathOf, run, tryRun } from "./program.ts";
import {
  APP_COMMAND,
  APP_IMAGE,
  APP_PORT,
  environmentOf,
  expectDone,
  expectRefused,
  LABEL,
  NAME,
  PLACE,
  READY_PATH,
  type Rival,
  removeAll,
  SECONDS,
  URL_OF_ALL,
  type Version,
} from "./rival.ts";

const PROXY = `${NAME}-proxy`;

/** kamal-proxy, with the commands that Kamal gives it and Docker. It looks for a copy each second. */
export class KamalProxyRival implements Rival {
  readonly name = "kamal-proxy";
  readonly how = "`docker run` of new copies, `kamal-proxy deploy` to them, `docker stop` of the old ones";
  readonly url = URL_OF_ALL;
  #copies: readonly string[] = [];
  #version: Version = "first";
  /** Names of copies are not used again. */
  #made = 0;

  async start(): Promise<void> {
    await removeAll();
    await run("docker", ["network", "create", "--label", LABEL, "--subnet", PLACE.subnet, NAME]);
    await run("docker", [
      ...["run", "--detach", "--name", PROXY, "--label", LABEL, "--network", NAME, "--user", "root"],
      ...["--publish", `127.0.0.1:${PLACE.ports.http}:${DOOR_PORT}`],
      ...["--volume", `${pathOf("kamal-proxy")}:/usr/local/bin/kamal-proxy:ro`],
      ...["--entrypoint", "kamal-proxy", HAPROXY_IMAGE, "run", "--http-port", String(DOOR_PORT)],
    ]);
    this.#copies = [];
    this.#version = "first";
    await this.scale(3);
  }

  async scale(count: number): Promise<void> {
    const kept = this.#copies.slice(0, count);
    const made = await this.#makeCopies(count - kept.length, this.#version);
    await this.#useCopies([...kept, ...made]);
  }

  async deploy(version: Version): Promise<void> {
    const made = await this.#makeCopies(this.#copies.length, version);
    await this.#useCopies(made);
    this.#version = version;
  }

  async deployBad(): Promise<void> {
    const made = await this.#makeCopies(this.#copies.length, "bad");
    expectRefused(await this.#tell(made));
    await removeCopies(made);
  }

  remove(): Promise<void> {
    return removeAll();
  }

  async #useCopies(copies: readonly string[]): Promise<void> {
    expectDone("kamal-proxy deploy", await this.#tell(copies));
    await removeCopies(this.#copies.filter((name) => !copies.includes(name)));
    this.#copies = copies;
  }

  /** A check of every second is what Kamal asks for. */
  #tell(copies: readonly string[]) {
    return tryRun("docker", [
      ...["exec", PROXY, "kamal-proxy", "deploy", "app", "--health-check-path", READY_PATH],
      ...["--deploy-timeout", `${SECONDS.ready}s`, "--drain-timeout", `${SECONDS.drain}s`],
      ...copies.flatMap((name) => ["--target", `${name}:${APP_PORT}`]),
    ]);
  }

  #makeCopies(count: number, version: Version): Promise<string[]> {
    const names = Array.from({ length: Math.max(0, count) }, () => `${NAME}-app${++this.#made}`);
    const env = Object.entries(environmentOf(version)).flatMap(([key, value]) => [
      "--env",
      `${key}=${value}`,
    ]);
    return Promise.all(
      names.map(async (name) => {
        const place = ["--name", name, "--label", LABEL, "--network", NAME];
        await run("docker", ["run", "--detach", ...place, ...env, APP_IMAGE, ...APP_COMMAND]);
        return name;
      }),
    );
  }
}

async function removeCopies(names: readonly string[]): Promise<void> {
  if (names.length === 0) return;
  await run("docker", ["stop", "--time", String(SECONDS.drain), ...names]);
  await run("docker", ["rm", ...names]);
}
