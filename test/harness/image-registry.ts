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
 * A registry without TLS, which Docker takes on loopback. Any name and tag is its newest image, and older
 * ones are there by their digests. With a login, `name:password`, it lets nobody else in.
 */
export class ImageRegistry {
  readonly #server: Server;
  /** Manifests and what they name, by digest. */
  readonly #contents = new Map<string, Buffer>();
  #newest = "";
  readonly #givenTo = new Map<string, Set<string>>();
  pulls = 0;

  private constructor(login?: string) {
    const basic = login && `Basic ${Buffer.from(login).toString("base64")}`;
    this.#server = createServer(({ method, url = "", headers, socket }, response) => {
      if (basic !== undefined && headers.authorization !== basic) {
        response.writeHead(401, {
          "WWW-Authenticate": 'Basic realm="test"',
          "Content-Type": "application/json",
        });
        response.end('{"errors":[{"code":"UNAUTHORIZED","message":"authentication required"}]}');
        return;
      }
      const [, kind, name = ""] = /^\/v2\/.+\/(manifests|blobs)\/([^/]+)$/.exec(url) ?? [];
      if (kind === "manifests") {
        this.pulls += 1;
        this.#givenTo.set(name, new Set(this.#givenTo.get(name)).add(socket.remoteAddress ?? ""));
      }
      const isTag = kind === "manifests" && !name.startsWith("sha256:");
      const body = this.#contents.get(isTag ? this.#newest : name) ?? Buffer.from("{}");
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

  /** @param address of this host, where others than this host shall come to it */
  static async start(login?: string, address = "127.0.0.1"): Promise<ImageRegistry> {
    const registry = new ImageRegistry(login);
    await once(registry.#server.listen(0, address), "listening");
    return registry;
  }

  /** Before the name of an image that comes from here. */
  get host(): string {
    const place = this.#server.address();
    return typeof place === "object" ? `${place?.address}:${place?.port}` : "";
  }

  /** Addresses of those that it gave the image of a tag or a digest to. */
  givenTo(name: string): string[] {
    return [...(this.#givenTo.get(name) ?? [])].sort();
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
      return { mediaType, size: content.length, digest: this.#keep(content) };
    };
    const layer = "application/vnd.docker.image.rootfs.diff.tar";
    const manifest = Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MANIFEST,
        config: describe("application/vnd.docker.container.image.v1+json", config),
        layers: (saved?.Layers ?? []).map((name) => describe(layer, name)),
      }),
    );
    this.#newest = this.#keep(manifest);
    return { digest: this.#newest, id: digestOf(files.get(config) ?? Buffer.alloc(0)) };
  }

  /** @returns its digest */
  #keep(content: Buffer): string {
    const digest = digestOf(content);
    this.#contents.set(digest, content);
    return digest;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }
}

const digestOf = (content: Buffer): string => `sha256:${createHash("sha256").update(content).digest("hex")}`;
