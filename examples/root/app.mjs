// An app as many are: it runs as root, listens on port 80, keeps a file in its own container, and becomes
// another user for a part of its work. It has no page at /.
import { execFileSync } from "node:child_process";
import { appendFileSync, chownSync, mkdirSync, readFileSync } from "node:fs";
import { createServer } from "node:http";

const VISITS = "/var/lib/visits";
const NOBODY = 65_534;
mkdirSync(VISITS, { recursive: true });
chownSync(VISITS, NOBODY, NOBODY);

const server = createServer((request, response) => {
  const answer = (status, body) => response.writeHead(status).end(JSON.stringify(body));
  if (request.url === "/healthz") return answer(200, "well");
  if (request.url !== "/visit") return answer(404, "no such page");
  const script = "process.stdout.write(String(process.getuid()))";
  const helper = execFileSync(process.execPath, ["-e", script], { uid: NOBODY, gid: NOBODY });
  appendFileSync(`${VISITS}/log`, ".");
  answer(200, {
    user: process.getuid(),
    helper: Number(helper),
    visits: readFileSync(`${VISITS}/log`).length,
  });
});
server.listen(80);
process.on("SIGTERM", () => server.close());
