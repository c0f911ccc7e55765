/**
 * What the framework adds to a request: match, extract, call, answer. `deno bench framework/router_bench.ts`.
 * @module
 */
import { createApp } from "./app.ts";
import { Controller, Module } from "./decorators/class.ts";
import { Get, Post } from "./decorators/route.ts";
import { Body, Param, Query } from "./pipeline/extractor.ts";
import type { Incoming } from "./pipeline/incoming.ts";
import { ParseIntPipe } from "./pipeline/pipe.ts";
import { Response } from "../http/response.ts";
import { parsePattern, type Pattern } from "./router/pattern.ts";
import { queryValue } from "./router/query.ts";
import { Router } from "./router/router.ts";

@Controller()
class Site {
  readonly #message = { message: "Hello, World!" };

  @Get()
  hello(): string {
    return "Hello, World!";
  }
  @Get("/json")
  json(): { message: string } {
    return this.#message;
  }
  @Get("/later")
  async later(): Promise<string> {
    return await Promise.resolve("Hello, World!");
  }
  @Get("/users/:id", Param("id", ParseIntPipe))
  user(id: number): { id: number } {
    return { id };
  }
  @Get("/search", Query("q"), Query("page", ParseIntPipe))
  search(q: string | undefined, page: number): string {
    return `${q} ${page}`;
  }
  @Post("/users", Body((value) => value as { name: string }))
  add(user: { name: string }): { name: string } {
    return user;
  }
}

@Module({ controllers: [Site] })
class AppModule {}

/** As much of a request as the pipeline reads; path and query are fields, so that only the framework is measured. */
function stub(method: string, path: string, query = "", body = ""): Incoming {
  const bytes = new TextEncoder().encode(body);
  return {
    method,
    path,
    query,
    field: (name: string) =>
      name === "content-type" ? "application/json" : name === "content-length" ? `${bytes.length}` : null,
    bytes: () => Promise.resolve(bytes),
  } as unknown as Incoming;
}

function pattern(source: string): Pattern {
  const parsed = parsePattern(source);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
}

const router = new Router([
  ...["/", "/json", "/users/:id", "/users/:id/posts/:post", "/files/*path", "/a/b/c/:d"].map((path) => ({
    method: "GET",
    pattern: pattern(path),
    value: path,
  })),
  ...Array.from({ length: 200 }, (_, i) => ({
    method: i % 2 === 0 ? "GET" : "POST",
    pattern: pattern(`/resource${i}/:id/part${i % 7}`),
    value: `${i}`,
  })),
]);

let sink: unknown;

for (
  const path of [
    "/",
    "/json",
    "/users/42",
    "/users/42/posts/7",
    "/files/a/b/c.txt",
    "/resource101/42/part3",
    "/resource100/42/part2",
    "/none/at/all",
  ]
) {
  Deno.bench({
    name: `find ${path}`,
    group: "router",
    n: 2_000_000,
    fn: () => {
      sink = router.find("GET", path);
    },
  });
}

Deno.bench({
  name: "query, third of three",
  group: "query",
  fn: () => {
    sink = queryValue("first=1&second=two&page=3", "page");
  },
});
Deno.bench({
  name: "query, encoded",
  group: "query",
  fn: () => {
    sink = queryValue("q=a+b%20c", "q");
  },
});

const { handler } = createApp(AppModule);

Deno.bench({
  name: "Response.text alone",
  group: "app.handler",
  baseline: true,
  fn: () => {
    sink = Response.text("Hello, World!");
  },
});
for (
  const [name, request] of [
    ["GET / (text)", stub("GET", "/")],
    ["GET /json", stub("GET", "/json")],
    ["GET /users/42 (ParseInt, JSON)", stub("GET", "/users/42")],
    ["GET /search?q=a&page=2 (two queries)", stub("GET", "/search", "q=a&page=2")],
    ["GET /users/x (400)", stub("GET", "/users/x")],
    ["GET /none (404)", stub("GET", "/none")],
  ] as const
) {
  Deno.bench({
    name,
    group: "app.handler",
    fn: () => {
      sink = handler(request);
    },
  });
}
for (
  const [name, request] of [
    ["GET /later (async)", stub("GET", "/later")],
    ["POST /users (body)", stub("POST", "/users", "", '{"name":"ann"}')],
  ] as const
) {
  Deno.bench({
    name,
    group: "app.handler, awaited",
    fn: async () => {
      sink = await handler(request);
    },
  });
}

Deno.bench({
  name: "JSON.stringify alone",
  group: "parts",
  fn: () => {
    sink = JSON.stringify({ id: 42 });
  },
});

globalThis.addEventListener("unload", () => void sink);
