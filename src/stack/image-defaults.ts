import { ANSWERS, type HealthCheck, READY } from "./health-check.ts";

/** What an app has without keys of the user's. */
interface ImageDefaults {
  /** Undefined for the port that the image exposes. */
  readonly port: number | undefined;
  readonly check: Pick<HealthCheck, "path" | "status">;
  /** Empty for the image's own. */
  readonly command: readonly string[];
}

/** Tells what an app has that its config does not say. Podinfo in any version has what it needs. */
export const imageDefaults = (image: string): ImageDefaults =>
  PODINFO.test(image)
    ? { port: 9898, check: { path: "/readyz", status: READY }, command: PODINFO_COMMAND }
    : { port: undefined, check: { path: "/", status: ANSWERS }, command: [] };

const PODINFO_COMMAND = ["./podinfo", "--port={port}", "--level=debug"];

/** The default image's repository, whatever registry it is from. */
const PODINFO = /(^|\/)stefanprodan\/podinfo([:@]|$)/;
