import type Docker from "dockerode";
import { docker } from "./running-stack.ts";

/** Runs a shell line in a container, as its own user unless another is named, and returns what it printed. */
export const shell = (container: string, line: string, user = ""): Promise<string> =>
  shellIn(docker.getContainer(container), line, user);

/** The same in a container of any engine. */
export async function shellIn(container: Docker.Container, line: string, user = ""): Promise<string> {
  const exec = await container.exec({
    Cmd: ["sh", "-c", `${line} 2>&1`],
    User: user,
    AttachStdout: true,
    AttachStderr: true,
    Tty: true,
  });
  let printed = "";
  for await (const chunk of await exec.start({ Tty: true })) printed += chunk;
  return printed.trim();
}
