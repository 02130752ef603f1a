import { afterEach, describe, expect, test, vi } from "vitest";
import { findImages, pullImages } from "../../../src/docker/images.ts";
import { DockerFolder } from "../../harness/docker-folder.ts";
import { scriptedEngine } from "./scripted-engine.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const DONE = { "/images/create": { status: "done" } };
const login = { auths: { "r.test": { auth: Buffer.from("ada:lovelace").toString("base64") } } };

const image = (reference: string, platform?: string) => ({
  key: "app.image",
  reference,
  ...(platform !== undefined && { platform }),
});

/** Has the docker command's files elsewhere than this user has them. */
function loggedInAs(config: object): DockerFolder {
  const folder = new DockerFolder(config);
  vi.stubEnv("DOCKER_CONFIG", folder.path);
  return folder;
}

afterEach(() => void vi.unstubAllEnvs());

test("a pull has the login of its registry, and of no other", async () => {
  using _folder = loggedInAs(login);
  await using engine = await scriptedEngine(DONE);
  await pullImages(engine.docker, [image("r.test/app"), image("o.test/app:1")]);
  expect(engine.pulls).toEqual(
    expect.arrayContaining([
      {
        query: { fromImage: "r.test/app", tag: "latest" },
        login: { serveraddress: "r.test", username: "ada", password: "lovelace" },
      },
      { query: { fromImage: "o.test/app", tag: "1" }, login: undefined },
    ]),
  );
});

test.each([
  [`r.test:5000/a/app@${DIGEST}`, "r.test:5000/a/app"],
  [`r.test:5000/a/app:6.9@${DIGEST}`, "r.test:5000/a/app"],
  [`app:6.9@${DIGEST}`, "app"],
])("%s is pulled by its digest", async (reference, fromImage) => {
  using _folder = loggedInAs({});
  await using engine = await scriptedEngine(DONE);
  await pullImages(engine.docker, [image(reference)]);
  expect(engine.pulls).toEqual([{ query: { fromImage, tag: DIGEST }, login: undefined }]);
});

describe("a registry that lets nobody in is told", () => {
  const REFUSED = { "/images/create": { error: "no basic auth credentials" } };
  const told = "image r.test/app (app.image) is not on the engine and cannot be pulled:";

  test.each([
    [{}, "docker is not logged in to r.test"],
    [login, "with docker's login for r.test"],
    [
      { credsStore: "missing" },
      "no login for r.test: docker-credential-missing cannot be run: put it on the PATH",
    ],
  ])("with what docker has for it: %j", async (config, what) => {
    using _folder = loggedInAs(config);
    await using engine = await scriptedEngine(REFUSED);
    await expect(pullImages(engine.docker, [image("r.test/app")])).rejects.toThrow(
      `${told} no basic auth credentials (${what}); ` +
        "log in with: docker login r.test, correct app.image, or load the image",
    );
  });

  test("without the secret that it repeats", async () => {
    using _folder = loggedInAs(login);
    await using engine = await scriptedEngine({ "/images/create": { error: "denied: lovelace" } });
    await expect(pullImages(engine.docker, [image("r.test/app")])).rejects.toThrow(`${told} denied: … (`);
  });

  test("for Docker Hub without a name", async () => {
    using _folder = loggedInAs({});
    await using engine = await scriptedEngine(REFUSED);
    await expect(pullImages(engine.docker, [image("team/app")])).rejects.toThrow(
      "(docker is not logged in to Docker Hub); log in with: docker login, correct app.image, or load",
    );
  });
});

describe("an image for a platform", () => {
  const AMD = { "/images/app/json": { Id: "sha256:1", Os: "linux", Architecture: "amd64" } };
  const ARM = { "/images/app/json": { Id: "sha256:1", Os: "linux", Architecture: "arm64", Variant: "v8" } };

  test("is pulled for it, unless the engine has it", async () => {
    using _folder = loggedInAs({});
    await using engine = await scriptedEngine({ ...ARM, ...DONE });
    for (const platform of ["linux/arm64/v8", "linux/arm64", ""])
      await pullImages(engine.docker, [image("app", platform)]);
    expect(engine.pulls).toEqual([]);
    await using empty = await scriptedEngine(DONE);
    await pullImages(empty.docker, [image("app", "linux/arm64")]);
    expect(empty.pulls).toMatchObject([{ query: { platform: "linux/arm64" } }]);
  });

  test("that the engine has for another is taken for none", async () => {
    await using engine = await scriptedEngine({ ...AMD, "/containers/json": [] });
    const wanted = image("app", "linux/arm64");
    expect(await findImages(engine.docker, "demo", [wanted])).toEqual({ ids: new Map(), missing: [wanted] });
  });

  test("is refused where neither the engine nor the registry has it", async () => {
    using _folder = loggedInAs({});
    await using engine = await scriptedEngine(AMD);
    await expect(pullImages(engine.docker, [image("app", "linux/arm64")])).rejects.toThrow(
      "image app (app.image) is on the engine for linux/amd64, not for linux/arm64, and cannot be pulled: " +
        "no such thing: /images/create; correct app.image, or set app.platform to linux/amd64",
    );
  });

  test("is refused where the registry gives one for another", async () => {
    using _folder = loggedInAs({});
    await using engine = await scriptedEngine({ ...AMD, ...DONE });
    await expect(pullImages(engine.docker, [image("app", "linux/arm/v7")])).rejects.toThrow(
      "image app (app.image) is for linux/amd64, not for linux/arm/v7; " +
        "set app.platform to linux/amd64, or app.image to an image for linux/arm/v7",
    );
  });
});
