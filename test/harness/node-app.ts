import { readFileSync } from "node:fs";
import { Readable } from "node:stream";
import { pack } from "tar-stream";
import { HAPROXY_IMAGE } from "./haproxy-image.ts";
import { docker } from "./running-stack.ts";

/**
 * Builds an image of an app that is one script: the Node that runs the tests, in the image of HAProxy, which
 * has the libraries for it.
 * @param lines what its Dockerfile has besides
 * @param from another image that has the libraries
 */
export async function buildNodeApp(
  image: string,
  script: URL,
  lines: readonly string[] = [],
  from = HAPROXY_IMAGE,
): Promise<void> {
  const name = script.pathname.slice(script.pathname.lastIndexOf("/") + 1);
  const dockerfile = [
    `FROM ${from}`,
    `COPY node ${name} /app/`,
    `ENTRYPOINT ["/app/node", "/app/${name}"]`,
    "CMD []",
    ...lines,
  ];
  const context = pack();
  context.entry({ name: "Dockerfile" }, dockerfile.join("\n"));
  context.entry({ name }, readFileSync(script));
  context.entry({ name: "node", mode: 0o755 }, readFileSync(process.execPath));
  context.finalize();
  const progress = await docker.buildImage(Readable.from(context), { t: image });
  await new Promise<void>((resolve, reject) => {
    docker.modem.followProgress(progress, (error) => (error === null ? resolve() : reject(error)));
  });
}

export const removeImage = (image: string): Promise<unknown> =>
  docker.getImage(image).remove({ force: true });
