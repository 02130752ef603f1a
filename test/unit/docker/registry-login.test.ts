import { describe, expect, test } from "vitest";
import { EngineError } from "../../../src/docker/engine-error.ts";
import { loginFor, registryOf } from "../../../src/docker/registry-login.ts";
import { DockerFolder } from "../../harness/docker-folder.ts";

const HUB = "https://index.docker.io/v1/";
const ada = Buffer.from("ada:love:lace").toString("base64");
const ADA = { username: "ada", password: "love:lace" };

/** Finds a login as it is with a config of the docker command. */
async function login(reference: string, config: object, env: Readonly<Record<string, string>> = {}) {
  using folder = new DockerFolder(config);
  folder.addHelper("ok", `printf '{"ServerURL":"%s","Username":"grace","Secret":"hopper"}' "$server"`);
  folder.addHelper("token", `printf '{"ServerURL":"%s","Username":"<token>","Secret":"t0k"}' "$server"`);
  folder.addHelper("none", "echo credentials not found in native keychain; exit 1");
  folder.addHelper("broken", "echo s3cret; echo s3cret >&2; exit 3");
  folder.addHelper("odd", "echo s3cret");
  return await loginFor(reference, { ...folder.env, ...env });
}

test.each([
  ["app", ""],
  ["stefanprodan/podinfo:6.9.2", ""],
  ["docker.io/library/nginx", ""],
  ["r.test/app", "r.test"],
  ["localhost/app", "localhost"],
  ["127.0.0.1:5000/a/b:1@sha256:".concat("a".repeat(64)), "127.0.0.1:5000"],
])("%s is of the registry %j", (reference, registry) => {
  expect(registryOf(reference)).toBe(registry);
});

describe("docker login left", () => {
  test.each([
    ["a registry's name", "r.test/app", { auths: { "r.test": { auth: ada } } }, "r.test"],
    ["its address", "r.test/app", { auths: { "https://r.test/v1/": { auth: ada } } }, "https://r.test/v1/"],
    ["Docker Hub's address", "team/app:1", { auths: { [HUB]: { auth: ada } } }, HUB],
  ])("a login in the file, under %s", async (_what, reference, config, serveraddress) => {
    expect((await login(reference, config)).auth).toEqual({ serveraddress, ...ADA });
  });

  test("an identity token in the file", async () => {
    const auth = Buffer.from("00000000-0000-0000-0000-000000000000:").toString("base64");
    const config = { auths: { "r.test": { auth, identitytoken: "t0k" } } };
    expect((await login("r.test/app", config)).auth).toMatchObject({ identitytoken: "t0k" });
  });

  test("a login with the helper of the registry, or else of all", async () => {
    const config = { credHelpers: { "r.test": "token" }, credsStore: "ok", auths: { "o.test": {} } };
    expect((await login("r.test/app", config)).auth).toEqual({
      serveraddress: "r.test",
      identitytoken: "t0k",
    });
    const grace = { username: "grace", password: "hopper" };
    expect((await login("o.test/app", config)).auth).toEqual({ serveraddress: "o.test", ...grace });
    expect((await login("app", config)).auth).toEqual({ serveraddress: HUB, ...grace });
  });

  test("a login in the environment, which comes first", async () => {
    const DOCKER_AUTH_CONFIG = JSON.stringify({ auths: { "r.test": { auth: ada } } });
    const found = await login("r.test/app", { credsStore: "broken" }, { DOCKER_AUTH_CONFIG });
    expect(found.auth).toEqual({ serveraddress: "r.test", ...ADA });
  });

  test("nothing", async () => {
    for (const config of [{}, { auths: { "r.test": {}, "s.test": { auth: ada } } }, { credsStore: "none" }])
      expect(await login("r.test/app", config)).toEqual({ registry: "r.test" });
    expect(await loginFor("r.test/app", { DOCKER_CONFIG: "/no/such/folder" })).toEqual({
      registry: "r.test",
    });
  });
});

test.each([
  ["missing", "docker-credential-missing cannot be run: put it on the PATH"],
  ["broken", "docker-credential-broken get ended with exit code 3"],
  ["odd", "docker-credential-odd get did not answer as a credential helper does"],
])("a helper that is %s is named, and nothing that it printed", async (credsStore, problem) => {
  expect(await login("r.test/app", { credsStore })).toEqual({ registry: "r.test", problem });
});

test("a file that is no JSON is named, and nothing of it told", async () => {
  using folder = new DockerFolder();
  folder.write("config.json", '{"auths": {"r.test": {"auth": "c2VjcmV0"');
  const message = `${folder.path}/config.json is not what the docker command writes; mend it`;
  await expect(loginFor("r.test/app", folder.env)).rejects.toThrow(new EngineError(message));
});
