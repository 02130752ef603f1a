import type { Endpoint } from "../../stack/endpoint.ts";
import { type CommandLine, linesWithSeverity } from "./command.ts";
import { noAnswer, runRaw } from "./connection.ts";
import { judge, type Verdict } from "./verdict.ts";

/**
 * Runs a line of the user's own as HAProxy would run it alone, and tells which of its commands were refused.
 * @throws {RuntimeError} when HAProxy is unreachable, or does not answer within `timeoutMs` or before it
 *   closes the connection
 */
export async function runUserLine(endpoint: Endpoint, userLine: CommandLine, timeoutMs: number) {
  const verdicts: Verdict[] = [];
  for (const { line, hasSeverity } of linesWithSeverity(userLine)) {
    const answer = await runRaw(endpoint, line, timeoutMs);
    const own = hasSeverity ? answer.replace(/^\n/, "") : answer;
    if (own === "") throw noAnswer(endpoint, userLine);
    verdicts.push(judge(own));
  }
  return {
    output: verdicts.map(({ output }) => output).join(""),
    refusals: verdicts.flatMap(({ refusals }) => refusals),
  };
}
