import { docker } from "./running-stack.ts";

/** Runs a shell line in a container, as its own user unless another is named, and returns what it printed. */
export async function shell(container: string, line: string, user = ""): Promise<string> {
  const exec = await docker.getContainer(container).exec({
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
