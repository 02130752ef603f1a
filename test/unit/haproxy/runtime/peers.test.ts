import { describe, expect, test } from "vitest";
import { isInStep, parsePeers } from "../../../../src/haproxy/runtime/peers.ts";
import { RuntimeError } from "../../../../src/haproxy/runtime/runtime-error.ts";

/** HAProxy 3.2.26, the second of three balancers, the third of which is away. */
const RECORDED = `0x7f58b5fe9000: [19/Feb/1970:17:02:26] id=balancers disabled=0 flags=0x28900001 resync_timeout=1s task_calls=893
  0x7f58b766a5c0: id=haproxy3(remote,active) addr=172.29.98.4:10000 app_state=STOPPED learn_state=NOTASSIGNED last_status=NONE last_hdshk=<NEVER>
        reconnect=4s heartbeat=2s confirm=0 tx_hbt=1 rx_hbt=1 no_hbt=0 new_conn=1 proto_err=0 coll=0
        flags=0x100028 appctx:0x7f58b649c000 st0=7 st1=0 task_calls=9 state=EST
  0x7f58b766a500: id=haproxy1(remote,active) addr=172.29.98.2:10000 app_state=RUNNING learn_state=NOTASSIGNED last_status=ESTA last_hdshk=3s
        reconnect=4s heartbeat=2s confirm=0 tx_hbt=1 rx_hbt=1 no_hbt=0 new_conn=1 proto_err=0 coll=1
        flags=0x100021 appctx:0x7f58b649c280 st0=7 st1=0 task_calls=5 state=EST
        shared tables:
          0x7f58b766bf40 local_id=1 remote_id=1 flags=0x0 remote_data=0x80001
              last_acked=0 last_pushed=0 last_get=0 teaching_origin=0 update=0
              table:0x7f58b6001000 id=webservers update=6 localupdate=0 commitupdate=0 refcnt=1
        Dictionary cache not dumped (use "show peers dict")
  0x7f58b766a440: id=haproxy2(local,inactive) addr=127.0.0.1:10001 app_state=STOPPED learn_state=NOTASSIGNED last_status=NONE last_hdshk=<NEVER>
        reconnect=<NEVER> heartbeat=<NEVER> confirm=0 tx_hbt=0 rx_hbt=0 no_hbt=0 new_conn=0 proto_err=0 coll=0

`;

describe("the answer of show peers", () => {
  test("tells of the other balancers whether they are connected", () => {
    expect(parsePeers(RECORDED)).toEqual([
      {
        name: "haproxy3",
        address: "172.29.98.4:10000",
        isConnected: false,
        lastStatus: "NONE",
        untaught: 0,
        isInLesson: false,
      },
      {
        name: "haproxy1",
        address: "172.29.98.2:10000",
        isConnected: true,
        lastStatus: "ESTA",
        untaught: 0,
        isInLesson: true,
      },
    ]);
  });

  test("tells what a peer has yet to be taught", () => {
    const peer = (changes: readonly (readonly [string, string])[]) =>
      parsePeers(changes.reduce((text, [from, to]) => text.replace(from, to), RECORDED))[1];
    const taught = peer([["flags=0x100021", "flags=0x100020"]]);
    expect(taught && isInStep(taught)).toBe(true);
    const behind = peer([
      ["localupdate=0", "localupdate=7"],
      ["last_pushed=0", "last_pushed=4"],
    ]);
    expect(behind).toMatchObject({ untaught: 3 });
    const around = peer([
      ["localupdate=0", "localupdate=1"],
      ["last_pushed=0", "last_pushed=4294967295"],
    ]);
    expect(around).toMatchObject({ untaught: 2 });
    const learns = peer([
      ["flags=0x100021", "flags=0x20"],
      ["learn_state=NOTASSIGNED last_status=ESTA", "learn_state=PROCESSING last_status=ESTA"],
    ]);
    for (const each of [behind, around, learns]) expect(each && isInStep(each)).toBe(false);
  });

  test("is empty without a peers section", () => {
    expect(parsePeers("\n")).toEqual([]);
  });

  test.each(["Unknown command", RECORDED.replace("addr=172.29.98.4:10000 ", ""), "\u001b[2J"])(
    "is refused when it is %j",
    (reply) => {
      expect(() => parsePeers(reply)).toThrow(RuntimeError);
    },
  );
});
