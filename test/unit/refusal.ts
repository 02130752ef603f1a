import type { ConfiguredSettings } from "../../src/stack/settings.ts";
import { SettingsError } from "../../src/stack/settings-error.ts";
import { type StackConfig, settingsOf } from "../harness/pulumi-config.ts";

/** What a config is refused with. Fails when it is accepted, or anything but a SettingsError is thrown. */
export function refusalOf(parse: () => ConfiguredSettings): SettingsError {
  try {
    parse();
  } catch (error) {
    if (error instanceof SettingsError) return error;
    throw error;
  }
  throw new Error("the config is accepted");
}

/** What a stack's own values are refused with, next to the defaults. */
export const refusal = (stackConfig: StackConfig): SettingsError => refusalOf(() => settingsOf(stackConfig));
/** The keys that are refused, in the order of the message. */
export const keysOf = ({ mistakes }: SettingsError): string[] => mistakes.map(({ key }) => key);
