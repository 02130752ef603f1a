import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import { buffer } from "node:stream/consumers";
import Docker from "dockerode";
import { z } from "zod";

const SPEC = z.looseObject({
  Name: z.string(),
  Labels: z.record(z.string(), z.string()).default({}),
  TaskTemplate: z.looseObject({}).default({}),
  Mode: z.looseObject({}).default({}),
});

/** A service as a manager has it. */
interface Service {
  readonly ID: string;
  readonly Version: { Index: number };
  Spec: z.output<typeof SPEC>;
}

/** A task, by what differs from one that runs. */
interface TaskOf {
  readonly id?: string;
  readonly at?: string;
  readonly desired?: string;
  readonly state?: string;
  readonly error?: string;
  readonly exitCode?: number;
  readonly forced?: number;
  /** Addresses by the ids of networks. */
  readonly addresses?: Readonly<Record<string, string>>;
  readonly node?: string;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

const FILTERS = z.record(z.string(), z.array(z.string()));

/** A manager of a Swarm: it has services, and says what it is told to say of their tasks. */
export class FakeManager implements AsyncDisposable {
  readonly services = new Map<string, Service>();
  /** What changed, in order: `create demo-podinfo1`. */
  readonly changes: string[] = [];
  /** What came with them to log in to a registry with. */
  readonly logins: unknown[] = [];
  nodes: readonly object[] = [{ ID: "n1", Description: { Hostname: "m1" } }];
  info: object = { ID: "engine", Swarm: { NodeID: "n1", Cluster: { ID: "cluster" } } };
  version = "28.0.1";
  /** Answers paths in place of the manager, each until it is taken out. */
  readonly answers = new Map<string, Answer>();
  /** How many updates fail, since Swarm itself comes in between. */
  outOfSequence = 0;
  log: Buffer = Buffer.alloc(0);
  asked: string[] = [];
  readonly #tasks: object[] = [];
  #index = 10;
  readonly #server = createServer(async (request, response) => {
    const { status, body } = await this.#answer(request);
    const isRaw = Buffer.isBuffer(body);
    response.writeHead(status, { "Content-Type": isRaw ? "application/octet-stream" : "application/json" });
    response.end(isRaw ? body : JSON.stringify(body));
  });

  static async start(): Promise<FakeManager> {
    const manager = new FakeManager();
    manager.#server.listen(0, "127.0.0.1");
    await once(manager.#server, "listening");
    return manager;
  }

  get #port(): number {
    const address = this.#server.address();
    return typeof address === "object" && address !== null ? address.port : 0;
  }

  /** As in DOCKER_HOST. */
  get host(): string {
    return `tcp://127.0.0.1:${this.#port}`;
  }

  get docker(): Docker {
    return new Docker({ protocol: "http", host: "127.0.0.1", port: this.#port });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, "close");
  }

  /** What a service is made from. */
  spec(name: string): Service["Spec"] {
    const service = this.services.get(name);
    if (service === undefined) throw new Error(`there is no service ${name}`);
    return service.Spec;
  }

  /** Has a service, as somebody made it. */
  add(spec: object): void {
    const read = SPEC.parse(spec);
    this.services.set(read.Name, { ID: `${read.Name}-id`, Version: { Index: this.#index++ }, Spec: read });
  }

  /** Says that a service has a task. */
  run(name: string, task: TaskOf = {}): void {
    const { at = "1", desired = "running", state = "running", error = "", exitCode = 0, forced = 0 } = task;
    const { id = `${name}-task${at}`, addresses = {}, node = "n1" } = task;
    this.#tasks.push({
      ...{ ID: id, ServiceID: `${name}-id`, NodeID: node, DesiredState: desired },
      CreatedAt: `2026-11-26T10:00:0${at}.000000000Z`,
      Spec: { ForceUpdate: forced },
      Status: { State: state, Err: error, ContainerStatus: { ExitCode: exitCode } },
      NetworksAttachments: Object.entries(addresses).map(([ID, address]) => ({
        ...{ Network: { ID }, Addresses: [address] },
      })),
    });
  }

  /** Says no more of tasks. */
  forgetTasks(): void {
    this.#tasks.length = 0;
  }

  async #answer(request: IncomingMessage): Promise<Answer> {
    const { method = "", url = "", headers } = request;
    const { pathname: path, searchParams } = new URL(url, "http://manager");
    const body = await buffer(request);
    this.asked.push(`${method} ${path}`);
    const scripted = this.answers.get(path);
    if (scripted !== undefined) return scripted;
    if (path === "/_ping") return ok("OK");
    if (path === "/info") return ok(this.info);
    if (path === "/version") return ok({ Version: this.version });
    if (path === "/nodes") return ok(this.nodes);
    const filters = FILTERS.parse(JSON.parse(searchParams.get("filters") ?? "{}"));
    if (path === "/services") return ok(this.#list(filters));
    if (path === "/tasks") return this.#listTasks(filters.service ?? []);
    const login = headers["x-registry-auth"];
    const auth: unknown =
      typeof login === "string" ? JSON.parse(Buffer.from(login, "base64url").toString()) : undefined;
    const [, id = "", what] = /^\/services\/([^/]+)(?:\/(\w+))?$/.exec(decodeURIComponent(path)) ?? [];
    if (id === "create") return this.#create(JSON.parse(body.toString()), auth);
    const service = [...this.services.values()].find(({ ID, Spec }) => [ID, Spec.Name].includes(id));
    if (service === undefined) return refused(404, `service ${id} not found`);
    if (what === "logs") return ok(this.log);
    if (what === "update")
      return this.#update(service, Number(searchParams.get("version")), JSON.parse(body.toString()), auth);
    if (method === "DELETE") {
      this.changes.push(`remove ${service.Spec.Name}`);
      this.services.delete(service.Spec.Name);
    }
    return ok(service);
  }

  #list({ name = [], label = [] }: z.output<typeof FILTERS>): Service[] {
    return [...this.services.values()].filter(
      ({ Spec }) =>
        (name.length === 0 || name.some((each) => Spec.Name.startsWith(each))) &&
        label.every((each) => Spec.Labels[each.split("=")[0] ?? ""] === each.slice(each.indexOf("=") + 1)),
    );
  }

  /** A manager refuses a list of tasks of which one service is not there. */
  #listTasks(services: readonly string[]): Answer {
    const known = [...this.services.values()].map(({ ID }) => ID);
    const missing = services.find((id) => !known.includes(id));
    if (missing !== undefined) return refused(404, `service ${missing} not found`);
    const tasks = z.array(z.looseObject({ ServiceID: z.string() })).parse(this.#tasks);
    return ok(tasks.filter(({ ServiceID }) => services.includes(ServiceID)));
  }

  #create(spec: object, login: unknown): Answer {
    const { Name } = SPEC.parse(spec);
    if (this.services.has(Name)) return refused(409, `rpc error: name conflicts with an existing object`);
    this.logins.push(login);
    this.changes.push(`create ${Name}`);
    this.add(spec);
    return { status: 201, body: { ID: `${Name}-id` } };
  }

  #update(service: Service, version: number, spec: object, login: unknown): Answer {
    if (this.outOfSequence > 0) {
      this.outOfSequence -= 1;
      service.Version.Index = this.#index++;
    }
    if (version !== service.Version.Index)
      return refused(500, "rpc error: code = Unknown desc = update out of sequence");
    this.logins.push(login);
    this.changes.push(`update ${service.Spec.Name}`);
    service.Spec = SPEC.parse(spec);
    service.Version.Index = this.#index++;
    return ok({ Warnings: null });
  }
}

const ok = (body: unknown): Answer => ({ status: 200, body });
export const refused = (status: number, message: string): Answer => ({ status, body: { message } });

/** What tasks printed, as Docker sends it. */
export const printed = (...lines: readonly string[]): Buffer =>
  Buffer.concat(
    lines.flatMap((line) => {
      const head = Buffer.alloc(8);
      head.writeUInt8(1);
      head.writeUInt32BE(Buffer.byteLength(line), 4);
      return [head, Buffer.from(line)];
    }),
  );
