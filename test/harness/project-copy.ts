import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PROJECT } from "./pulumi.ts";

/** A copy of the program, for tests that change its templates. */
export class ProjectCopy {
  readonly folder = mkdtempSync(join(tmpdir(), "balancer-e2e-project-"));

  constructor() {
    for (const part of [
      "Pulumi.yaml",
      "package.json",
      "index.ts",
      "bin",
      "provider",
      "src",
      "templates",
      "stacks",
      "state",
    ]) {
      cpSync(join(PROJECT, part), join(this.folder, part), { recursive: true });
    }
    symlinkSync(join(PROJECT, "node_modules"), join(this.folder, "node_modules"));
  }

  /** Runs with a template that differs from the project's own, and puts that back. */
  async withTemplate<T>(
    partial: string,
    change: (text: string) => string,
    run: () => Promise<T>,
  ): Promise<T> {
    const path = `templates/partials/${partial}.cfg.hbs`;
    const good = readFileSync(join(PROJECT, path), "utf8");
    const changed = change(good);
    if (changed === good) throw new Error(`the change of ${path} changes nothing`);
    writeFileSync(join(this.folder, path), changed);
    try {
      return await run();
    } finally {
      writeFileSync(join(this.folder, path), good);
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
