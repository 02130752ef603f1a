/**
 * HAProxy's runtime API reads no line that is longer than its buffer, payload included. This is the least
 * that `haproxy.buffer` may be, so lines fit whatever it is.
 */
const BUFFER_BYTES = 16_384;

/** A line of commands leaves room for what Balancer adds to a line of the user's own. */
export const MAX_LINE_BYTES = BUFFER_BYTES - 384;
/** A command with a payload has at most so many characters. */
export const MAX_COMMAND_CHARS = BUFFER_BYTES - 84;
/** A certificate with its chain and key is such a payload. */
export const MAX_PEM_CHARS = MAX_COMMAND_CHARS - 300;
