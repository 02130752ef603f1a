// Is ready for who asks for it by its own name, after a while, with an unusual status. It says how many
// requests it has at a time.
import { createServer } from "node:http";

const READY_AFTER_MS = 600;
let atATime = 0;
let most = 0;

createServer((request, response) => {
  const answer = (status, body = "") => response.writeHead(status).end(body);
  if (request.url === "/health") {
    const isOurs = request.headers.host === "shop.example.com" && request.httpVersion === "1.1";
    setTimeout(() => answer(isOurs ? 418 : 404), READY_AFTER_MS);
  } else if (request.url === "/most") {
    answer(200, String(most));
  } else {
    atATime += 1;
    most = Math.max(most, atATime);
    setTimeout(() => {
      atATime -= 1;
      answer(200, request.url);
    }, 50);
  }
}).listen(3000);
