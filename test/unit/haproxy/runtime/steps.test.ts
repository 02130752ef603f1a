import { describe, expect, test } from "vitest";
import { STILL_BUSY, type Step, steps } from "../../../../src/haproxy/runtime/steps.ts";
import { named } from "../../../harness/named.ts";

const s = steps("webservers");
const [add, , ready] = s.add("s4", "10.0.0.4:80 id 4");
const [forget, checkWith] = s.checkWith("s4", { path: "/healthz", host: "localhost", status: "200-399" });
const [wait, del, delPath] = s.delete("s4");

const BUSY = "Server still has connections attached to it, cannot remove it.";

/** Answers of HAProxy 3.2.26. */
const CASES: readonly {
  what: string;
  step: Step | undefined;
  accepts: readonly string[];
  refuses: readonly string[];
}[] = [
  {
    what: "adding a server",
    step: add,
    accepts: ["New server registered."],
    refuses: [
      "",
      "Already exists a server with the same name in backend.",
      "'id' : custom id 4 already used at (null):0 ('server s4').",
      "No such backend.",
      "Permission denied",
      "Backend must use a dynamic load balancing to support dynamic servers.",
      "config: backend 'webservers': server 's9' has neither service port nor check port nor tcp_check rule 'connect' with port information.",
    ],
  },
  {
    what: "making a new server ready",
    step: ready,
    accepts: [""],
    refuses: ["No such server.", "Permission denied", "Unknown command: 'set server'"],
  },
  {
    what: "setting an address",
    step: s.setAddress("s4", "10.0.0.4", 80),
    accepts: [
      "IP changed from '127.0.0.1' to '127.0.0.2' by 'stats socket command'",
      "IP changed from '127.0.0.2' to '127.0.0.1', port changed from '8081' to '8083' by 'stats socket command'",
      "port changed from '8081' to '8083' by 'stats socket command'",
      "nothing changed",
    ],
    refuses: [
      "",
      "Update for the current server address family is only supported through configuration file.",
      "No such server.",
    ],
  },
  {
    what: "setting a weight",
    step: s.setWeight("s4", 100),
    accepts: [""],
    refuses: ["Permission denied", "No such server."],
  },
  {
    what: "turning a check on",
    step: s.enableHealth("s4"),
    accepts: [""],
    refuses: ["Health check was not configured on this server, cannot enable.", "No such server."],
  },
  {
    what: "maintenance",
    step: s.pause("s4"),
    accepts: ["", "No such server."],
    refuses: ["Permission denied"],
  },
  {
    what: "deleting what a server's own path for checks was, also where the config has no such map",
    step: delPath,
    accepts: ["", "Key not found.", "Unknown map identifier. Please use #<id> or <file>."],
    refuses: ["Permission denied", "No such server."],
  },
  {
    what: "taking a server's own path for checks away",
    step: forget,
    accepts: ["", "Key not found."],
    refuses: ["Unknown map identifier. Please use #<id> or <file>.", "Permission denied"],
  },
  {
    what: "taking it away for good",
    step: s.checkAsOthers("s4"),
    accepts: ["", "Key not found."],
    refuses: ["Unknown map identifier. Please use #<id> or <file>.", "Permission denied"],
  },
  {
    what: "giving a server a path of its own for checks",
    step: checkWith,
    accepts: [""],
    refuses: ["Unknown map identifier. Please use #<id> or <file>.", "Permission denied"],
  },
  {
    what: "closing sessions",
    step: s.shutdownSessions("s4"),
    accepts: ["", "No such server."],
    refuses: ["Permission denied"],
  },
  {
    what: "waiting for the last session",
    step: wait,
    accepts: ["Done.", "Wait delay expired.", "Failed.", "Failed. No such server."], // the last one is of 3.4
    refuses: ["", "Interrupted."],
  },
  {
    what: "deleting",
    step: del,
    accepts: ["Server deleted.", BUSY, "No such server."],
    refuses: [
      "",
      "Only servers in maintenance mode can be deleted.",
      "This server cannot be removed at runtime due to other configuration elements pointing to it.",
      "Permission denied",
    ],
  },
];

describe.each(named(CASES))("%s", (_what, { step, accepts, refuses }) => {
  test.each(accepts.map((answer) => [answer]))("is done when HAProxy answers %j", (answer) => {
    expect(step?.accepts.test(answer)).toBe(true);
  });

  test.each(refuses.map((answer) => [answer]))("is refused when HAProxy answers %j", (answer) => {
    expect(step?.accepts.test(answer)).toBe(false);
  });
});

test("a server is added, checked and made ready, in this order", () => {
  expect(s.add("s4", "10.0.0.4:80 id 4").map(({ command }) => command)).toEqual([
    "add server webservers/s4 10.0.0.4:80 id 4 init-state down",
    "enable health webservers/s4",
    "set server webservers/s4 state ready",
  ]);
});

test.each(["setReady", "setDrain"] as const)(
  "%s has a server that leaves maintenance wait for a check",
  (step) => {
    const state = `set server webservers/s4 state ${step === "setReady" ? "ready" : "drain"}`;
    const commands = (from: "ready" | "drain" | "maint") => s[step]("s4", from).map(({ command }) => command);
    expect(commands("maint")).toEqual([state, "set server webservers/s4 health down"]);
    expect([commands("drain"), commands("ready")]).toEqual([[state], [state]]);
  },
);

test("a server is deleted after its idle connections are dropped", () => {
  expect(s.delete("s4").map(({ command }) => command)).toEqual([
    "wait 50ms srv-removable webservers/s4",
    "del server webservers/s4",
    "del map virt@ready s4",
  ]);
});

test("a server that still has sessions is told from one that is deleted", () => {
  expect([BUSY, "Server deleted.", "No such server."].map((answer) => STILL_BUSY.test(answer))).toEqual([
    true,
    false,
    false,
  ]);
});

test.each(["s4 state maint", "s4;quit", "s4\nquit", ""])("no step is made for the name %j", (name) => {
  expect(() => s.pause(name)).toThrow(expect.objectContaining({ kind: "refused" }));
  expect(() => s.delete(name)).toThrow(expect.objectContaining({ kind: "refused" }));
  expect(() => s.add(name, "10.0.0.4:80")).toThrow(expect.objectContaining({ kind: "refused" }));
});
