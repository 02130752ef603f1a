import { RuntimeError } from "../haproxy/runtime/runtime-error.ts";
import type { Session } from "../haproxy/runtime/stick-table.ts";
import type { Caller } from "./caller.ts";
import { warnOfFailure } from "./command-line.ts";

/**
 * The sessions of all balancers, each once, or once for each server that it is on. Those of the only balancer
 * are not remembered, so that any number of them needs no memory. What fails on one of several is told, and
 * the rest counts.
 */
export async function* mergeSessions(caller: Caller, sources: readonly AsyncIterable<Session>[]) {
  const seen = sources.length > 1 ? new Set<string>() : undefined;
  const failures: RuntimeError[] = [];
  for (const source of sources) {
    try {
      for await (const session of source) {
        const place = `${session.key} ${session.server}`;
        if (seen?.has(place)) continue;
        seen?.add(place);
        yield session;
      }
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      failures.push(error);
    }
  }
  if (failures.length === sources.length) throw failures[0];
  for (const { message } of failures) warnOfFailure(caller, message);
}
