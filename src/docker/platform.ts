/** What an engine tells of an image's platform. */
export interface FoundPlatform {
  readonly Os: string;
  readonly Architecture: string;
  readonly Variant: string;
}

/** An image that names no variant is of this one. */
const USUAL_VARIANT: Readonly<Record<string, string>> = { amd64: "v1", arm64: "v8", arm: "v7" };

/** Writes a platform as the config does: `linux/arm64/v8`. */
export const platformOf = ({ Os, Architecture, Variant }: FoundPlatform): string =>
  [Os, Architecture, Variant].filter((part) => part !== "").join("/");

/** Whether an image is of a platform that the config names. Any will do where it names none. */
export function isOfPlatform(image: FoundPlatform, wanted: string): boolean {
  const [os, architecture = "", variant = ""] = wanted.split("/");
  const variantOf = (given: string): string => given || (USUAL_VARIANT[architecture] ?? "");
  return (
    wanted === "" ||
    (image.Os === os &&
      image.Architecture === architecture &&
      variantOf(image.Variant) === variantOf(variant))
  );
}
