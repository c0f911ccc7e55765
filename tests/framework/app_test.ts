/**
 * A whole app through its fetch face: routing, arguments, answers, errors.
 * @module
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import {
  All,
  App,
  type AppOptions,
  BadRequest,
  Body,
  Conflict,
  Controller,
  createApp,
  Delete,
  type ErrorContext,
  Get,
  Head,
  Header,
  HttpCode,
  HttpError,
  inject,
  Module,
  type OnApplicationShutdown,
  type OnModuleInit,
  Options,
  Param,
  ParseIntPipe,
  Patch,
  Post,
  Put,
  Query,
  Req,
  RouteError,
} from "@millrace/millrace/framework";
import { Response as OurResponse } from "@millrace/millrace/http";
import { RemoteProtocolError } from "../../runtime/errors.ts";

type Controllers = readonly (new () => object)[];

function appOf(controllers: Controllers, options?: AppOptions): App {
  @Module({ controllers })
  class AppModule {}
  return createApp(AppModule, options);
}

/** Sends, and gives what the tests compare. */
async function send(app: App, target: string, init?: RequestInit): Promise<[number, string, string | null]> {
  const [method, path] = target.split(" ");
  const response = await app.fetch(new Request(`http://localhost${path}`, { method, ...init }));
  return [response.status, await response.text(), response.headers.get("content-type")];
}

const json = (body: unknown): RequestInit => ({
  body: typeof body === "string" ? body : JSON.stringify(body),
  headers: { "content-type": "application/json" },
});

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

interface Item {
  readonly name: string;
}

function parseItem(value: unknown): Item {
  const name = (value as Partial<Item>).name;
  if (typeof name !== "string") {
    throw Object.assign(new Error("x"), { issues: [{ path: ["name"], message: "is no text" }] });
  }
  return { name };
}

@Controller("/items")
class Items {
  @Post("/raw", Body())
  raw(body: unknown): unknown {
    return { body, polluted: ({} as { polluted?: unknown }).polluted ?? null };
  }
  @Post("/:id", Param("id", ParseIntPipe), Body(parseItem))
  add(id: number, item: Item): unknown {
    return { id, ...item };
  }
  @Put(
    "/:id",
    Body(parseItem, (item: Item) => Promise.resolve(item.name)),
    Param("id", (id: string) => Promise.resolve(id)),
  )
  put(name: string, id: string): string {
    return `${id} ${name}`;
  }
}

Deno.test("app: a body is JSON, checked", async () => {
  const app = appOf([Items]);
  const raw = async (init: RequestInit): Promise<unknown[]> => {
    const [status, text] = await send(app, "POST /items/raw", init);
    const body = JSON.parse(text);
    return status === 201 ? [status, body.body] : [status, body.message];
  };
  assertEquals(await raw(json({ a: [1] })), [201, { a: [1] }]);
  assertEquals(
    await raw({ ...json("1"), headers: { "content-type": "Application/Merge-Patch+JSON; charset=UTF-8" } }),
    [201, 1],
  );
  assertEquals(await raw({}), [201, undefined]);
  assertEquals(await raw(json("")), [201, undefined]);
  assertEquals(await raw({ body: "{}" }), [415, "the body's content-type is not JSON"]);
  assertEquals(await raw({ body: "{}", headers: { "content-type": "application/json; charset=latin1" } }), [
    415,
    "the body's content-type is not JSON",
  ]);
  assertEquals(await raw({ body: Uint8Array.of(123, 125) }), [
    415,
    "the body has no content-type, wanted application/json",
  ]);
  assertEquals(await raw(json('{"a":')), [400, "the body is not JSON: unexpected end at its end"]);
  assertEquals(await raw({ ...json(""), body: Uint8Array.of(34, 255, 34) }), [400, "the body is not UTF-8"]);
});

