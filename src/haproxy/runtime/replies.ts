/**
 * Cuts a stream of the runtime API into replies. A reply is every line up to an empty one; a command that has
 * nothing to say answers with the empty line alone.
 */
export class ReplySplitter {
  readonly #maxReplyChars: number;
  #rest = "";

  constructor(maxReplyChars: number) {
    this.#maxReplyChars = maxReplyChars;
  }

  /**
   * Takes the next piece of the stream, cut anywhere.
   * @returns the replies that are whole now, without their empty line
   * @throws {RangeError} when a reply grows beyond the limit
   */
  push(chunk: string): string[] {
    const replies: string[] = [];
    let text = this.#rest + chunk;
    for (let end = endOfReply(text); end !== -1; end = endOfReply(text)) {
      if (end > this.#maxReplyChars) throw this.#tooLong();
      replies.push(text.slice(0, end).replace(/\n$/, ""));
      text = text.slice(end + 1);
    }
    if (text.length > this.#maxReplyChars) throw this.#tooLong();
    this.#rest = text;
    return replies;
  }

  #tooLong(): RangeError {
    return new RangeError(`a reply has more than ${this.#maxReplyChars} characters`);
  }

  /** What came after the last whole reply. */
  get rest(): string {
    return this.#rest;
  }
}

/** Index of the newline that makes the empty line, or -1. */
function endOfReply(text: string): number {
  if (text.startsWith("\n")) return 0;
  const blank = text.indexOf("\n\n");
  return blank === -1 ? -1 : blank + 1;
}
