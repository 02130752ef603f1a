import type { HealthCheck } from "../../stack/health-check.ts";
import { checkValue, NO_SUCH_MAP } from "./check-values.ts";
import { COMMANDS, type Command, type ServerPath, serverPath } from "./command.ts";
import type { AdminState } from "./state.ts";

/** A command with the answers that mean success; any other answer is a refusal. */
export interface Step<C = Command> {
  readonly command: C;
  readonly accepts: RegExp;
  /** What is refused, in words; the command itself without it. */
  readonly what?: string;
}

/** What `del server` says of a server that still has sessions. */
export const STILL_BUSY = /Server still has connections attached to it, cannot remove it\./;

const SILENCE = /^$/;
const NO_CHECK_OR_SILENCE = /^(Key not found\.)?$/;
const NO_CHECK_LEFT = new RegExp(`${NO_CHECK_OR_SILENCE.source}|${NO_SUCH_MAP.source}`);
const GONE_OR_SILENCE = /^(No such server\.)?$/;

const step = (command: Command, accepts = SILENCE): Step => ({ command, accepts });

/** HAProxy trusts a server that leaves maintenance until a check fails; it shall wait for a good one. */
const leave = (path: ServerPath, from: AdminState, to: "ready" | "drain"): readonly Step[] => [
  step(COMMANDS.setState(path, to)),
  ...(from === "maint" ? [step(COMMANDS.setHealthDown(path))] : []),
];

const checkAsOthers = (server: string): Step => step(COMMANDS.deleteCheck(server), NO_CHECK_OR_SILENCE);

/** The steps that change servers. `server` is a name in `backend`. */
export const steps = (backend: string) => {
  const pathOf = (server: string): ServerPath => serverPath(backend, server);
  return {
    add: (server: string, args: string): readonly Step[] => [
      step(COMMANDS.addServer(pathOf(server), args), /^New server registered\.$/),
      step(COMMANDS.enableHealth(pathOf(server))),
      step(COMMANDS.setState(pathOf(server), "ready")),
    ],
    setAddress: (server: string, ip: string, port: number): Step =>
      step(
        COMMANDS.setAddress(pathOf(server), ip, port),
        /^(IP changed from |port changed from |no need to change |nothing changed$)/,
      ),
    setWeight: (server: string, weight: number): Step => step(COMMANDS.setWeight(pathOf(server), weight)),
    enableHealth: (server: string): Step => step(COMMANDS.enableHealth(pathOf(server))),
    /** Checks a server in a way of its own. Behind one that it has, `add map` would put a twin. */
    checkWith: (server: string, check: HealthCheck): readonly Step[] => [
      checkAsOthers(server),
      step(COMMANDS.addCheck(server, checkValue(check))),
    ],
    /** Has HAProxy take a server for up, and check it no more. */
    trust: (server: string): readonly Step[] => [
      step(COMMANDS.disableHealth(pathOf(server))),
      step(COMMANDS.setHealthUp(pathOf(server))),
    ],
    /** Checks a server as the config file says again. */
    checkAsOthers,
    /** Has HAProxy name servers to who has a word. */
    addProbe: (word: string): Step => step(COMMANDS.addProbe(word)),
    deleteProbe: (word: string): Step => step(COMMANDS.deleteProbe(word), NO_CHECK_OR_SILENCE),
    setDrain: (server: string, from: AdminState): readonly Step[] => leave(pathOf(server), from, "drain"),
    setReady: (server: string, from: AdminState): readonly Step[] => leave(pathOf(server), from, "ready"),
    shutdownSessions: (server: string): Step =>
      step(COMMANDS.shutdownSessions(pathOf(server)), GONE_OR_SILENCE),
    /** Puts a server that is to go into maintenance. It is fine if somebody else has just deleted it. */
    pause: (server: string): Step => step(COMMANDS.setState(pathOf(server), "maint"), GONE_OR_SILENCE),
    /** Has HAProxy use what it remembers of a session, and so teach it to its peers. */
    useSession: (id: string, serverId: number): Step => step(COMMANDS.setTableServer(backend, id, serverId)),
    /**
     * `wait` first: it drops idle connections to the server, which `del` of newer versions refuses to do. Its
     * own check goes with the server.
     */
    delete: (server: string): readonly Step[] => [
      // newer versions say why; `del` is what counts
      step(COMMANDS.waitRemovable(pathOf(server), 50), /^(Done\.|Wait delay expired\.|Failed\..*)$/),
      step(
        COMMANDS.deleteServer(pathOf(server)),
        new RegExp(`^(Server deleted\\.|No such server\\.|${STILL_BUSY.source})$`),
      ),
      step(COMMANDS.deleteCheck(server), NO_CHECK_LEFT),
    ],
  } as const;
};