Deno.test("app: hostile: __proto__ as a JSON key is plain data", async () => {
  const app = appOf([Items]);
  const [status, text] = await send(
    app,
    "POST /items/raw",
    json('{"__proto__":{"polluted":1},"constructor":{"prototype":2}}'),
  );
  assertEquals([status, text], [
    201,
    '{"body":{"__proto__":{"polluted":1},"constructor":{"prototype":2}},"polluted":null}',
  ]);
});

Deno.test("app: a body that is refused answers 400 with the list", async () => {
  const app = appOf([Items]);
  assertEquals((await send(app, "POST /items/1", json({ name: "a" })))[1], '{"id":1,"name":"a"}');
  const refused = JSON.parse((await send(app, "POST /items/1", json({ name: 1 })))[1]);
  assertEquals([refused.statusCode, refused.message, refused.issues], [
    400,
    "Validation failed",
    [{ path: ["name"], message: "is no text" }],
  ]);
  assertEquals((await send(app, "PUT /items/7", json({ name: "a" })))[1], "7 a");
  assertEquals((await send(app, "PUT /items/7", json({})))[0], 400);
});

Deno.test("app: a bad parameter is told before the body is read", async () => {
  const app = appOf([Items]);
  const request = new Request("http://localhost/items/x", { method: "POST", ...json({ name: "a" }) });
  assertEquals((await app.fetch(request)).status, 400);
  assertEquals(request.bodyUsed, false);
});

Deno.test("app: what the floors below report while a body is read keeps its status", async () => {
  const { LimitError, TimeoutError, ClosedError } = await import("../../runtime/errors.ts");
  const app = appOf([Items], { onError: () => {} });
  const status = async (error: unknown): Promise<number> => {
    const request = new Request("http://localhost/items/raw", { method: "POST", ...json("{}") });
    Object.defineProperty(request, "bytes", { value: () => Promise.reject(error) });
    return (await app.fetch(request)).status;
  };
  assertEquals(await status(new LimitError("maxBodyBytes", 1, "too long", 413)), 413);
  assertEquals(await status(new LimitError("maxBodyBytes", 1, "too long")), 413);
  assertEquals(await status(new TimeoutError("body", 1)), 408);
  assertEquals(
    await status(new RemoteProtocolError("ERR", "chunk", { protocol: "http/1.1", statusHint: 400 })),
    400,
  );
  assertEquals(await status(new ClosedError("connection", "remote")), 400);
  assertEquals(await status(new TypeError("read already")), 500);
});

@Controller("/errors")
class Errors {
  @Get("/thrown")
  thrown(): never {
    throw new Error("password is hunter2");
  }
  @Get("/rejected")
  rejected(): Promise<never> {
    return Promise.reject(new Error("password is hunter2"));
  }
  @Get("/text")
  text(): never {
    throw "hunter2";
  }
  @Get("/conflict")
  conflict(): never {
    throw new Conflict("taken", { headers: { "x-a": "1" } });
  }
  @Get("/hidden")
  hidden(): never {
    throw new HttpError(503, "db is down", { headers: { "retry-after": "1" } });
  }
  @Get("/shown")
  shown(): never {
    throw new HttpError(503, "closed on sundays", { expose: true });
  }
  @Get("/quiet")
  quiet(): never {
    throw new BadRequest("internals", { expose: false });
  }
  @Get("/unsendable")
  unsendable(): never {
    throw new HttpError(400, "x", { headers: { "x-a": "1\r\nx-b: 2" } });
  }
}

