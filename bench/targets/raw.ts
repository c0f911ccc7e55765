/** `serve` with one handler: the routes of the contract by hand. Env: environment.ts. */

import { type Request, Response, serve } from "@millrace/millrace/http";
import { sleep } from "@millrace/millrace/runtime";
// deno-fmt-ignore
import {
  address, announce, chunks, DRAIN_MS, exitOnSignal, integer, MAX_CHUNK_BYTES, MAX_CHUNKS, MAX_SLOW_MS,
} from "./environment.ts";

function handle(request: Request): Response | Promise<Response> {
  const path = request.path;
  if (path === "/") return Response.text("Hello, World!");
  if (path === "/json") return Response.json({ message: "Hello, World!" });
  if (path.startsWith("/users/")) return user(path.slice("/users/".length));
  if (path === "/echo" && request.method === "POST") return echo(request);
  if (path === "/stream") return stream(new URLSearchParams(request.query));
  if (path === "/slow") return slow(new URLSearchParams(request.query));
  return Response.text("Not Found", { status: 404 });
}

function user(text: string): Response {
  const id = integer(text, Number.MAX_SAFE_INTEGER);
  return id === null ? Response.text("id: want an integer", { status: 400 }) : Response.json({ id });
}

function echo(request: Request): Response {
  const type = request.field("content-type") ?? "application/octet-stream";
  return new Response(request.body, { headers: { "content-type": type } });
}

function stream(query: URLSearchParams): Response {
  const count = integer(query.get("n") ?? "1", MAX_CHUNKS);
  const size = integer(query.get("size") ?? "1024", MAX_CHUNK_BYTES);
  if (count === null || size === null) return Response.text("n, size: want integers", { status: 400 });
  return new Response(chunks(count, size), { headers: { "content-type": "application/octet-stream" } });
}

async function slow(query: URLSearchParams): Promise<Response> {
  const ms = integer(query.get("ms") ?? "0", MAX_SLOW_MS);
  if (ms === null) return Response.text("ms: want an integer", { status: 400 });
  await sleep(ms);
  return Response.text(`slept ${ms}`);
}

const server = serve(handle, address());
announce(server.url);
exitOnSignal(() => server.shutdown({ deadlineMs: DRAIN_MS }));
