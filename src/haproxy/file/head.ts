import { z } from "zod";

const START = "# ";

const HEAD = z.object({ revision: z.string(), madeFrom: z.record(z.string(), z.string()) });

/** What a config tells about itself: its revision, and what it was made from, by config key. */
export type Head = z.infer<typeof HEAD>;

/** The first line of a config, without its end. */
export const formatHead = (head: Head): string => START + JSON.stringify(head);

/** Reads what a config tells about itself in its first line; undefined when it is none of Balancer's. */
export function readHead(text: string): Head | undefined {
  try {
    return HEAD.safeParse(JSON.parse(text.slice(START.length, text.indexOf("\n")))).data;
  } catch {
    return undefined;
  }
}