Deno.test("app: a 500 has no internals, and onError has all of it", async () => {
  const seen: [string, ErrorContext][] = [];
  const app = appOf([Errors], { onError: (error, context) => void seen.push([String(error), context]) });
  for (const path of ["/errors/thrown", "/errors/rejected", "/errors/text"]) {
    const [status, text] = await send(app, `GET ${path}?q`);
    assertEquals([status, JSON.parse(text).message, text.includes("hunter2")], [
      500,
      "Internal Server Error",
      false,
    ]);
    assertEquals(seen.pop(), [path === "/errors/text" ? "hunter2" : "Error: password is hunter2", {
      method: "GET",
      path,
    }]);
  }
  const conflict = await app.fetch(new Request("http://localhost/errors/conflict"));
  assertEquals([conflict.status, conflict.headers.get("x-a"), (await conflict.json()).message], [
    409,
    "1",
    "taken",
  ]);
  assertEquals(seen.length, 0);
  const hidden = await app.fetch(new Request("http://localhost/errors/hidden"));
  assertEquals([hidden.headers.get("retry-after"), (await hidden.json()).message], [
    "1",
    "Service Unavailable",
  ]);
  assertEquals(seen.length, 1);
  assertEquals(JSON.parse((await send(app, "GET /errors/shown"))[1]).message, "closed on sundays");
  assertEquals(JSON.parse((await send(app, "GET /errors/quiet"))[1]).message, "Bad Request");
  assertEquals((await send(app, "GET /errors/unsendable"))[0], 500);
});

Deno.test("app: an onError that fails harms nobody", async () => {
  const complaints: unknown[][] = [];
  const original = console.error;
  console.error = (...parts: unknown[]) => void complaints.push(parts);
  try {
    const throwing = appOf([Errors], {
      onError: () => {
        throw new Error("a");
      },
    });
    assertEquals((await send(throwing, "GET /errors/thrown"))[0], 500);
    const rejecting = appOf([Errors], { onError: () => Promise.reject(new Error("b")) });
    assertEquals((await send(rejecting, "GET /errors/thrown"))[0], 500);
    await Promise.resolve();
    assertEquals(complaints.map((parts) => parts[0]), ["onError itself failed:", "onError itself failed:"]);
    complaints.length = 0;
    assertEquals((await send(appOf([Errors]), "GET /errors/thrown"))[0], 500);
    assertEquals(complaints.map((parts) => parts[0]), ["GET /errors/thrown failed:"]);
  } finally {
    console.error = original;
  }
});

