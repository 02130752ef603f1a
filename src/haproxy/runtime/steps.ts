import { NO_SUCH_MAP } from "./check-paths.ts";
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
const NO_PATH_OR_SILENCE = /^(Key not found\.)?$/;
const NO_PATH_LEFT = new RegExp(`${NO_PATH_OR_SILENCE.source}|${NO_SUCH_MAP.source}`);
const GONE_OR_SILENCE = /^(No such server\.)?$/;

/** HAProxy trusts a server that leaves maintenance until a check fails; it shall wait for a good one. */
const leave = (path: ServerPath, from: AdminState, to: "ready" | "drain"): readonly Step[] => [
  { command: COMMANDS.setState(path, to), accepts: SILENCE },
  ...(from === "maint" ? [{ command: COMMANDS.setHealthDown(path), accepts: SILENCE }] : []),
];

const checkAsOthers = (server: string): Step => ({
  command: COMMANDS.deleteCheckPath(server),
  accepts: NO_PATH_OR_SILENCE,
});

/** The steps that change servers. `server` is a name in `backend`. */
export const steps = (backend: string) =>
  ({
    add: (server: string, args: string): readonly Step[] => {
      const path = serverPath(backend, server);
      return [
        { command: COMMANDS.addServer(path, args), accepts: /^New server registered\.$/ },
        { command: COMMANDS.enableHealth(path), accepts: SILENCE },
        { command: COMMANDS.setState(path, "ready"), accepts: SILENCE },
      ];
    },
    setAddress: (server: string, ip: string, port: number): Step => ({
      command: COMMANDS.setAddress(serverPath(backend, server), ip, port),
      accepts: /^(IP changed from |port changed from |no need to change |nothing changed$)/,
    }),
    setWeight: (server: string, weight: number): Step => ({
      command: COMMANDS.setWeight(serverPath(backend, server), weight),
      accepts: SILENCE,
    }),
    enableHealth: (server: string): Step => ({
      command: COMMANDS.enableHealth(serverPath(backend, server)),
      accepts: SILENCE,
    }),
    /** Checks a server with a path of its own. Behind a path that it has, `add map` would put a twin. */
    checkWith: (server: string, urlPath: string): readonly Step[] => [
      checkAsOthers(server),
      { command: COMMANDS.addCheckPath(server, urlPath), accepts: SILENCE },
    ],
    /** Checks a server with the path of the config file again. */
    checkAsOthers,
    setDrain: (server: string, from: AdminState): readonly Step[] =>
      leave(serverPath(backend, server), from, "drain"),
    setReady: (server: string, from: AdminState): readonly Step[] =>
      leave(serverPath(backend, server), from, "ready"),
    shutdownSessions: (server: string): Step => ({
      command: COMMANDS.shutdownSessions(serverPath(backend, server)),
      accepts: GONE_OR_SILENCE,
    }),
    /** Puts a server that is to go into maintenance. It is fine if somebody else has just deleted it. */
    pause: (server: string): Step => ({
      command: COMMANDS.setState(serverPath(backend, server), "maint"),
      accepts: GONE_OR_SILENCE,
    }),
    /** Has HAProxy use what it remembers of a session, and so teach it to its peers. */
    useSession: (id: string, serverId: number): Step => ({
      command: COMMANDS.setTableServer(backend, id, serverId),
      accepts: SILENCE,
    }),
    /**
     * `wait` first: it drops idle connections to the server, which `del` of newer versions refuses to do. Its
     * own path for checks goes with the server.
     */
    delete: (server: string): readonly Step[] => {
      const path = serverPath(backend, server);
      return [
        // newer versions say why; `del` is what counts
        { command: COMMANDS.waitRemovable(path, 50), accepts: /^(Done\.|Wait delay expired\.|Failed\..*)$/ },
        {
          command: COMMANDS.deleteServer(path),
          accepts: new RegExp(`^(Server deleted\\.|No such server\\.|${STILL_BUSY.source})$`),
        },
        { command: COMMANDS.deleteCheckPath(server), accepts: NO_PATH_LEFT },
      ];
    },
  }) as const;
