/**
 * What a handler gives and what its arguments are, through the fetch face.
 * @module
 */
import { assert, assertEquals, assertMatch } from "@std/assert";
import {
  All,
  type App,
  Controller,
  Delete,
  Get,
  Head,
  Header,
  HttpCode,
  Options,
  Param,
  ParseIntPipe,
  Patch,
  Post,
  Put,
  Query,
  Req,
} from "@millrace/millrace/framework";
import { Response as OurResponse } from "@millrace/millrace/http";
import { appOf, send } from "./support.ts";

@Controller("/values")
class Values {
  @Get("/text")
  text(): string {
    return "héllo";
  }
  @Get("/object")
  object(): unknown {
    return { a: [1, null], toJSON: undefined };
  }
  @Get("/null")
  none(): null {
    return null;
  }
  @Get("/number")
  number(): number {
    return 0;
  }
  @Get("/bytes")
  bytes(): Uint8Array {
    return Uint8Array.of(104, 105);
  }
  @Get("/nothing")
  nothing(): void {}
  @Post("/nothing")
  posted(): void {}
  @Post("/made")
  made(): { id: number } {
    return { id: 1 };
  }
  @Get("/later")
  async later(): Promise<string> {
    await Promise.resolve();
    return "later";
  }
  @Get("/thenable")
  thenable(): PromiseLike<string> {
    return { then: (done) => Promise.resolve("then").then(done) };
  }
  @Get("/platform")
  platform(): Response {
    return new Response("own", { status: 299, headers: { "x-a": "1" } });
  }
  @Get("/ours")
  ours(): OurResponse {
    return OurResponse.text("ours", { status: 298 });
  }
  @Put("/accepted")
  @HttpCode(202)
  accepted(): string {
    return "soon";
  }
  @Delete("/empty")
  @HttpCode(204)
  empty(): { ignored: boolean } {
    return { ignored: true };
  }
  @Patch("/chosen")
  @HttpCode(200)
  chosen(): void {}
  @Get("/function")
  wrong(): unknown {
    return () => 1;
  }
  @Get("/circle")
  circle(): unknown {
    const circle: unknown[] = [];
    circle.push(circle);
    return circle;
  }
}

Deno.test("app: each kind of value has its answer", async () => {
  const seen: unknown[] = [];
  const app = appOf([Values], { onError: (error) => void seen.push(error) });
  const plain = "text/plain;charset=UTF-8";
  assertEquals(await send(app, "GET /values/text"), [200, "héllo", plain]);
  assertEquals(await send(app, "GET /values/object"), [200, '{"a":[1,null]}', "application/json"]);
  assertEquals(await send(app, "GET /values/null"), [200, "null", "application/json"]);
  assertEquals(await send(app, "GET /values/number"), [200, "0", "application/json"]);
  assertEquals(await send(app, "GET /values/bytes"), [200, "hi", "application/octet-stream"]);
  assertEquals(await send(app, "GET /values/nothing"), [204, "", null]);
  assertEquals(await send(app, "POST /values/nothing"), [204, "", null]);
  assertEquals(await send(app, "POST /values/made"), [201, '{"id":1}', "application/json"]);
  assertEquals(await send(app, "GET /values/later"), [200, "later", plain]);
  assertEquals(await send(app, "GET /values/thenable"), [200, "then", plain]);
  assertEquals((await send(app, "GET /values/platform")).slice(0, 2), [299, "own"]);
  assertEquals((await send(app, "GET /values/ours")).slice(0, 2), [298, "ours"]);
  assertEquals(await send(app, "PUT /values/accepted"), [202, "soon", plain]);
  assertEquals(await send(app, "DELETE /values/empty"), [204, "", null]);
  assertEquals(await send(app, "PATCH /values/chosen"), [200, "", null]);
  assertEquals(seen, []);
  assertEquals((await send(app, "GET /values/function"))[0], 500);
  assertEquals((await send(app, "GET /values/circle"))[0], 500);
  assertEquals(seen.length, 2);
});

Deno.test("app: the handler is synchronous where the route is", () => {
  const app = appOf([Values]);
  assert(app.handler(new Request("http://localhost/values/text")) instanceof OurResponse);
  assert(app.handler(new Request("http://localhost/values/unknown")) instanceof OurResponse);
  assert(app.handler(new Request("http://localhost/values/later")) instanceof Promise);
});

@Controller("/things/:owner")
class Things {
  @Get("/:id", Param("owner"), Param("id", ParseIntPipe), Query("q"), Header("X-Tag"))
  four(owner: string, id: number, q?: string, tag?: string): unknown[] {
    return [owner, id, q ?? null, tag ?? null];
  }
  @Get("/:id/three", Param("id"), Query("a"), Query("b"))
  three(id: string, a?: string, b?: string): unknown[] {
    return [id, a ?? null, b ?? null];
  }
  @Get("/:id/late", Param("id", async (id: string) => await Promise.resolve(`late ${id}`)), Query("a"))
  late(id: string, a?: string): unknown[] {
    return [id, a ?? null];
  }
  @Get("/:id/raw", Req())
  raw(request: Request): string {
    return request.url;
  }
  @Get("/files/*path", Param("path"))
  files(path: string): string {
    return path;
  }
}

