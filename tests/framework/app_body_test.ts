/**
 * JSON bodies: what is read, what is refused, and how much of it.
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import {
  type App,
  Body,
  Controller,
  type Incoming,
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

/** A request of ours as far as it is read here: bytes and stream of its body are `bytes`, or fail with `error`. */
function ours(fields: Record<string, string>, bytes: Uint8Array, error?: unknown): Incoming {
  return {
    method: "POST",
    path: "/items/raw",
    query: "",
    field: (name: string) => fields[name] ?? null,
    bytes: () => error === undefined ? Promise.resolve(bytes) : Promise.reject(error),
    get body(): ReadableStream<Uint8Array> {
      return new ReadableStream({
        pull(controller): void {
          if (error !== undefined) return controller.error(error);
          controller.enqueue(bytes);
          controller.close();
        },
      });
    },
  } as unknown as Incoming;
}

const JSON_TYPE = { "content-type": "application/json" };

Deno.test("app: what the floors below report while a body is read keeps its status", async () => {
  const seen: unknown[] = [];
  const app = appOf([Items], { onError: (error) => void seen.push(error) });
  const cases: readonly (readonly [unknown, number])[] = [
    [new LimitError("maxBodyBytes", 1, "too long", 413), 413],
    [new LimitError("maxBodyBytes", 1, "too long"), 413],
    [new TimeoutError("body", 1), 408],
    [new RemoteProtocolError("ERR", "chunk", { protocol: "http/1.1", statusHint: 400 }), 400],
    [new ClosedError("connection", "remote"), 400],
  ];
  for (const fields of [JSON_TYPE, { ...JSON_TYPE, "content-length": "2" }]) {
    for (const [error, status] of cases) {
      assertEquals((await app.handler(ours(fields, new Uint8Array(2), error))).status, status);
    }
    assertEquals(seen.splice(0), []);
    assertEquals(
      (await app.handler(ours(fields, new Uint8Array(2), new TypeError("read already")))).status,
      500,
    );
    assertEquals(seen.splice(0).length, 1);
  }
});

Deno.test("app: the same errors from anywhere else are a failure of the server", async () => {
  const seen: unknown[] = [];
  const upstream = new RemoteProtocolError("ERR", "junk", { protocol: "http/1.1", statusHint: 400 });
  const queue = new LimitError("maxQueue", 1, "queue full", 413);
  @Controller("/up")
  class Up {
    @Post(
      "/pipe",
      Body(() => {
        throw queue;
      }),
    )
    pipe(body: unknown): unknown {
      return body;
    }
    @Post("/", Body())
    post(_body: unknown): never {
      throw upstream;
    }
  }
  const app = appOf([Up], { onError: (error) => void seen.push(error) });
  assertEquals((await send(app, "POST /up", json("{}")))[0], 500);
  assertEquals((await send(app, "POST /up/pipe", json("{}")))[0], 500);
  assertEquals(seen, [upstream, queue]);
});

/** `count` pieces of 1,000 bytes, which counts what is taken of it. */
function pieces(
  count: number,
): { readonly body: ReadableStream<Uint8Array>; taken: number; cancelled: boolean } {
  const state = {
    taken: 0,
    cancelled: false,
    body: new ReadableStream<Uint8Array>({
      pull(controller): void {
        if (state.taken === count) return controller.close();
        state.taken++;
        controller.enqueue(new Uint8Array(1_000).fill(32));
      },
      cancel: () => void (state.cancelled = true),
    }, { highWaterMark: 0 }),
  };
  return state;
}

Deno.test("app: a JSON body is bounded: by content-length before it is read, else while it is read", async () => {
  const app = appOf([Items], { maxJsonBytes: 3_000 });
  const post = async (to: App, body: BodyInit, fields: HeadersInit = {}): Promise<[number, string]> => {
    const headers = { ...JSON_TYPE, ...fields };
    const response = await to.fetch(
      new Request("http://localhost/items/raw", { method: "POST", body, headers }),
    );
    return [response.status, (await response.json()).message];
  };
  const tooLong: [number, string] = [413, "the body is longer than 3000 bytes"];
  assertEquals((await post(app, `"${"x".repeat(2_998)}"`))[0], 201);
  assertEquals(await post(app, `"${"x".repeat(2_999)}"`), tooLong);
  const announced = pieces(9);
  assertEquals(await post(app, announced.body, { "content-length": "9000" }), tooLong);
  assertEquals([announced.taken, announced.cancelled], [0, false]);
  // Neither no length nor a wrong one lets more in.
  for (const fields of [{}, { "content-length": "5" }]) {
    const endless = pieces(Infinity);
    assertEquals(await post(app, endless.body, fields), tooLong);
    assertEquals([endless.taken, endless.cancelled], [4, true]);
  }
  assertEquals(
    (await app.handler(ours({ ...JSON_TYPE, "content-length": "3001" }, new Uint8Array(1)))).status,
    413,
  );
  assertEquals((await app.handler(ours(JSON_TYPE, new Uint8Array(3_001)))).status, 413);
  assertEquals((await post(appOf([Items]), `"${"x".repeat(1_048_574)}"`))[0], 201);
  assertEquals((await post(appOf([Items]), `"${"x".repeat(1_048_575)}"`))[0], 413);
  assertEquals((await post(appOf([Items], { maxJsonBytes: 0 }), "1"))[0], 413);
  for (const maxJsonBytes of [-1, NaN]) assertThrows(() => appOf([Items], { maxJsonBytes }), RangeError);
});

Deno.test("app: no bytes are no body, whatever announces them; any byte needs a JSON type", async () => {
  const app = appOf([Items]);
  const empty = (): ReadableStream<Uint8Array> =>
    new ReadableStream({
      start(controller): void {
        controller.enqueue(new Uint8Array(0));
        controller.close();
      },
    });
  for (const headers of [{}, { "content-type": "text/plain" }, JSON_TYPE]) {
    assertEquals((await send(app, "POST /items/raw", { body: empty(), headers }))[0], 201);
    assertEquals((await send(app, "POST /items/raw", { headers }))[0], 201);
    assertEquals(
      (await app.handler(ours({ ...headers, "content-length": "0" }, new Uint8Array(0)))).status,
      201,
    );
    assertEquals((await app.handler(ours({ ...headers }, new Uint8Array(0)))).status, 201);
  }
  const some = pieces(2);
  assertEquals((await send(app, "POST /items/raw", { body: some.body }))[0], 415);
  assertEquals([some.taken, some.cancelled], [1, true]);
  assertEquals((await app.handler(ours({ "content-length": "1" }, new Uint8Array(1)))).status, 415);
});
