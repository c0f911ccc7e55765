/**
 * Bodies that are refused and handlers that fail, through the fetch face.
 * @module
 */
import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  BadRequest,
  Body,
  Conflict,
  Controller,
  type ErrorContext,
  Get,
  HttpError,
  Param,
  ParseIntPipe,
  Post,
  Put,
} from "@millrace/millrace/framework";
import { ClosedError, LimitError, RemoteProtocolError, TimeoutError } from "@millrace/millrace/runtime";
import { appOf, json, send } from "./support.ts";

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
  @Get(
    "/pipe/:id",
    Param("id", (id: string): string => {
      throw new Error(`password of ${id} is hunter2`);
    }),
  )
  pipe(id: string): string {
    return id;
  }
  @Get("/late-pipe/:id", Param("id", (): Promise<string> => Promise.reject(new TypeError("hunter2"))))
  latePipe(id: string): string {
    return id;
  }
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
  for (const path of ["/errors/pipe/ann", "/errors/late-pipe/ann"]) {
    const [status, text] = await send(app, `GET ${path}`);
    assertEquals([status, JSON.parse(text).message, "issues" in JSON.parse(text)], [
      500,
      "Internal Server Error",
      false,
    ]);
    assertStringIncludes(seen.pop()?.[0] ?? "", "hunter2");
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
