import { createHash } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { buffer } from "node:stream/consumers";
import type Docker from "dockerode";
import tar from "tar-stream";
import { z } from "zod";

/** What `docker save` writes of an image. */
const SAVED = z.array(z.object({ Config: z.string(), Layers: z.array(z.string()) }));

const MANIFEST = "application/vnd.docker.distribution.manifest.v2+json";

/** A registry on loopback, which Docker takes without TLS. It has one image, under any name. */
export class ImageRegistry {
  readonly #server: Server;
  readonly #blobs = new Map<string, Buffer>();
  #manifest = Buffer.alloc(0);
  pulls = 0;

  private constructor() {
    this.#server = createServer(({ method, url = "" }, response) => {
      const [, kind, name = ""] = /^\/v2\/.+\/(manifests|blobs)\/([^/]+)$/.exec(url) ?? [];
      if (kind === "manifests") this.pulls += 1;
      const body = kind === "manifests" ? this.#manifest : (this.#blobs.get(name) ?? Buffer.from("{}"));
      const type = kind === "manifests" ? MANIFEST : "application/octet-stream";
      response.writeHead(200, {
        "Content-Type": type,
        "Content-Length": body.length,
        "Docker-Content-Digest": digestOf(body),
        "Docker-Distribution-Api-Version": "registry/2.0",
      });
      response.end(method === "HEAD" ? undefined : body);
    });
  }

  static async start(): Promise<ImageRegistry> {
    const registry = new ImageRegistry();
    await once(registry.#server.listen(0, "127.0.0.1"), "listening");
    return registry;
  }

  /** Before the name of an image that comes from here. */
  get host(): string {
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  }

  /** Has an image of the engine's in place of the one of before. */
  async publish(docker: Docker, reference: string): Promise<void> {
    const files = new Map<string, Buffer>();
    const extract = (await docker.getImage(reference).get()).pipe(tar.extract());
    for await (const entry of extract) files.set(entry.header.name, await buffer(entry));
    const [saved] = SAVED.parse(JSON.parse(String(files.get("manifest.json"))));
    const describe = (mediaType: string, name: string) => {
      const content = files.get(name) ?? Buffer.alloc(0);
      const digest = digestOf(content);
      this.#blobs.set(digest, content);
      return { mediaType, size: content.length, digest };
    };
    const layer = "application/vnd.docker.image.rootfs.diff.tar";
    this.#manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: describe("application/vnd.docker.container.image.v1+json", saved?.Config ?? ""),
        layers: (saved?.Layers ?? []).map((name) => describe(layer, name)),
      }),
    );
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

const digestOf = (content: Buffer): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;
