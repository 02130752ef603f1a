import { z } from "zod";
import { kind, listOrMap, mapOf, NO_NUL, numberOrText, text, wholeNumber } from "./value-kinds.ts";

// Values that Docker takes for a container.

const PATH_SOURCE = "(/(?!\\.{1,2}(/|:|$))[A-Za-z0-9._-]+)+";
const PATH = new RegExp(`^${PATH_SOURCE}$`);

export const environment = mapOf(
  // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused
  text(/^[^\u0000-\u001f\u007f=]+$/, 256),
  text(NO_NUL, 65_536),
  "a map of names without = and control characters to texts without NUL",
);

/** A name of a label as Docker has it, but none of Balancer's own. */
export const labels = mapOf(
  text(/^(?!balancer\.)[a-zA-Z0-9]([a-zA-Z0-9._/-]*[a-zA-Z0-9])?$/, 128),
  text(NO_NUL, 4096),
  "a map of names (letters, digits, ._-/, not balancer.*) to texts without NUL",
);

/** A number says how many files a process may open, as before there was a key for it. */
export const filesOrLimit = {
  ...kind(
    z.union([
      wholeNumber(1024, 1_048_576).schema,
      mapOf(text(PATH, 255), text(NO_NUL, 512 * 1024), "").schema.refine(
        (files) => Object.values(files).reduce((sum, each) => sum + each.length, 0) <= 1024 * 1024,
      ),
    ]),
    "a map of absolute paths (letters, digits, ._-) to texts without NUL, of up to 1 MB together; or a " +
      "whole number from 1024 to 1048576, which means app.openFiles",
  ),
  isMixed: true,
};

/** Host paths and names of volumes, as `docker run --volume` has them. */
export const volumes = kind(
  z
    .array(
      text(
        new RegExp(
          `^([a-zA-Z0-9]([a-zA-Z0-9_.-]|\\{n\\})*|(/([A-Za-z0-9._-]|\\{n\\})+)+):${PATH_SOURCE}(:ro)?$`,
        ),
        600,
      ),
    )
    .max(32),
  "a list of NAME:/path or /host/path:/path, with :ro behind it or not, {n} in the first part or not",
);

export const dockerNetworks = kind(
  z.array(text(/^[a-zA-Z0-9][a-zA-Z0-9_.-]*$/, 128)).max(16),
  "a list of names of Docker networks",
);

export const replicaHostName = kind(
  text(/^(([A-Za-z0-9]|\{n\})(([A-Za-z0-9.-]|\{n\})*([A-Za-z0-9]|\{n\}))?)?$/, 63),
  "a host name, {n} in it or not, or nothing",
);

export const stopSignal = kind(
  numberOrText.pipe(text(/^((SIG)?(?!SIG)[A-Z]{2,6}\d{0,2}([+-]\d{1,2})?|[1-9]|[1-5]\d|6[0-4])?$/, 16)),
  "a signal such as SIGQUIT or 3, or nothing for the image's own",
);

export const userOfImage = kind(
  z.string().regex(/^([a-z_][a-z0-9_-]{0,31}|\d{1,9})?(:([a-z_][a-z0-9_-]{0,31}|\d{1,9}))?$/),
  "a user of the image by name or number, such as app, 1000 or 1000:1000, or nothing for the image's own",
);

export const folders = listOrMap(
  z
    .array(
      text(
        new RegExp(`^${PATH_SOURCE}(:(exec|size=[1-9]\\d{0,6}[kmg])(,(exec|size=[1-9]\\d{0,6}[kmg]))?)?$`),
        300,
      ),
    )
    .max(32),
  "a list of absolute paths of letters, digits and ._-, :size=256m,exec or a part of it behind it or not",
);

export const capabilities = listOrMap(
  z.array(z.string().regex(/^[A-Z_]{3,32}$/)).max(64),
  "a list of Linux capabilities such as NET_BIND_SERVICE",
);
