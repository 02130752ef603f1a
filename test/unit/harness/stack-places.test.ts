import { expect, test } from "vitest";
import { placeOf, STACK_NUMBERS, type StackName } from "../../harness/stack-places.ts";

const isStackName = (name: string): name is StackName => name in STACK_NUMBERS;
const NAMES = Object.keys(STACK_NUMBERS).filter(isStackName);

test("no two stacks of the tests and the bench share a number", () => {
  const numbers = Object.values(STACK_NUMBERS);
  expect(new Set(numbers).size).toBe(numbers.length);
  expect(Math.max(...numbers)).toBeLessThan(100);
});

test("no two stacks meet in a subnet or a port, with three balancers each", () => {
  const places = NAMES.map(placeOf);
  expect(new Set(places.map(({ subnet }) => subnet)).size).toBe(NAMES.length);
  const ports = places.flatMap(({ ports: { prometheus, grafana, ...ofBalancers } }) => [
    prometheus,
    grafana,
    ...Object.values(ofBalancers).flatMap((first) => [first, first + 1, first + 2]),
  ]);
  expect(new Set(ports).size).toBe(ports.length);
});
