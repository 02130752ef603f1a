import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";

/** A folder of the docker command's own files, such as `~/.docker`, with an environment that names it. */
export class DockerFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "balancer-docker-"));

  constructor(config: object = {}) {
    this.write("config.json", JSON.stringify(config));
  }

  get env(): Record<string, string> {
    return { DOCKER_CONFIG: this.path, PATH: `${join(this.path, "bin")}${delimiter}${process.env.PATH}` };
  }

  write(name: string, content: string, mode = 0o600): void {
    const file = join(this.path, name);
    mkdirSync(join(file, ".."), { recursive: true });
    writeFileSync(file, content, { mode });
  }

  /** Puts a credential helper on the PATH. It runs a script, which gets the registry as `$server`. */
  addHelper(name: string, script: string): void {
    this.write(`bin/docker-credential-${name}`, `#!/bin/sh\nread -r server\n${script}\n`, 0o700);
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
