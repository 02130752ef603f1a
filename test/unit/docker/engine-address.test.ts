import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { findEngine } from "../../../src/docker/engine-address.ts";
import { DockerFolder } from "../../harness/docker-folder.ts";

const id = createHash("sha256").update("far").digest("hex");
const PEMS = ["ca.pem", "cert.pem", "key.pem"];
const FAR = { host: "tcp://10.0.0.7:2376", certPath: "", context: "far" };

/** The docker command's files, with a context `far`. */
function folderWith(config: object, endpoint: object = { Host: FAR.host }): DockerFolder {
  const folder = new DockerFolder(config);
  folder.write(`contexts/meta/${id}/meta.json`, JSON.stringify({ Endpoints: { docker: endpoint } }));
  return folder;
}

const byName = (host: string, certPath = "") => ({ host, certPath, context: "" });

describe("the engine is that of", () => {
  test("the environment before anything else", async () => {
    using folder = folderWith({ currentContext: "far" });
    const env = { ...folder.env, DOCKER_CONTEXT: "far", DOCKER_HOST: "ssh://ada@box:2222" };
    expect(await findEngine(env)).toEqual(byName("ssh://ada@box:2222"));
  });

  test("the context in the environment, and then the current one", async () => {
    using folder = folderWith({ currentContext: "other" });
    expect(await findEngine({ ...folder.env, DOCKER_CONTEXT: "far" })).toEqual(FAR);
    await expect(findEngine(folder.env)).rejects.toThrow(
      "there is no Docker context other; choose another: docker context use NAME, or DOCKER_CONTEXT",
    );
    folder.write("config.json", '{"currentContext":"far"}');
    expect(await findEngine(folder.env)).toEqual(FAR);
    expect(await findEngine({ ...folder.env, DOCKER_CONTEXT: "default" })).toEqual(
      byName("unix:///var/run/docker.sock"),
    );
  });

  test("this host, where nobody says otherwise", async () => {
    expect(await findEngine({ DOCKER_CONFIG: "/no/such/folder" })).toEqual(
      byName("unix:///var/run/docker.sock"),
    );
  });
});

test.each([
  ["unix:///run/user/1000/docker.sock", "unix:///run/user/1000/docker.sock"],
  ["10.0.0.7", "tcp://10.0.0.7:2375"],
  ["tcp://box:2376/", "tcp://box:2376"],
  ["tcp://[fd00::1]:2375", "tcp://[fd00::1]:2375"],
  ["ssh://ada@box/run/docker.sock", "ssh://ada@box/run/docker.sock"],
])("DOCKER_HOST=%s is %s", async (DOCKER_HOST, host) => {
  expect(await findEngine({ DOCKER_HOST })).toEqual(byName(host));
});

test.each(["ftp://box", "ssh://ada:secret@box", "ssh://-oProxyCommand=x", "tcp://box:2375/path", "ssh://"])(
  "DOCKER_HOST=%s is refused",
  async (DOCKER_HOST) => {
    const refused = await findEngine({ DOCKER_HOST }).catch(String);
    expect(refused).toMatch(
      /^EngineError: DOCKER_HOST is ".*"; allowed: unix:\/\/\/path, tcp:\/\/host:port or/,
    );
    expect(refused).not.toContain("secret");
  },
);

describe("TLS", () => {
  test("is asked for by the environment", async () => {
    using folder = folderWith({});
    for (const name of PEMS) folder.write(name, "");
    const env = { ...folder.env, DOCKER_HOST: "tcp://box:2376" };
    expect(await findEngine(env)).toEqual(byName("tcp://box:2376"));
    expect(await findEngine({ ...env, DOCKER_TLS_VERIFY: "1" })).toEqual(
      byName("tcp://box:2376", folder.path),
    );
    const elsewhere = { ...env, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/no/such/folder" };
    await expect(findEngine(elsewhere)).rejects.toThrow(
      "the Docker engine at tcp://box:2376 needs ca.pem, cert.pem, key.pem in /no/such/folder, and",
    );
    await expect(findEngine({ ...env, DOCKER_TLS: "1" })).rejects.toThrow("set DOCKER_TLS_VERIFY=1");
  });

  test("is what a context has files for", async () => {
    using folder = folderWith({ currentContext: "far" });
    for (const name of PEMS) folder.write(`contexts/tls/${id}/docker/${name}`, "");
    expect(await findEngine(folder.env)).toEqual({
      ...FAR,
      certPath: `${folder.path}/contexts/tls/${id}/docker`,
    });
  });

  test("that believes anybody is refused", async () => {
    using folder = folderWith({ currentContext: "far" }, { Host: FAR.host, SkipTLSVerify: true });
    await expect(findEngine(folder.env)).rejects.toThrow(
      "at tcp://10.0.0.7:2376 would be believed without its certificate; make Docker context far anew without",
    );
  });
});
