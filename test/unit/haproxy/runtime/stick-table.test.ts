import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  keyOf,
  parseStickEntry,
  parseTableUse,
  sessionIdOf,
} from "../../../../src/haproxy/runtime/stick-table.ts";

const ENTRY = "0x7f1e69b1bb90: key=abc use=0 exp=1799995 shard=0 server_id=3 server_key=s3";

describe("an entry of the stick table", () => {
  test("tells session, server and time left", () => {
    expect(parseStickEntry(ENTRY)).toEqual({ key: "abc", server: "s3", serverId: 3, expiresMs: 1_799_995 });
  });

  test("may tell only the server's id", () => {
    expect(parseStickEntry(ENTRY.replace("server_key=s3", "server_key=-"))).toMatchObject({
      server: undefined,
      serverId: 3,
    });
  });

  /** Session ids as clients sent them, and as HAProxy 3.2.26 printed them. */
  test.each([
    ["", ""],
    ["with space", "with\\ space"],
    ["a=b", "a\\=b"],
    ["back\\slash", "back\\\\slash"],
    ["end\\", "end\\\\"],
    ["a\\ b", "a\\\\\\ b"],
    ["a\\nb", "a\\\\nb"],
    ["tab\there", "tab\\there"],
    ["c\u001bd", "c\\ed"],
    ["c\u001fd", "c\\x1Fd"],
    ["c\u007fd", "c\\x7Fd"],
    ["žluť", "\\xC5\\xBElu\\xC5\\xA5"],
    ["\u009b31m", "\\xC2\\x9B31m"],
    ["quo\"te'{json},;#<<%0a", "quo\"te'{json},;#<<%0a"],
    [
      "key=x use=0 exp=1 server_id=9 server_key=s9",
      "key\\=x\\ use\\=0\\ exp\\=1\\ server_id\\=9\\ server_key\\=s9",
    ],
  ])("has the id %j", (id, key) => {
    const line = ENTRY.replace("abc", () => key);
    expect(parseStickEntry(line)).toEqual({ key, server: "s3", serverId: 3, expiresMs: 1_799_995 });
    expect(sessionIdOf(key)).toBe(id);
    expect(keyOf(id)).toBe(key);
  });

  test("may have an id that is no UTF-8", () => {
    expect(sessionIdOf(parseStickEntry(ENTRY.replace("abc", () => "\\xFF\\xFE\\ bad")).key)).toBeUndefined();
  });

  test("has a spelling for every id, which no id can leave", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), (id) => {
        const key = keyOf(id);
        expect(key).toMatch(/^([!-~]|\\ )*$/);
        expect(sessionIdOf(key)).toBe(id);
        expect(parseStickEntry(ENTRY.replace("abc", () => key))).toEqual({
          key,
          server: "s3",
          serverId: 3,
          expiresMs: 1_799_995,
        });
      }),
    );
  });

  test.each([
    "",
    "No such table",
    "# table: webservers, type: string, size:102400, used:1",
    ENTRY.replace("abc", "a b"),
    ENTRY.replace("abc", "a=b"),
    ENTRY.replace("abc", "a\u001b[31m"),
    ENTRY.replace("abc", "ž"),
    ENTRY.replace("abc", "a\\"),
    ENTRY.replace("exp=1799995", "exp=-1"),
    ENTRY.replace(" server_key=s3", ""),
    `x${ENTRY}`,
  ])("is nothing else: %j", (line) => {
    expect(() => parseStickEntry(line)).toThrow(
      expect.objectContaining({ name: "RuntimeError", kind: "malformed" }),
    );
  });
});

describe("the list of tables", () => {
  /** As HAProxy 3.2.26 prints it. */
  const REPLY =
    "# table: other, type: ip, size:100, used:7\n# table: webservers, type: string, size:1048576, used:42\n\n";

  test("tells how many sessions one remembers", () => {
    expect(parseTableUse(REPLY, "webservers")).toBe(42);
  });

  test("may not have it", () => {
    expect(parseTableUse(REPLY, "web")).toBeUndefined();
    expect(parseTableUse("\n", "webservers")).toBeUndefined();
  });
});
