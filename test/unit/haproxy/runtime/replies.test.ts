import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ReplySplitter } from "../../../../src/haproxy/runtime/replies.ts";
import { named } from "../../../harness/named.ts";

const LIMIT = 10_000;

/** Replies of a stream that arrives in the given pieces, and what is left after them. */
function split(pieces: readonly string[], limit = LIMIT): { replies: string[]; rest: string } {
  const splitter = new ReplySplitter(limit);
  const replies = pieces.flatMap((piece) => splitter.push(piece));
  return { replies, rest: splitter.rest };
}

/** Streams as HAProxy 3.2.26 sent them. */
const STREAMS: readonly { what: string; stream: string; replies: readonly string[] }[] = [
  { what: "`prompt i` alone", stream: "\n", replies: [""] },
  {
    what: "a server added, checked and made ready",
    stream: "New server registered.\n\n\n\n",
    replies: ["New server registered.", "", ""],
  },
  {
    what: "a server put into maintenance, awaited and deleted",
    stream: "\nDone.\n\nServer deleted.\n\n",
    replies: ["", "Done.", "Server deleted."],
  },
  {
    what: "two refusals",
    stream: "'id' : custom id 4 already used at (null):0 ('server s4').\n\nNo such server.\n\n",
    replies: ["'id' : custom id 4 already used at (null):0 ('server s4').", "No such server."],
  },
  {
    what: "a reply of several lines between silent ones",
    stream: "\n1\n# be_id be_name srv_id srv_name\n5 webservers 1 s1\n5 webservers 2 s2\n\n\n",
    replies: ["", "1\n# be_id be_name srv_id srv_name\n5 webservers 1 s1\n5 webservers 2 s2", ""],
  },
  {
    what: "words that are indented",
    stream: "Unknown command: 'bogus'\n  help [<command>]\n  quit\n\n",
    replies: ["Unknown command: 'bogus'\n  help [<command>]\n  quit"],
  },
];

describe.each(named(STREAMS))("the stream of %s", (_what, { stream, replies }) => {
  test("is cut into its replies", () => {
    expect(split([stream])).toEqual({ replies, rest: "" });
  });

  test("gives the same replies when it arrives character by character", () => {
    expect(split([...stream])).toEqual({ replies, rest: "" });
  });

  test("gives the same replies when it arrives in two pieces, wherever it is cut", () => {
    for (let at = 0; at <= stream.length; at++)
      expect(split([stream.slice(0, at), stream.slice(at)]), `cut at ${at}`).toEqual({ replies, rest: "" });
  });
});

const line = fc.string({
  unit: fc.constantFrom("a", " ", "é", "€", ";", "1", "\r"),
  minLength: 1,
  maxLength: 8,
});
const reply = fc.array(line, { maxLength: 4 }).map((lines) => lines.join("\n"));
const streamOf = (replies: readonly string[]): string =>
  replies.map((text) => (text === "" ? "\n" : `${text}\n\n`)).join("");

test("any replies survive any cutting of their stream", () => {
  fc.assert(
    fc.property(
      fc.array(reply, { maxLength: 8 }),
      fc.array(fc.nat(200), { maxLength: 10 }),
      (replies, cuts) => {
        const stream = streamOf(replies);
        const borders = [
          0,
          ...cuts.filter((cut) => cut < stream.length).sort((a, b) => a - b),
          stream.length,
        ];
        const pieces = borders.slice(1).map((end, index) => stream.slice(borders[index], end));
        expect(split(pieces)).toEqual({ replies, rest: "" });
      },
    ),
    { numRuns: 500 },
  );
});

test("a reply without its empty line is not one yet, and can be looked at", () => {
  const splitter = new ReplySplitter(LIMIT);
  expect(splitter.push("Done.\n\nThe command line is too big")).toEqual(["Done."]);
  expect(splitter.push("\n")).toEqual([]);
  expect(splitter.rest).toBe("The command line is too big\n");
  expect(splitter.push("\n")).toEqual(["The command line is too big"]);
  expect(splitter.rest).toBe("");
});

describe("the size cap", () => {
  const tooMuch = (pieces: readonly string[]) => () => split(pieces, 10);

  test("lets replies through that are as long as it allows", () => {
    expect(split(["123456789\n", "\n123456789\n\n"], 10).replies).toEqual(["123456789", "123456789"]);
  });

  test("counts each reply by itself, not the stream", () => {
    expect(split([streamOf(Array.from({ length: 50 }, () => "12345"))], 10).replies).toHaveLength(50);
  });

  test("stops a reply that grows without end", () => {
    expect(tooMuch(["123456", "78901"])).toThrow(new RangeError("a reply has more than 10 characters"));
    expect(tooMuch(["ok\n\n123456", "78901"])).toThrow(RangeError);
  });

  test("stops a reply that arrives whole", () => {
    expect(tooMuch(["ok\n\n1234567890123\n\n"])).toThrow(RangeError);
  });
});
