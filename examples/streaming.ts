/**
 * Bodies that are longer than memory: an answer that is made while it is sent, and a request that is answered while it
 * arrives. Whoever reads slowly slows down whoever writes.
 *
 * ```sh
 * deno run -A examples/streaming.ts
 * curl -N http://127.0.0.1:3000/count
 * curl -T some.file http://127.0.0.1:3000/upper
 * ```
 */
import { type Request, Response, serve } from "@millrace/millrace/http";
import { sleep } from "@millrace/millrace/runtime";

/** A line every tenth of a second; ends when the client leaves, or after ten lines. */
async function* count(): AsyncGenerator<string> {
  for (let i = 1; i <= 10; i++) {
    yield `${i}\n`;
    await sleep(100);
  }
}

/** ASCII letters to upper case, piece by piece. */
const upper = (): TransformStream<Uint8Array, Uint8Array> =>
  new TransformStream({
    transform: (bytes, out) => out.enqueue(bytes.map((byte) => byte >= 97 && byte <= 122 ? byte - 32 : byte)),
  });

function handle(request: Request): Response {
  if (request.path === "/count") return new Response(count(), { headers: { "content-type": "text/plain" } });
  if (request.path === "/upper" && request.body !== null) {
    return new Response(request.body.pipeThrough(upper()));
  }
  return Response.text("GET /count, or PUT something to /upper\n", { status: 404 });
}

const server = serve(handle, { port: Number(Deno.args[0] ?? 3000) });
console.log(`listening on ${server.url}`);
