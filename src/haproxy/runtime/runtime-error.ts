import { excerpt } from "../../stack/safe-text.ts";

/** Most that a message tells: HAProxy's words and a container's last lines may be long. */
const MAX_MESSAGE_CHARS = 8_000;

/** What went wrong: no connection, no whole answer in time, or an answer that refuses. */
export type RuntimeErrorKind = "unreachable" | "broken" | "timeout" | "refused" | "malformed";

/**
 * HAProxy's runtime API could not be used, or refused a command. The message tells on what, and HAProxy's
 * words, which are made safe for a terminal: some of them are an app's.
 */
export class RuntimeError extends Error {
  override readonly name = "RuntimeError";
  // Pulumi prints the stack of an error where there is one; here the message says it all.
  override stack = "";
  readonly kind: RuntimeErrorKind;

  constructor(kind: RuntimeErrorKind, message: string, options?: ErrorOptions) {
    super(excerpt(message, MAX_MESSAGE_CHARS), options);
    this.kind = kind;
  }
}

const MAX_REPLY_CHARS = 300;

/**
 * An answer that nobody expects, with HAProxy's words.
 * @param text the answer, or its part that is not understood
 */
export const malformed = (command: string, text: string): RuntimeError =>
  new RuntimeError(
    "malformed",
    `HAProxy answered "${command}" with ${JSON.stringify(text.trim().slice(0, MAX_REPLY_CHARS))}`,
  );

/** HAProxy, or an app that shall be checked otherwise, refused the config file; the old worker serves on. */
export class ReloadRefusedError extends RuntimeError {
  constructor(message: string) {
    super("refused", message);
  }
}

/** Servers did not come up in time. */
export class NotUpError extends RuntimeError {
  /** The app containers behind them. */
  readonly containerNames: readonly string[];

  constructor(message: string, containerNames: readonly string[]) {
    super("timeout", message);
    this.containerNames = containerNames;
  }
}
