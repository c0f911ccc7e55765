/**
 * A handler behind a socket, and nothing else.
 *
 * ```sh
 * deno run -A examples/hello.ts        # port 3000; another one as argument
 * curl 'http://127.0.0.1:3000/?name=Ada'
 * ```
 */
import { Response, serve } from "@millrace/millrace/http";

const server = serve((request) => {
  if (request.path !== "/") return Response.text("not here\n", { status: 404 });
  const name = new URLSearchParams(request.query).get("name") ?? "World";
  return Response.text(`Hello, ${name}!\n`);
}, { port: Number(Deno.args[0] ?? 3000) });

console.log(`listening on ${server.url}`);
