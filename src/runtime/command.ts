import { isIPv4 } from "node:net";
import { RuntimeError } from "./error.ts";

/** A command line of the runtime API that is safe to send: one command, nothing else. */
export type Command = string & { readonly brand: unique symbol };

const NAME = /^[A-Za-z0-9_.:-]+$/;
const TRAILING_WAIT = /^\d+ms$/;

/**
 * The one door for command lines. Newlines and `;` end a command, `\` escapes and `<<` begins a payload, so none of them
 * passes.
 * @throws {RuntimeError} of kind `refused`
 */
export function command(line: string): Command {
  if (!isCommand(line)) {
    throw new RuntimeError("refused", `${JSON.stringify(line)} is not one runtime command: control characters, ';', '\\' and '<<' are not allowed`);
  }
  return line;
}

const isCommand = (line: string): line is Command => /^[\u0020-\u003a\u003c-\u005b\u005d-\u007e]+$/.test(line) && !line.includes("<<");

/** `webservers/s1`, both parts checked. */
export function serverPath(backend: string, server: string): string {
  if (!NAME.test(backend) || !NAME.test(server)) {
    throw new RuntimeError("refused", `${JSON.stringify(`${backend}/${server}`)} is not a server's name`);
  }
  return `${backend}/${server}`;
}

const identifier = (name: string): string => {
  if (!NAME.test(name)) throw new RuntimeError("refused", `${JSON.stringify(name)} is not a HAProxy name`);
  return name;
};

const address = (text: string): string => {
  if (!isIPv4(text)) throw new RuntimeError("refused", `${JSON.stringify(text)} is not an IPv4 address`);
  return text;
};

const wait = (text: string): string => {
  if (!TRAILING_WAIT.test(text)) throw new RuntimeError("refused", `${JSON.stringify(text)} is not a delay`);
  return text;
};

/** Every command that Balancer sends. `server` is a checked `backend/name`. */
export const COMMANDS = {
  prompt: () => command("prompt i"),
  showServersState: (backend: string) => command(`show servers state ${identifier(backend)}`),
  showServersConn: (backend: string) => command(`show servers conn ${identifier(backend)}`),
  showServerStats: (backend: string) => command(`show stat ${identifier(backend)} 4 -1`),
  showEnv: (variable: string) => command(`show env ${identifier(variable)}`),
  showInfo: () => command("show info"),
  addServer: (server: string, args: string) => command(`add server ${server} ${args} init-state down`),
  deleteServer: (server: string) => command(`del server ${server}`),
  enableHealth: (server: string) => command(`enable health ${server}`),
  setState: (server: string, state: "ready" | "drain" | "maint") => command(`set server ${server} state ${state}`),
  setWeight: (server: string, weight: number) => command(`set server ${server} weight ${weight}`),
  setAddress: (server: string, ip: string, port: number) => command(`set server ${server} addr ${address(ip)} port ${port}`),
  shutdownSessions: (server: string) => command(`shutdown sessions server ${server}`),
  waitRemovable: (server: string, delayMs: number) => command(`wait ${wait(`${delayMs}ms`)} srv-removable ${server}`),
  masterReload: () => command("@master reload"),
  masterShowProc: () => command("@master show proc"),
} as const;