Deno.test("app: arguments come from path, query and header", async () => {
  const app = appOf([Things]);
  const get = async (path: string, init?: RequestInit): Promise<unknown> =>
    (await send(app, `GET ${path}`, init))[1];
  assertEquals(await get("/things/ann/7?q=a+b", { headers: { "x-tag": "t" } }), '["ann",7,"a b","t"]');
  assertEquals(await get("/things/a%2Fb/7"), '["a/b",7,null,null]');
  assertEquals(
    await get("/things/__proto__/7?__proto__=1&q=constructor"),
    '["__proto__",7,"constructor",null]',
  );
  assertEquals(await get("/things/x/1/three?b=%C3%A9&a=1&a=2#c"), '["1","1","é"]');
  assertEquals(await get("/things/x/1/late?a=1"), '["late 1","1"]');
  assertEquals(await get("/things/x/1/raw?z"), "http://localhost/things/x/1/raw?z");
  assertEquals(await get("/things/x/files/a/b%20c"), "a/b c");
  assertEquals((await send(app, "GET /things/x/files/..%2Fetc"))[0], 400);
  assertEquals((await send(app, "GET /things/%FF/7"))[0], 400);
});

Deno.test("app: an error is JSON with status, message, path and time", async () => {
  const app = appOf([Things]);
  const [status, text, type] = await send(app, "GET /things/x/seven?secret=1");
  assertEquals([status, type], [400, "application/json"]);
  const body = JSON.parse(text);
  assertMatch(body.timestamp, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assertEquals(body, {
    statusCode: 400,
    message: 'param "id" must be an integer',
    path: "/things/x/seven",
    timestamp: body.timestamp,
  });
});

@Controller("/methods")
class Methods {
  @Get()
  get(): string {
    return "get";
  }
  @Post()
  post(): string {
    return "post";
  }
  @Head("/own")
  @HttpCode(204)
  head(): void {}
  @Get("/own")
  own(): string {
    return "own";
  }
  @Options("/own")
  options(): string {
    return "mine";
  }
  @All("/all")
  all(): string {
    return "all";
  }
}

Deno.test("app: 404, 405 with Allow, HEAD for GET, OPTIONS by itself", async () => {
  const app = appOf([Methods]);
  assertEquals(JSON.parse((await send(app, "GET /nowhere"))[1]).message, "Not Found");
  assertEquals((await send(app, "GET /methods/"))[0], 404);
  assertEquals((await send(app, "GET //methods"))[0], 404);
  assertEquals((await send(app, "GET /%6Dethods"))[0], 404);
  const wrong = await app.fetch(new Request("http://localhost/methods", { method: "DELETE" }));
  assertEquals([wrong.status, wrong.headers.get("allow")], [405, "GET, HEAD, OPTIONS, POST"]);
  assertEquals((await wrong.json()).message, "Method Not Allowed");
  const options = await app.fetch(new Request("http://localhost/methods", { method: "OPTIONS" }));
  assertEquals([options.status, options.headers.get("allow"), options.body], [
    204,
    "GET, HEAD, OPTIONS, POST",
    null,
  ]);
  assertEquals((await send(app, "OPTIONS /nowhere"))[0], 404);
  const head = await app.fetch(new Request("http://localhost/methods", { method: "HEAD" }));
  assertEquals([head.status, head.body], [200, null]);
  assertEquals(head.headers.get("content-type"), "text/plain;charset=UTF-8");
  assertEquals((await send(app, "HEAD /nowhere")).slice(0, 2), [404, ""]);
  assertEquals((await send(app, "HEAD /methods/own"))[0], 204);
  assertEquals((await send(app, "OPTIONS /methods/own"))[1], "mine");
  assertEquals((await send(app, "PROPFIND /methods/all"))[1], "all");
});

Deno.test("app: a pipe that sends the app a request of its own does not disturb the captures", async () => {
  let depth = 0;
  const nest = (value: string): string => {
    if (depth++ === 0) app.handler(new Request("http://localhost/nested/much-longer-than/the-outer"));
    return value;
  };
  @Controller("/nested/:a")
  class Nested {
    @Get("/:b", Param("a", nest), Param("b"))
    two(a: string, b: string): string {
      return `${a} ${b}`;
    }
    @Get("/:b/:c", Param("a", nest), Param("b"), Param("c"))
    three(a: string, b: string, c: string): string {
      return `${a} ${b} ${c}`;
    }
    @Get("/:b/:c/:d", Param("a", nest), Param("b"), Param("c"), Param("d"))
    four(a: string, b: string, c: string, d: string): string {
      return `${a} ${b} ${c} ${d}`;
    }
  }
  const app: App = appOf([Nested]);
  for (const [path, wanted] of [["1/2", "1 2"], ["1/2/3", "1 2 3"], ["1/2/3/4", "1 2 3 4"]]) {
    depth = 0;
    assertEquals((await send(app, `GET /nested/${path}`))[1], wanted);
    assertEquals(depth, 2);
  }
});

Deno.test("app: a pipe that fails late beside one that fails at once is no unhandled rejection", async () => {
  @Controller("/two")
  class Two {
    @Get("/:a/:b", Param("a", () => Promise.reject(new Error("late"))), Param("b", ParseIntPipe))
    get(a: string, b: number): string {
      return `${a}${b}`;
    }
  }
  assertEquals((await send(appOf([Two]), "GET /two/1/x"))[0], 400);
  await new Promise((done) => setTimeout(done));
});
