/** HAProxy's buffer (`tune.bufsize`): the runtime API reads no longer line, newline and payload included. */
const BUFFER_BYTES = 16_384;

/** One line of commands, with room for what Balancer adds to a line of the user's own. */
export const MAX_LINE_BYTES = BUFFER_BYTES - 384;
/** A command with a payload. */
export const MAX_COMMAND_CHARS = BUFFER_BYTES - 84;
/** A certificate with its chain and key, which is such a payload. */
export const MAX_PEM_CHARS = MAX_COMMAND_CHARS - 300;
