import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { EngineError } from "./engine-error.ts";

const text = z.string().optional();

const AUTHS = z.record(
  z.string(),
  z.object({
    auth: text,
    username: text,
    password: text,
    identitytoken: text,
    registrytoken: text,
  }),
);

/** What `docker login` wrote for each registry. */
export type Auths = z.output<typeof AUTHS>;

const CONFIG = z.object({
  auths: AUTHS.default({}),
  credsStore: z.string().default(""),
  credHelpers: z.record(z.string(), z.string()).default({}),
  currentContext: z.string().default(""),
});

/** The folder of the docker command's own files. */
export const dockerFolder = (env: NodeJS.ProcessEnv): string =>
  env.DOCKER_CONFIG || join(env.HOME || homedir(), ".docker");

/**
 * Reads the docker command's own config. One that is not there is empty.
 * @throws {EngineError} It cannot be read. The message tells nothing of its text, which has secrets.
 */
export async function readDockerConfig(env: NodeJS.ProcessEnv): Promise<z.output<typeof CONFIG>> {
  const file = join(dockerFolder(env), "config.json");
  return CONFIG.parse((await readJson(file, CONFIG)) ?? {});
}

/** Reads a JSON file; undefined where there is none. */
export async function readJson<T extends z.ZodType>(
  file: string,
  schema: T,
): Promise<z.output<T> | undefined> {
  let content: string;
  try {
    content = await readFile(file, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new EngineError(`${file} cannot be read (${String(code)}); let this user read it`);
  }
  const read = parseJson(content, schema);
  if (read === undefined) throw new EngineError(`${file} is not what the docker command writes; mend it`);
  return read;
}

/** Reads the logins that `DOCKER_AUTH_CONFIG` has, which come before those of the file. */
export const authsOf = (env: NodeJS.ProcessEnv): Auths =>
  parseJson(env.DOCKER_AUTH_CONFIG || "{}", z.object({ auths: AUTHS.default({}) }))?.auths ?? {};

/** Reads JSON; undefined for what is none, or another thing. */
export function parseJson<T extends z.ZodType>(content: string, schema: T): z.output<T> | undefined {
  try {
    return schema.safeParse(JSON.parse(content)).data;
  } catch {
    return undefined;
  }
}
