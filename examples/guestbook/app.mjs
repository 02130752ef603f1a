// A guest book in a database. Where that is, and as whom, psql reads from PGHOST, PGUSER and PGPASSWORD.
import { execFile } from "node:child_process";
import { createServer } from "node:http";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Values are variables of psql's, which it quotes. */
async function query(sql, values = {}) {
  const variables = Object.entries(values).flatMap(([name, value]) => ["--set", `${name}=${value}`]);
  const options = ["--no-psqlrc", "--quiet", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"];
  const child = run("psql", [...options, ...variables], { timeout: 10_000 });
  child.child.stdin.end(sql);
  return (await child).stdout.trim();
}

const answers = {
  "GET /healthz": () => query("SELECT 'ready'"),
  "GET /": () => query("SELECT count(*) FROM guests"),
  "POST /": (name) =>
    query("INSERT INTO guests (name, page) VALUES (:'name', :'page')", { name, page: process.env.PAGE }),
};

await query("CREATE TABLE IF NOT EXISTS guests (name text, page text)").catch(({ message }) =>
  console.log(message),
);

const server = createServer(async ({ method, url }, response) => {
  const { pathname, searchParams } = new URL(url, "http://app");
  const answer = answers[`${method} ${pathname}`];
  if (answer === undefined) return response.writeHead(404).end();
  try {
    response.writeHead(200, { "Content-Type": "text/plain" }).end(await answer(searchParams.get("name")));
  } catch (error) {
    response.writeHead(503).end(error.message);
  }
});

server.listen(8000);
for (const signal of ["SIGTERM", "SIGINT"]) process.on(signal, () => server.close(() => process.exit(0)));
