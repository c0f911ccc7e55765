// Peer: the routes of the contract on Bun.serve.

import { handle } from "./peer.mjs";

const server = globalThis.Bun.serve({
  hostname: process.env.HOST ?? "127.0.0.1",
  port: Number(process.env.PORT ?? 3000),
  // The idle bench holds connections open for longer than the ten seconds of the default.
  idleTimeout: 120,
  fetch: handle,
});
console.log(`listening on http://${server.hostname}:${server.port} (pid ${process.pid})`);
process.on("SIGTERM", () => process.exit(0));
