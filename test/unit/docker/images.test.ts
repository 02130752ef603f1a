import { describe, expect, test } from "vitest";
import { findApp } from "../../../src/docker/app-container.ts";
import { observeApps, observeBalancers } from "../../../src/docker/found-containers.ts";
import { findImages, pullImages } from "../../../src/docker/images.ts";
import { DEFINITION_LABEL, MADE_FROM_LABEL } from "../../../src/docker/labels.ts";
import { type ScriptedEngine, scriptedEngine } from "./scripted-engine.ts";

const [OLD, NEW] = ["sha256:0123456789abcdef", "sha256:fedcba9876543210"] as const;
const app = { key: "app.image", reference: "app:dev" };
const HAS_IT = { "/images/app:dev/json": { Id: NEW } };
const isAskedForPull = ({ asked }: ScriptedEngine): boolean =>
  asked.some((each) => each.startsWith("POST /images/create"));

describe("before the plan is made", () => {
  test("an image is pulled only if the engine does not have it", async () => {
    await using engine = await scriptedEngine(HAS_IT);
    await pullImages(engine.docker, [app]);
    expect(isAskedForPull(engine)).toBe(false);
    await using empty = await scriptedEngine({ "/images/create": { status: "done" } });
    await pullImages(empty.docker, [app]);
    expect(isAskedForPull(empty)).toBe(true);
  });

  test("the registry is asked for what is always pulled, though the engine has it", async () => {
    await using engine = await scriptedEngine({ ...HAS_IT, "/images/create": { status: "done" } });
    await pullImages(engine.docker, [{ ...app, isAlwaysPulled: true }]);
    expect(isAskedForPull(engine)).toBe(true);
  });

  test("a registry that does not have it is told, with what to do", async () => {
    await using empty = await scriptedEngine({});
    await expect(pullImages(empty.docker, [app])).rejects.toThrow(
      "image app:dev (app.image) is not on the engine and cannot be pulled: no such thing: /images/create; correct app.image, or load the image",
    );
    await using engine = await scriptedEngine(HAS_IT);
    await expect(pullImages(engine.docker, [{ ...app, isAlwaysPulled: true }])).rejects.toThrow(
      "image app:dev (app.image) cannot be pulled: no such thing: /images/create; correct app.image, or set app.pull to missing",
    );
  });
});

describe("what a reference stands for", () => {
  const labels = (reference: string) => ({ [MADE_FROM_LABEL]: JSON.stringify({ "app.image": reference }) });

  test("is the image that the engine has under it", async () => {
    await using engine = await scriptedEngine(HAS_IT);
    expect(await findImages(engine.docker, "demo", [app])).toEqual({
      ids: new Map([["app:dev", NEW]]),
      missing: [],
    });
  });

  test("is what the stack's containers run, where the engine has none any more", async () => {
    await using engine = await scriptedEngine({
      "/containers/json": [
        { Id: "1", ImageID: NEW, Labels: labels("other:1") },
        { Id: "2", ImageID: OLD, Labels: labels("app:dev") },
      ],
    });
    expect(await findImages(engine.docker, "demo", [app])).toEqual({
      ids: new Map([["app:dev", OLD]]),
      missing: [app],
    });
  });

  test("is not known where neither has it", async () => {
    await using engine = await scriptedEngine({ "/containers/json": [] });
    expect(await findImages(engine.docker, "demo", [app])).toEqual({ ids: new Map(), missing: [app] });
  });
});

test("a container that was made again from another image, under the same labels, differs", async () => {
  const Labels = {
    [DEFINITION_LABEL]: "made",
    [MADE_FROM_LABEL]: JSON.stringify({ "app.image id": "0123456789ab", "haproxyImage id": "0123456789ab" }),
  };
  const definitionWith = async (image: string) => {
    await using engine = await scriptedEngine({
      "/containers/json": [{ Id: "1", Names: ["/x"], ImageID: image, Labels }],
      "/containers/x/json": { Id: "1", Image: image, Config: { Labels } },
    });
    const observed = (await observeApps(engine.docker, "demo")).get("x");
    expect(observed?.definition).toBe((await findApp(engine.docker, "x"))?.definition || "unknown");
    const { madeFrom } = (await observeBalancers(engine.docker, "demo")).get("x") ?? {};
    return [observed?.definition, observed?.image, madeFrom?.["haproxyImage id"]];
  };
  expect(await definitionWith(OLD)).toEqual(["made", "0123456789ab", "0123456789ab"]);
  expect(await definitionWith(NEW)).toEqual(["unknown", "fedcba987654", "fedcba987654"]);
});
