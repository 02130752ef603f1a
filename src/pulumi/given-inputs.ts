import * as pulumi from "@pulumi/pulumi";

/** Arguments whose values may come from other resources. */
export interface FromResources {
  /**
   * Environment of the app containers, `{n}` in it is the container's number. A value that is a secret keeps
   * all of it encrypted in the state. One that is not known at preview is told as a change there.
   */
  readonly env?: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>> | undefined;
  /** Files of the app containers, a map of paths to texts; as `env` otherwise. */
  readonly files?: pulumi.Input<Readonly<Record<string, pulumi.Input<string>>>> | undefined;
  /** Image of the app containers. Must be known at preview, which looks at the image. */
  readonly image?: pulumi.Input<string> | undefined;
  /** Networks besides its own that the app containers join. Must be known at preview. */
  readonly networks?: pulumi.Input<readonly pulumi.Input<string>[]> | undefined;
}

/** What arguments that may come from other resources hold. */
export interface Settled {
  /** Plain values, by argument. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Arguments that hold a secret. */
  readonly secrets: readonly string[];
  /** Where they come from. */
  readonly resources: readonly pulumi.Resource[];
  /** Arguments that come from resources. */
  readonly fromResources: readonly string[];
}

/** In place of what an update will know, in its preview. */
const LATER = "known in the update";

/** Arguments without which nothing can be looked at. */
const AT_PREVIEW: readonly string[] = ["image", "networks"];

/**
 * Waits for what comes from other resources.
 * @throws {pulumi.RunError} Some of it must be known at preview, and is not. The message names all of it.
 */
export async function settleInputs(app: string, given: FromResources): Promise<Settled> {
  const found = await Promise.all(
    Object.entries(given).map(async ([key, value]) => {
      const resources = new Set<pulumi.Resource>();
      const seen = { isSecret: false, isUnknown: false };
      const plain = unwrap(await pulumi.runtime.serializeProperty(`${app}.${key}`, value, resources), seen);
      return { key, plain, resources, ...seen };
    }),
  );
  const missing = found.filter(({ key, isUnknown }) => isUnknown && AT_PREVIEW.includes(key));
  if (missing.length > 0)
    throw new pulumi.RunError(
      missing
        .map(
          ({ key }) =>
            `app.${key} of ${app} is not known before the update; allowed: what is known at preview, ` +
            "such as a name that the program gives",
        )
        .join("\n"),
    );
  return {
    values: Object.fromEntries(found.map(({ key, plain }) => [key, plain])),
    secrets: found.filter(({ isSecret }) => isSecret).map(({ key }) => key),
    resources: [...new Set(found.flatMap(({ resources }) => [...resources]))],
    fromResources: found.filter(({ resources }) => resources.size > 0).map(({ key }) => key),
  };
}

/** Takes secrets out of what the SDK wraps them in, and puts a text where nothing is known yet. */
function unwrap(value: unknown, seen: { isSecret: boolean; isUnknown: boolean }): unknown {
  if (value === pulumi.runtime.unknownValue) {
    seen.isUnknown = true;
    return LATER;
  }
  if (pulumi.runtime.isRpcSecret(value)) {
    seen.isSecret = true;
    return unwrap(pulumi.runtime.unwrapRpcSecret(value), seen);
  }
  if (Array.isArray(value)) return value.map((each) => unwrap(each, seen));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, unwrap(each, seen)]));
}
