import type { Engine } from "../docker/engine.ts";
import { findExposedPorts } from "../docker/images.ts";
import { type ConfiguredSettings, type Settings, withPort } from "../stack/settings.ts";
import { SettingsError } from "../stack/settings-error.ts";

/**
 * Completes settings by the port of the app: the config's, or else the one TCP port that the image exposes.
 * @throws {SettingsError} The image exposes none, or several.
 * @throws {EngineError} The image cannot be had.
 */
export async function completeByImage(docker: Engine, settings: ConfiguredSettings): Promise<Settings> {
  const { port, image } = settings.app;
  if (port !== undefined) return withPort(settings, port);
  const exposed = await findExposedPorts(docker, settings);
  const [only, ...others] = exposed;
  if (only !== undefined && others.length === 0) return withPort(settings, only);
  const found = exposed.length === 0 ? "no TCP port" : `the TCP ports ${exposed.join(", ")}`;
  const allowed = `the TCP port on which the app listens, since image ${image} exposes ${found}`;
  throw new SettingsError(settings.stack, [{ key: "app.port", given: undefined, allowed }]);
}
