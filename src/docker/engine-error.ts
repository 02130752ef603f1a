import { messageOf } from "../stack/settled.ts";

/**
 * The Docker engine could not do what was asked. The message is one line: what was tried, why it failed in
 * Docker's words, and what to do.
 */
export class EngineError extends Error {
  override readonly name: string = "EngineError";
  // Pulumi prints an error's stack if it has one, and users need the message alone.
  override stack = "";
}

/** No engine answers at an address. */
export class UnreachableError extends EngineError {
  override readonly name = "UnreachableError";
}

/** Takes Docker's own words out of an error of the Engine API, without the client's prefix. */
export function dockerWords(error: unknown): string {
  if (isRecord(error) && isRecord(error.json) && typeof error.json.message === "string")
    return oneLine(error.json.message);
  return oneLine(messageOf(error)).replace(/^\(HTTP code \d+\) [a-z ]+ - /, "");
}

/** Whether the Engine API answered with this HTTP status. */
export const hasStatus = (error: unknown, status: number): boolean =>
  isRecord(error) && error.statusCode === status;

/** Asks the engine for a thing. The result is undefined if there is no such thing. */
export async function ifFound<T>(ask: () => Promise<T>): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    if (hasStatus(error, 404)) return undefined;
    throw error;
  }
}

const oneLine = (text: string): string => text.replaceAll(/\s*\n\s*/g, " ").trim();

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
