import { readFileSync } from "node:fs";

/**
 * Answers of HAProxy 3.2.26, recorded from one moment of one backend: s1 up with two requests; s2 down, its
 * app answers 503 with a comma and quotes in the reason; s3 in drain at weight 20 with a check under way; s4
 * in maintenance; s5 new and not checked yet; s6 added by a host name, which HAProxy takes and never uses; s7
 * added without a check and without a cookie; s8 added and nothing else.
 */
export const RECORDED = {
  serversState: read("show-servers-state.txt"),
  serversConn: read("show-servers-conn.txt"),
  stat: read("show-stat.txt"),
};

function read(file: string): string {
  return readFileSync(new URL(`recorded/${file}`, import.meta.url), "utf8");
}
