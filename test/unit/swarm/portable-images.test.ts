import { expect, test } from "vitest";
import { findPortable } from "../../../src/swarm/portable-images.ts";
import { scriptedEngine } from "../docker/scripted-engine.ts";

const [A, B] = [`sha256:${"a".repeat(64)}`, `sha256:${"b".repeat(64)}`];

test.each([
  ["r.test:5000/shop/app:1", [`other/app@${A}`, `r.test:5000/shop/app@${B}`], `r.test:5000/shop/app@${B}`],
  ["r.test:5000/shop/app", [`r.test:5000/shop/app@${B}`], `r.test:5000/shop/app@${B}`],
  [`r.test/app:1@${B}`, [`r.test/app@${A}`, `r.test/app@${B}`], `r.test/app@${B}`],
  ["stefanprodan/podinfo:6.9.2", [`stefanprodan/podinfo@${A}`], `stefanprodan/podinfo@${A}`],
  ["docker.io/stefanprodan/podinfo:6.9.2", [`stefanprodan/podinfo@${A}`], `stefanprodan/podinfo@${A}`],
  ["index.docker.io/library/haproxy:3.2", [`haproxy@${A}`], `haproxy@${A}`],
  ["library/haproxy:3.2", [`haproxy@${A}`], `haproxy@${A}`],
  ["r.test/haproxy:3.2", [`haproxy@${A}`], "id"],
  ["built:here", [], "id"],
])("%s with the digests %j is %s on every machine", async (reference, RepoDigests, name) => {
  await using engine = await scriptedEngine({ "/images/id/json": { Id: "id", RepoDigests } });
  expect(await findPortable(engine.docker, new Map([[reference, "id"]]))).toEqual(
    new Map([[reference, name]]),
  );
});
