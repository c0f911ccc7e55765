/** Peer: the routes of the contract on Deno.serve. */

import { handle } from "./peer.mjs";

const server = Deno.serve({
  hostname: Deno.env.get("HOST") ?? "127.0.0.1",
  port: Number(Deno.env.get("PORT") ?? 3000),
  onListen: ({ hostname, port }) => console.log(`listening on http://${hostname}:${port} (pid ${Deno.pid})`),
}, handle);

Deno.addSignalListener("SIGTERM", () => void server.shutdown().then(() => Deno.exit(0)));
