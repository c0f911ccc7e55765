// Peer: the routes of the contract on node:http.

import { createServer } from "node:http";
import process from "node:process";

const server = createServer((request, response) => {
  const url = request.url ?? "/";
  const mark = url.indexOf("?");
  const path = mark < 0 ? url : url.slice(0, mark);
  if (path === "/") return answer(response, 200, "text/plain", "Hello, World!");
  if (path === "/json") {
    return answer(response, 200, "application/json", JSON.stringify({ message: "Hello, World!" }));
  }
  if (path.startsWith("/users/")) {
    const text = path.slice(7);
    if (!/^\d+$/.test(text)) return answer(response, 400, "text/plain", "");
    return answer(response, 200, "application/json", JSON.stringify({ id: Number(text) }));
  }
  if (path === "/echo" && request.method === "POST") {
    response.writeHead(200, {
      "content-type": request.headers["content-type"] ?? "application/octet-stream",
    });
    return request.pipe(response);
  }
  if (path === "/slow") {
    const ms = Number(new URLSearchParams(url.slice(mark + 1)).get("ms") ?? 0);
    return setTimeout(() => answer(response, 200, "text/plain", `slept ${ms}`), ms);
  }
  answer(response, 404, "text/plain", "");
});

/** @param {import("node:http").ServerResponse} response @param {number} status @param {string} type @param {string} body */
function answer(response, status, type, body) {
  response.writeHead(status, { "content-type": type, "content-length": body.length });
  response.end(body);
}

server.listen(Number(process.env.PORT ?? 3000), process.env.HOST ?? "127.0.0.1", () => {
  const { address, port } = server.address();
  console.log(`listening on http://${address}:${port} (pid ${process.pid})`);
});
// The idle bench holds connections open for longer than the five seconds of the default.
server.keepAliveTimeout = 120_000;
process.on("SIGTERM", () => process.exit(0));
