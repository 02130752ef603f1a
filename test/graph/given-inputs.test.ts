import * as pulumi from "@pulumi/pulumi";
import { beforeEach, describe, expect, test } from "vitest";
import { settleInputs } from "../../src/pulumi/given-inputs.ts";

class Database extends pulumi.CustomResource {
  declare readonly host: pulumi.Output<string>;
  declare readonly port: pulumi.Output<string>;
  constructor(name: string) {
    super("test:index:Database", name, { host: "database", port: undefined });
  }
}

/** In a preview of the first update, what a resource is given is known, and nothing else of it. */
beforeEach(() =>
  pulumi.runtime.setMocks(
    { newResource: ({ name, inputs }) => ({ id: `${name}-id`, state: inputs }), call: () => ({}) },
    "project",
    "stack",
    true,
  ),
);

const unknown = (): pulumi.Output<string> => pulumi.output(pulumi.unknown) as pulumi.Output<string>;

describe("arguments that may come from other resources", () => {
  test("are taken as they are where they are plain", async () => {
    const given = { image: "nginx:stable", env: { A: "1" }, networks: ["back"] };
    expect(await settleInputs("web", given)).toEqual({
      values: given,
      secrets: [],
      resources: [],
      fromResources: [],
    });
  });

  test("are waited for, wherever the output is, and their resources are told", async () => {
    const database = new Database("main");
    const settled = await settleInputs("web", {
      env: { HOST: database.host, URL: pulumi.interpolate`postgres://${database.host}` },
      networks: pulumi.output(["back"]),
      image: Promise.resolve("nginx"),
    });
    expect(settled).toMatchObject({
      values: { env: { HOST: "database", URL: "postgres://database" }, networks: ["back"], image: "nginx" },
      fromResources: ["env"],
    });
    expect(settled.resources).toEqual([database]);
  });

  test("hold a secret where one value is, or what it was made of", async () => {
    const password = pulumi.secret("hidden");
    const settled = await settleInputs("web", {
      env: { A: "1", URL: pulumi.interpolate`x:${password}` },
      files: pulumi.secret({ "/key": "text" }),
      image: "nginx",
    });
    expect(settled.secrets).toEqual(["env", "files"]);
    expect(settled.values).toEqual({
      env: { A: "1", URL: "x:hidden" },
      files: { "/key": "text" },
      image: "nginx",
    });
  });

  test("may be unknown at preview in env and files", async () => {
    const later = "known in the update";
    const settled = await settleInputs("web", {
      env: { A: unknown(), B: "2" },
      files: { "/key": pulumi.secret(unknown()) },
    });
    expect(settled.values).toEqual({ env: { A: later, B: "2" }, files: { "/key": later } });
  });

  test("that are unknown where preview needs them are refused, all at once", async () => {
    const refused = settleInputs("web", { image: unknown(), networks: ["back", unknown()] });
    await expect(refused).rejects.toThrow(
      "app.image of web is not known before the update; allowed: what is known at preview, " +
        "such as a name that the program gives\n" +
        "app.networks of web is not known before the update",
    );
    await expect(refused).rejects.toBeInstanceOf(pulumi.RunError);
  });
});
