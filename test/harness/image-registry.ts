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

/** What an image shall say of itself. */
interface Platform {
  readonly architecture: string;
  readonly variant?: string;
}

/** A published image, by its manifest and by Docker's id of it. */
interface Published {
  readonly digest: string;
  readonly id: string;
}

/**
 * A registry on loopback, which Docker takes without TLS. It has one image, under any name. With a login,
 * `name:password`, it lets nobody else in.
 */
export class ImageRegistry {
  readonly #server: Server;
  readonly #blobs = new Map<string, Buffer>();
  #manifest = Buffer.alloc(0);
  pulls = 0;

  private constructor(login?: string) {
    const basic = login && `Basic ${Buffer.from(login).toString("base64")}`;
    this.#server = createServer(({ method, url = "", headers }, response) => {
      if (basic !== undefined && headers.authorization !== basic) {
        response.writeHead(401, {
          "WWW-Authenticate": 'Basic realm="test"',
          "Content-Type": "application/json",
        });
        response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
        return;
      }
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

  static async start(login?: string): Promise<ImageRegistry> {
    const registry = new ImageRegistry(login);
    await once(registry.#server.listen(0, "127.0.0.1"), "listening");
    return registry;
  }

  /** Before the name of an image that comes from here. */
  get host(): string {
    const address = this.#server.address();
    return `127.0.0.1:${typeof address === "object" ? address?.port : ""}`;
  }

  /** Has an image of the engine's in place of the one of before, as it is, or for another platform. */
  async publish(docker: Docker, reference: string, platform?: Platform): Promise<Published> {
    const files = new Map<string, Buffer>();
    const extract = (await docker.getImage(reference).get()).pipe(tar.extract());
    for await (const entry of extract) files.set(entry.header.name, await buffer(entry));
    const [saved] = SAVED.parse(JSON.parse(String(files.get("manifest.json"))));
    const config = saved?.Config ?? "";
    if (platform !== undefined) {
      const own = JSON.parse(String(files.get(config)));
      files.set(config, Buffer.from(JSON.stringify({ ...own, ...platform })));
    }
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
        config: describe("application/vnd.docker.container.image.v1+json", config),
        layers: (saved?.Layers ?? []).map((name) => describe(layer, name)),
      }),
    );
    return { digest: digestOf(this.#manifest), id: digestOf(files.get(config) ?? Buffer.alloc(0)) };
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

const digestOf = (content: Buffer): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;
