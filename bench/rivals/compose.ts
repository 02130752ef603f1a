import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { stringify } from "yaml";
import { DOOR_PORT, FILES_IN_DOOR, type FrontDoor } from "./front-doors.ts";
import { pathOf, run, tryRun } from "./program.ts";
import {
  APP_COMMAND,
  APP_IMAGE,
  APP_PORT,
  environmentOf,
  expectDone,
  expectRefused,
  LABELS,
  NAME,
  PLACE,
  READY_PATH,
  type Rival,
  removeAll,
  SECONDS,
  URL_OF_ALL,
  type Version,
} from "./rival.ts";

/** How a version is rolled out: all copies anew, or as many again beside them, and then the old ones stop. */
export type Deploy = "recreate" | "double";

/** `docker compose up`, with something in front that finds the copies by itself. */
export class ComposeRival implements Rival {
  readonly name: string;
  readonly how: string;
  readonly url = URL_OF_ALL;
  /** It has the files while the rival is up. */
  #folder = "";
  readonly #door: FrontDoor;
  readonly #deploy: Deploy;
  #count = 0;

  constructor(door: FrontDoor, deploy: Deploy) {
    this.name = deploy === "double" ? `${door.name}, twice as many` : door.name;
    this.how = `${door.how}; a version by ${WORDS[deploy]}`;
    this.#door = door;
    this.#deploy = deploy;
  }

  async start(): Promise<void> {
    await removeAll();
    this.#folder = mkdtempSync(join(tmpdir(), `${NAME}-`));
    for (const [name, text] of Object.entries(this.#door.files))
      writeFileSync(join(this.#folder, name), text);
    this.#count = 3;
    this.#write("first");
    await this.#up(this.#count);
  }

  async scale(count: number): Promise<void> {
    await this.#up(count, "--no-recreate");
    this.#count = count;
  }

  async deploy(version: Version): Promise<void> {
    this.#write(version);
    if (this.#deploy === "recreate") return this.#up(this.#count);
    const before = await this.#copies();
    await this.#up(2 * this.#count, "--no-recreate");
    await Promise.all(before.map((id) => this.#removeCopy(id)));
  }

  async deployBad(): Promise<void> {
    this.#write("bad");
    const before = await this.#copies();
    const isDoubled = this.#deploy === "double";
    const flags = isDoubled ? ["--no-recreate"] : [];
    expectRefused(await this.#tryUp(isDoubled ? 2 * this.#count : this.#count, ...flags));
    if (!isDoubled) return;
    const made = (await this.#copies()).filter((id) => !before.includes(id));
    await Promise.all(made.map((id) => this.#removeCopy(id)));
  }

  async remove(): Promise<void> {
    await removeAll();
    if (this.#folder !== "") rmSync(this.#folder, { recursive: true, force: true });
    this.#folder = "";
  }

  async #up(count: number, ...flags: readonly string[]): Promise<void> {
    expectDone("docker compose up", await this.#tryUp(count, ...flags));
  }

  #tryUp(count: number, ...flags: readonly string[]) {
    const words = ["up", "--detach", "--wait", "--wait-timeout", String(SECONDS.ready), ...flags];
    return tryRun(pathOf("docker-compose"), [...this.#file, ...words, "--scale", `app=${count}`]);
  }

  async #copies(): Promise<string[]> {
    const ids = await run(pathOf("docker-compose"), [...this.#file, "ps", "--quiet", "app"]);
    return ids.split("\n").filter((id) => id !== "");
  }

  async #removeCopy(id: string): Promise<void> {
    await run("docker", ["stop", "--time", String(SECONDS.drain), id]);
    await run("docker", ["rm", id]);
  }

  get #file(): string[] {
    return ["--file", join(this.#folder, "compose.yaml"), "--progress", "plain"];
  }

  #write(version: Version): void {
    const app = {
      image: APP_IMAGE,
      command: [...APP_COMMAND],
      environment: environmentOf(version),
      labels: { ...LABELS, ...this.#door.appLabels },
      stop_grace_period: `${SECONDS.drain}s`,
      healthcheck: {
        test: ["CMD", "curl", "--fail", "--silent", `http://localhost:${APP_PORT}${READY_PATH}`],
        interval: "1s",
        timeout: "1s",
      },
    };
    const front = {
      ...this.#door.service,
      labels: LABELS,
      ports: [`127.0.0.1:${PLACE.ports.http}:${DOOR_PORT}`],
      volumes: [
        ...Object.keys(this.#door.files).map((name) => `./${name}:${FILES_IN_DOOR}/${name}:ro`),
        ...this.#door.mounts,
      ],
    };
    const file = { name: NAME, services: { app, front }, networks: { default: { labels: LABELS } } };
    writeFileSync(join(this.#folder, "compose.yaml"), stringify(file));
  }
}

const WORDS: Readonly<Record<Deploy, string>> = {
  recreate: "`docker compose up`",
  double: "as many again, and then the old ones stop, as docker-rollout does",
};