Deno.test("app: a pipe that sends the app a request of its own does not disturb the captures", async () => {
  let app: App | undefined = undefined;
  @Controller("/nested/:a")
  class Nested {
    @Get(
      "/:b",
      Param("a", (a: string) => {
        app?.handler(new Request("http://localhost/nested/other-and-longer/else"));
        return a;
      }),
      Param("b"),
    )
    get(a: string, b: string): string {
      return `${a} ${b}`;
    }
  }
  const outer = appOf([Nested]);
  app = appOf([Nested]);
  assertEquals((await send(outer, "GET /nested/1/2"))[1], "1 2");
  const self = app;
  app = outer;
  assertEquals((await send(self, "GET /nested/1/2"))[1], "1 2");
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

Deno.test("app: routes are inherited; an override without a decorator has none; a decorator above keeps the route", async () => {
  function shout(method: () => string, _context: ClassMethodDecoratorContext): () => string {
    return function (this: object) {
      return method.call(this).toUpperCase();
    };
  }
  class Base {
    @Get("/base")
    base(): string {
      return "base";
    }
    @Get("/gone")
    gone(): string {
      return "gone";
    }
  }
  @Controller("/sub")
  class Sub extends Base {
    override gone(): string {
      return "overridden";
    }
    @shout
    @Get("/loud")
    loud(): string {
      return "loud";
    }
    @Get("/again")
    @Get("/twice")
    twice(): string {
      return "twice";
    }
  }
  const app = appOf([Sub]);
  assertEquals((await send(app, "GET /sub/base"))[1], "base");
  assertEquals((await send(app, "GET /sub/gone"))[0], 404);
  assertEquals((await send(app, "GET /sub/loud"))[1], "LOUD");
  assertEquals((await send(app, "GET /sub/again"))[1], "twice");
  assertEquals((await send(app, "GET /sub/twice"))[1], "twice");
});

Deno.test("app: routes that cannot work are told at the start", () => {
  const start = (controller: new () => object): RouteError =>
    assertThrows(() => appOf([controller]), RouteError);

  @Controller("/users/:user")
  class Unknown {
    @Get("/:id", Param("ID"))
    get(id: string): string {
      return id;
    }
  }
  const unknown = start(Unknown);
  assertEquals(unknown.handlers, ["Unknown.get"]);
  assertEquals(
    unknown.message,
    'Unknown.get (GET /users/:user/:id) asks for Param("ID"), which its path does not have\n' +
      '  cure: add ":ID" to the path, or ask for one that it has: "user", "id"',
  );

  @Controller("/a")
  class Same {
    @Get("/:x")
    one(): void {}
    @Get("/:y")
    two(): void {}
  }
  const same = start(Same);
  assertEquals(same.handlers, ["Same.one", "Same.two"]);
  assert(same.message.includes("Same.one (GET /a/:x) and Same.two (GET /a/:y)"), same.message);

  @Controller("/a")
  class BadPath {
    @Get("/x:y")
    get(): void {}
  }
  assert(start(BadPath).message.includes('the path "/a/x:y" of BadPath.get'));

  @Controller("/a")
  class TwoBodies {
    @Post("/", Body(), Body())
    post(a: unknown, b: unknown): unknown[] {
      return [a, b];
    }
  }
  assert(start(TwoBodies).message.includes("asks for the body twice"));

  assertThrows(() => HttpCode(199), RangeError);
  assertThrows(() => new HttpError(200), RangeError);
  assertThrows(() => Param(""), TypeError);
  assertThrows(
    () => {
      class Static {
        @Get("/")
        static get(): void {}
      }
      return Static;
    },
    TypeError,
    '@Get on "get": wanted a public method of an instance',
  );
});

Deno.test("app: hooks run before the first request and after the last, in the order of need", async () => {
  const log: string[] = [];
  class Store implements OnModuleInit, OnApplicationShutdown {
    async onModuleInit(): Promise<void> {
      await Promise.resolve();
      log.push("store up");
    }
    onApplicationShutdown(): void {
      log.push("store down");
    }
  }
  @Controller()
  class Site implements OnModuleInit, OnApplicationShutdown {
    readonly #store = inject(Store);
    onModuleInit(): void {
      log.push(this.#store instanceof Store ? "site up" : "no store");
    }
    onApplicationShutdown(): Promise<void> {
      log.push("site down");
      return Promise.reject(new Error("site fell"));
    }
    @Get()
    get(): string {
      log.push("request");
      return "x";
    }
  }
  @Module({ controllers: [Site], providers: [Store] })
  class AppModule {}
  const app = createApp(AppModule);
  assertEquals(log, []);
  await Promise.all([send(app, "GET /"), send(app, "GET /")]);
  assertEquals(log, ["store up", "site up", "request", "request"]);
  assert(app.handler(new Request("http://localhost/")) instanceof OurResponse);
  await assertRejects(() => app.close(), Error, "site fell");
  assertEquals(log.slice(5), ["site down", "store down"]);
  assertStrictEquals(app.close(), app.close());
  await assertRejects(() => app.close());
});

Deno.test("app: an app that cannot get ready answers 500 and says so", async () => {
  const seen: unknown[] = [];
  const failure = new Error("no database");
  @Controller()
  class Site implements OnModuleInit {
    onModuleInit(): void {
      throw failure;
    }
    @Get()
    get(): string {
      return "x";
    }
  }
  const app = appOf([Site], { onError: (error) => void seen.push(error) });
  assertEquals((await send(app, "GET /"))[0], 500);
  assertEquals(seen, [failure]);
  await assertRejects(() => app.ready(), Error, "no database");
});

Deno.test("app: await using closes it; two failures are one AggregateError", async () => {
  let closed = 0;
  class One implements OnApplicationShutdown {
    onApplicationShutdown(): void {
      closed++;
      throw new Error("one");
    }
  }
  class Two extends One {}
  @Module({ providers: [One, Two] })
  class AppModule {}
  await assertRejects(async () => {
    await using app = createApp(AppModule);
    assertEquals(app.get(One).constructor, One);
  }, AggregateError);
  assertEquals(closed, 2);
});
