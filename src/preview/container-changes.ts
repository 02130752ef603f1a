import { describeChangedKeys, idKey, type MadeFrom, serviceMadeFrom } from "../stack/made-from.ts";
import { servicesOf } from "../stack/monitoring-services.ts";
import type { Declared, Observed } from "./situation.ts";

/** Tells the old and the new image of app containers that have the same reference for both. */
export function describeImages({ settings, apps: declared }: Declared, { apps }: Observed): string[] {
  const { image } = settings.app;
  const only = (id = ""): MadeFrom => ({ "app.image": image, [idKey("app.image")]: id });
  const lines = [...declared].flatMap(([name, { madeFrom }]) => {
    const found = apps.get(name)?.madeFrom;
    if (found?.["app.image"] !== image) return [];
    return describeChangedKeys(only(found[idKey("app.image")]), only(madeFrom[idKey("app.image")]));
  });
  return [...new Set(lines)].map((line) => `image: ${line}`);
}

/** What of Prometheus and Grafana can only change with the container. */
export function describeMonitoring({ topology, images }: Declared, { monitoring }: Observed): string[] {
  return servicesOf(topology.monitoring).flatMap((service) => {
    const found = monitoring?.get(service.containerName);
    const words = found === undefined ? [] : describeChangedKeys(found, serviceMadeFrom(service, images));
    return words.length === 0 ? [] : [`monitoring replaced: ${service.containerName}, ${words.join(", ")}`];
  });
}

/**
 * Tells what somebody did to containers that stay, and what of it takes another container.
 * @param replaced names of containers that are replaced anyway
 */
export function describeDrift({ drift = new Map() }: Observed, replaced: ReadonlySet<string>): string[] {
  const names = Map.groupBy(
    [...drift].filter(([name, { inPlace }]) => inPlace.length > 0 && !replaced.has(name)),
    ([, { inPlace }]) => inPlace.join(", "),
  );
  return [
    ...[...names].map(([words, found]) => `in place: ${words} (${found.map(([name]) => name).join(", ")})`),
    ...[...drift].flatMap(([name, { lasting }]) =>
      lasting.length > 0 ? [`drift: ${name}, ${lasting.join(", ")}`] : [],
    ),
  ];
}
