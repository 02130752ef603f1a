import { readStackLogs } from "../../src/docker/log-stream.ts";
import { docker } from "../../test/harness/running-stack.ts";
import type { TestStack } from "../../test/harness/stack.ts";
import type { Span } from "./explain.ts";

const MOST_LINES = 20;
const AROUND_MS = 1_000;

/** Reads HAProxy's log around a span of time, without the lines of requests that went well. */
export async function readEvidence(stack: TestStack, { start, end }: Span): Promise<string[]> {
  const lines: string[] = [];
  const options = {
    sinceSeconds: Math.floor((start - AROUND_MS) / 1000),
    isFollowing: false,
    signal: AbortSignal.timeout(60_000),
    onLine: (container: string, line: string): void => {
      if (
        container === stack.haproxyName &&
        isTelling(line, { start: start - AROUND_MS, end: end + AROUND_MS })
      )
        lines.push(line);
    },
    onFailure: (container: string, words: string): void => {
      throw new Error(`the log of ${container} cannot be read: ${words}`);
    },
  };
  await readStackLogs(docker, stack.name, options);
  return lines.slice(0, MOST_LINES);
}

function isTelling(line: string, { start, end }: Span): boolean {
  if (!line.startsWith("{")) return true; // a notice of HAProxy's own
  const { time, status, termination, retries } = JSON.parse(line);
  const at = Date.parse(time);
  return at >= start && at <= end && (status >= 400 || termination !== "--" || retries > 0);
}
