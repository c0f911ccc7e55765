/** Handlers that were written for another server: they type-check, and run unchanged. */
import { assert, assertEquals } from "@std/assert";
import { type Handler, serve } from "@millrace/millrace/http";
import { parseResponses } from "../../http/testing/wire.ts";
import { testIf } from "../support/skip.ts";
import { exchange, SOCKETS, withServer } from "./support.ts";

type FetchHandler = (request: globalThis.Request) => globalThis.Response | Promise<globalThis.Response>;

/** As small as such a framework can be: routes, middleware, a context, all of it on the platform's types. */
class TinyHono {
  readonly #routes: [
    method: string,
    pattern: URLPattern,
    handler: (c: Context) => Response | Promise<Response>,
  ][] = [];
  readonly #middleware: ((c: Context, next: () => Promise<void>) => Promise<void>)[] = [];

  use(middleware: (c: Context, next: () => Promise<void>) => Promise<void>): this {
    this.#middleware.push(middleware);
    return this;
  }

  on(method: string, pathname: string, handler: (c: Context) => Response | Promise<Response>): this {
    this.#routes.push([method, new URLPattern({ pathname }), handler]);
    return this;
  }

  readonly fetch: FetchHandler = async (request) => {
    const url = new URL(request.url);
    const context = new Context(request, url);
    const run = async (index: number): Promise<void> => {
      const middleware = this.#middleware[index];
      if (middleware !== undefined) return await middleware(context, () => run(index + 1));
      for (const [method, pattern, handler] of this.#routes) {
        const match = pattern.exec(url);
        if (match === null || method !== request.method) continue;
        context.params = match.pathname.groups;
        context.response = await handler(context);
        return;
      }
    };
    await run(0);
    return context.response;
  };
}

class Context {
  readonly request: Request;
  readonly url: URL;
  params: Record<string, string | undefined> = {};
  response: Response = new Response("404 Not Found", { status: 404 });

  constructor(request: Request, url: URL) {
    this.request = request;
    this.url = url;
  }

  json(value: unknown, status = 200): Response {
    return Response.json(value, { status });
  }
}

const app = new TinyHono()
  .use(async (c, next) => {
    await next();
    // What such code does to a response that has been made already.
    c.response = new Response(c.response.body, c.response);
    c.response.headers.set("x-seen", c.request.headers.get("user-agent") ?? "nobody");
  })
  .on("GET", "/", () => new Response("Hello!"))
  .on("GET", "/users/:id", (c) => c.json({ id: c.params.id, q: c.url.searchParams.get("q") }))
  .on(
    "POST",
    "/echo",
    async (c) => new Response(await c.request.arrayBuffer(), { headers: c.request.headers }),
  )
  .on(
    "POST",
    "/form",
    async (c) =>
      c.json(Object.fromEntries((await c.request.formData()) as unknown as Iterable<[string, string]>)),
  )
  .on(
    "POST",
    "/stream",
    (c) =>
      new Response(
        c.request.body!.pipeThrough(new TextDecoderStream()).pipeThrough(upper()).pipeThrough(
          new TextEncoderStream(),
        ),
      ),
  )
  .on("POST", "/proxy", async (c) => {
    // A new request out of the received one.
    const copy = new Request(c.request.url, {
      method: c.request.method,
      headers: c.request.headers,
      body: c.request.body,
    });
    return new Response(`${copy.method} ${await copy.clone().text()}`);
  })
  .on("GET", "/cookies", () => {
    const headers = new Headers();
    headers.append("set-cookie", "a=1");
    headers.append("set-cookie", "b=2");
    return new Response(null, { status: 204, headers });
  })
  .on("GET", "/redirect", () => Response.redirect("http://a/elsewhere", 303))
  .on(
    "GET",
    "/cached",
    (c) =>
      c.request.headers.get("if-none-match") === '"1"'
        ? new Response(null, { status: 304, headers: { etag: '"1"' } })
        : new Response("x", { headers: { etag: '"1"' } }),
  );

function upper(): TransformStream<string, string> {
  return new TransformStream({ transform: (text, controller) => controller.enqueue(text.toUpperCase()) });
}

const ask = (line: string, body = "", ...fields: string[]): string =>
  [
    `${line} HTTP/1.1`,
    "Host: a",
    "User-Agent: tests",
    "Connection: close",
    `Content-Length: ${body.length}`,
    ...fields,
    "",
    body,
  ].join("\r\n");

Deno.test("a platform handler is a handler", () => {
  app.fetch satisfies Handler;
  // What serve takes of others: (request) => Response, (request, info) => Response with what it does not use.
  const plain = (): globalThis.Response => new Response("x");
  plain satisfies Handler;
  assert(typeof serve === "function");
});

for (const sockets of SOCKETS) {
  testIf(
    sockets.reason,
    `a fetch handler runs unchanged, ${sockets.backend}`,
    () =>
      withServer(sockets, app.fetch, async ({ port }) => {
        const one = async (bytes: string, method = "GET") =>
          parseResponses(await exchange(port, bytes), [method], true)[0];
        const hello = await one(ask("GET /"));
        assertEquals([hello.status, hello.body, hello.fields.get("x-seen")], [200, "Hello!", "tests"]);
        assertEquals((await one(ask("HEAD /"), "HEAD")).status, 404);
        assertEquals((await one(ask("GET /users/7?q=%20b"))).body, '{"id":"7","q":" b"}');
        const echo = await one(ask("POST /echo", "abc", "Content-Type: text/x", "X-Y: z"));
        assertEquals([echo.body, echo.fields.get("content-type"), echo.fields.get("x-y")], [
          "abc",
          "text/x",
          "z",
        ]);
        const form = await one(
          ask("POST /form", "a=1&b=%26", "Content-Type: application/x-www-form-urlencoded"),
        );
        assertEquals(form.body, '{"a":"1","b":"&"}');
        assertEquals((await one(ask("POST /stream", "hello"))).body, "HELLO");
        assertEquals((await one(ask("POST /proxy", "hello"))).body, "POST hello");
        assertEquals((await one(ask("GET /cookies"))).fields.get("set-cookie"), "a=1, b=2");
        const redirect = await one(ask("GET /redirect"));
        assertEquals([redirect.status, redirect.fields.get("location")], [303, "http://a/elsewhere"]);
        assertEquals((await one(ask("GET /cached", "", 'If-None-Match: "1"'))).status, 304);
        assertEquals((await one(ask("GET /nowhere"))).status, 404);
      }),
  );
}
