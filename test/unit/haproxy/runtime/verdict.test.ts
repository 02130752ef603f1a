import { describe, expect, test } from "vitest";
import { judge } from "../../../../src/haproxy/runtime/verdict.ts";
import { named } from "../../../harness/named.ts";

const HELP =
  "but maybe one of the following ones is a better match:\n  show info                               : report information\n  quit";

/** Answers of HAProxy 3.2.26. */
const DONE: readonly { what: string; answer: string; output: string }[] = [
  { what: "a silent success", answer: "\n", output: "\n" },
  {
    what: "a dump, which has no severity",
    answer: "Name: HAProxy\nVersion: 3.2.26-1\n\n",
    output: "Name: HAProxy\nVersion: 3.2.26-1\n\n",
  },
  {
    what: "a dump with empty lines",
    answer: "* Thread 1\n\n* Thread 2\n\n",
    output: "* Thread 1\n\n* Thread 2\n\n",
  },
  { what: "a message", answer: "[6]: New server registered.\n\n", output: "New server registered.\n\n" },
  {
    what: "an empty table",
    answer: "# table: webservers, type: string, size:102400, used:0\n\n",
    output: "# table: webservers, type: string, size:102400, used:0\n\n",
  },
  {
    what: "an address that changed",
    answer: "[4]: IP changed from '10.0.0.1' to '10.0.0.2' by 'stats socket command'\n\n",
    output: "IP changed from '10.0.0.1' to '10.0.0.2' by 'stats socket command'\n\n",
  },
  { what: "an address that was so", answer: "[4]: nothing changed\n\n", output: "nothing changed\n\n" },
  {
    what: "a list of sources",
    answer: "[4]: Supported trace sources and states:\n [.] h1\n\n",
    output: "Supported trace sources and states:\n [.] h1\n\n",
  },
  { what: "a severity that is text", answer: "[6]: [3]: text\n\n", output: "[3]: text\n\n" },
  {
    what: "a severity inside a reply",
    answer: "# id\n[3]: not an error\n\n",
    output: "# id\n[3]: not an error\n\n",
  },
  {
    what: "a reload",
    answer: "Success=1\n--\n[NOTICE]   (1) : Loading success.\n\n",
    output: "Success=1\n--\n[NOTICE]   (1) : Loading success.\n\n",
  },
];

const REFUSED: readonly { what: string; answer: string; refusals: readonly string[] }[] = [
  {
    what: "an unknown command",
    answer: `[6]: Unknown command: 'bogus', ${HELP}\n\n`,
    refusals: [`Unknown command: 'bogus', ${HELP}`],
  },
  {
    what: "an unknown command of the master's",
    answer: `Unknown command: 'bogus', ${HELP}\n\n`,
    refusals: [`Unknown command: 'bogus', ${HELP}`],
  },
  ...[
    "No such server.",
    "No such backend.",
    "Can't find backend.",
    "Require 'backend/server'.",
    "Permission denied",
    "Only servers in maintenance mode can be deleted.",
    "'id' : custom id 1 already used at /usr/local/etc/haproxy/haproxy.cfg:89 ('server s1').",
    "'set server <srv> state' expects 'ready', 'drain' and 'maint'.",
    "Failed.",
  ].map((words) => ({ what: words, answer: `[3]: ${words}\n\n`, refusals: [words] })),
  {
    what: "several lines of words",
    answer: "[3]: No ongoing transaction! !\nCan't commit nope!\n\n",
    refusals: ["No ongoing transaction! !\nCan't commit nope!"],
  },
  {
    what: "an address that is none",
    answer: "[4]: Invalid addr 'nohost'\n\n",
    refusals: ["Invalid addr 'nohost'"],
  },
  {
    what: "a port that is none",
    answer: "[4]: problem converting port 'x' to an int\n\n",
    refusals: ["problem converting port 'x' to an int"],
  },
  { what: "a session that is gone", answer: "Session not found.\n\n", refusals: ["Session not found."] },
  {
    what: "a process that is not there",
    answer: "Can't find the target PID matching the prefix '@@9'\n",
    refusals: ["Can't find the target PID matching the prefix '@@9'"],
  },
  {
    what: "a reload that failed",
    answer: "Success=0\n--\n[ALERT]    (1) : config : no such file\n\n",
    refusals: ["Success=0\n--\n[ALERT]    (1) : config : no such file"],
  },
];

describe("an answer is", () => {
  test.each(named(DONE))("output: %s", (_what, { answer, output }) => {
    expect(judge(answer)).toEqual({ output, refusals: [] });
  });

  test.each(named(REFUSED))("a refusal: %s", (_what, { answer, refusals }) => {
    expect(judge(answer)).toEqual({ output: "", refusals });
  });

  test("judged reply by reply", () => {
    const answer = "[6]: 3.2.26-1\n\n[3]: No such server.\n\n\n[3]: No such backend.\n\nName: HAProxy\n\n";
    expect(judge(answer)).toEqual({
      output: "3.2.26-1\n\n\nName: HAProxy\n\n",
      refusals: ["No such server.", "No such backend."],
    });
  });
});
