/** Handlers that fail, in every way that a handler can. */
import { assert, assertEquals, assertInstanceOf, assertMatch } from "@std/assert";
import { MillraceError } from "../../runtime/errors.ts";
import { Response } from "../response.ts";
import type { ErrorHandler, Handler } from "./context.ts";
import { Driven, get, head, post, turn } from "./testing/driven.ts";

const failure = new Error("secret detail");
const garbage = (value: unknown) => value as Response;

// [name, handler, is what onError gets a TypeError of ours?]
const FAILING: readonly [string, Handler, boolean][] = [
  ["throws", () => {
    throw failure;
  }, false],
  ["throws undefined", () => {
    throw undefined;
  }, false],
  ["rejects", () => Promise.reject(failure), false],
  ["rejects later", () => turn().then(() => Promise.reject(failure)), false],
  ["rejects with nothing", () => Promise.reject(), false],
  ["returns undefined", () => garbage(undefined), true],
  ["returns null", () => garbage(null), true],
  ["returns a string", () => garbage("x"), true],
  ["returns an object", () => garbage({ status: 200, body: "x" }), true],
  ["resolves to undefined", () => Promise.resolve(garbage(undefined)), true],
  ["resolves to a function", () => Promise.resolve(garbage(() => {})), true],
  ["returns Response.error() of the platform", () => globalThis.Response.error(), false],
  ["returns a response that was read", async () => {
    const response = Response.text("x");
    await response.text();
    return response;
  }, true],
  ["returns a platform response that was read", async () => {
    const response = new globalThis.Response("x");
    await response.text();
    return response;
  }, true],
  ["returns a response whose stream is locked", () => {
    const response = new Response(new ReadableStream());
    response.body!.getReader();
    return response;
  }, true],
  ["returns a platform response whose stream is locked", () => {
    const response = new globalThis.Response(new ReadableStream());
    response.body!.getReader();
    return response;
  }, true],
];

for (const [name, handler, isTypeError] of FAILING) {
  Deno.test(`a handler that ${name}: 500, without its words, and the connection goes on`, async () => {
    await using it = new Driven((request) => request.path === "/ok" ? Response.text("ok") : handler(request));
    await it.send(get("/") + get("/ok"));
    assertEquals(it.responses().map(({ status, body }) => [status, body]), [
      [500, "500 Internal Server Error\n"],
      [200, "ok"],
    ]);
    assertEquals([it.counters.failed, it.counters.refused, it.errors.length], [1, 0, 1]);
    if (isTypeError) assertInstanceOf(it.errors[0], TypeError);
    assert(!it.peer.received.includes("secret"));
  });
}

Deno.test("the same response twice: the second is a 500", async () => {
  for (const make of [() => Response.text("once"), () => new globalThis.Response("once")]) {
    const response = make();
    await using it = new Driven(() => response);
    await it.send(get("/") + get("/") + get("/"));
    assertEquals(it.statuses, [200, 500, 500]);
    assertEquals(it.errors.map((error) => error instanceof TypeError), [true, true]);
  }
});

Deno.test("the same response on two connections while it streams: one of them gets it", async () => {
  const response = new Response((async function* () {
    yield "a";
    await turn();
    yield "b";
  })());
  await using one = new Driven(() => response);
  await using other = new Driven(() => response);
  one.peer.send(get("/"));
  other.peer.send(get("/"));
  await one.settle();
  await other.settle();
  assertEquals([one.response().body, one.response().complete], ["ab", true]);
  assertEquals(other.statuses, [500]);
});

Deno.test("content is swallowed, or the connection closed, when the handler fails", async () => {
  await using it = new Driven(() => {
    throw failure;
  });
  await it.send(post("/", "abc") + get("/"));
  assertEquals(it.statuses, [500, 500]);
});

const ON_ERROR: readonly [string, ErrorHandler, number, string][] = [
  ["answers", () => Response.json({ sorry: true }, { status: 503 }), 503, '{"sorry":true}'],
  ["answers later", () => turn().then(() => Response.text("later", { status: 503 })), 503, "later"],
  ["answers with the platform's", () => new globalThis.Response("web", { status: 502 }), 502, "web"],
  [
    "throws",
    () => {
      throw new Error("again");
    },
    500,
    "500 Internal Server Error\n",
  ],
  ["rejects", () => Promise.reject(new Error("again")), 500, "500 Internal Server Error\n"],
  [
    "rejects later",
    () => turn().then(() => Promise.reject(new Error("again"))),
    500,
    "500 Internal Server Error\n",
  ],
  ["returns nothing", () => garbage(undefined), 500, "500 Internal Server Error\n"],
  [
    "returns a used response",
    () => {
      const response = Response.text("x");
      response.body!.getReader();
      return response;
    },
    500,
    "500 Internal Server Error\n",
  ],
  [
    "returns what cannot be sent",
    () => Response.text("x", { headers: { x: "x".repeat(200_000) } }),
    500,
    "500 Internal Server Error\n",
  ],
];

for (const [name, onError, status, body] of ON_ERROR) {
  for (
    const [how, handler] of [["throws", FAILING[0][1]], ["rejects", FAILING[3][1]], [
      "returns garbage",
      FAILING[5][1],
    ]] as const
  ) {
    Deno.test(`a handler that ${how}, an onError that ${name}`, async () => {
      await using it = new Driven(
        (request) => request.path === "/ok" ? Response.text("ok") : handler(request),
        { onError },
      );
      await it.send(get("/") + get("/ok"));
      await it.until(() => it.answered === 2);
      assertEquals(it.responses().map(({ status, body }) => [status, body]), [[status, body], [200, "ok"]]);
    });
  }

  Deno.test(`a response that was used already, an onError that ${name}`, async () => {
    const used = Response.text("once");
    await used.text();
    await using it = new Driven((request) => request.path === "/ok" ? Response.text("ok") : used, {
      onError,
    });
    await it.send(get("/") + get("/ok"));
    await it.until(() => it.answered === 2);
    assertEquals(it.responses().map(({ status, body }) => [status, body]), [[status, body], [200, "ok"]]);
  });

  Deno.test(`a stream that fails, an onError that ${name}: cut off, whatever it says`, async () => {
    await using it = new Driven(() =>
      new Response((async function* (): AsyncGenerator<string> {
        yield "a";
        await null;
        throw failure;
      })()), { onError });
    await it.send(get("/"));
    await it.settle();
    assertEquals([it.peer.sawReset, it.errors], [true, [failure]]);
  });
}

Deno.test("a handler that never answers holds its connection, and only it", async () => {
  await using stuck = new Driven(() => new Promise(() => {}));
  await stuck.send(get("/"), get("/"), get("/"));
  await stuck.advance(1e6);
  assertEquals([stuck.peer.received, stuck.counters.requests, stuck.peer.gone], ["", 1, false]);
});

Deno.test("an answer after a refusal is ignored and its stream cancelled", async () => {
  for (
    const make of [
      (stream: ReadableStream) => new Response(stream),
      (stream: ReadableStream) => new globalThis.Response(stream),
    ]
  ) {
    let answer!: (response: Response | globalThis.Response) => void;
    await using it = new Driven(() => new Promise<Response | globalThis.Response>((done) => answer = done));
    await it.send(head("POST / HTTP/1.1", "Transfer-Encoding: chunked") + "1\r\n");
    await it.send("xyz\r\n");
    assertEquals(it.statuses, [400]);
    let cancelled = 0;
    answer(make(new ReadableStream({ cancel: () => void cancelled++ })));
    await it.settle();
    assertEquals([it.statuses, cancelled], [[400], 1]);
  }
});

Deno.test("a late answer that was read already is ignored too", async () => {
  let answer!: (response: Response) => void;
  await using it = new Driven(() => new Promise<Response>((done) => answer = done));
  await it.send(get("/"));
  it.peer.reset();
  const response = Response.text("x");
  await response.text();
  answer(response);
  await it.settle();
  assertEquals(it.errors, []);
});

Deno.test("a late failure after the connection is gone is nobody's business", async () => {
  let fail!: (error: Error) => void;
  await using it = new Driven(() => new Promise<Response>((_, reject) => fail = reject));
  await it.send(get("/"));
  it.peer.reset();
  await it.settle();
  fail(failure);
  await it.settle();
  assertEquals([it.errors, it.counters.failed], [[], 0]);
});

Deno.test("an error of a handler's own that looks like a refusal of ours is a refusal", async () => {
  await using it = new Driven(async (request) => Response.text((await request.json()).name), {
    maxBodyBytes: 5,
  });
  await it.send(head("POST / HTTP/1.1", "Transfer-Encoding: chunked"), "6\r\n");
  await it.send("abcdef\r\n");
  assertEquals(it.statuses, [413]);
  assertEquals(it.errors, []);
});

Deno.test("a thenable is awaited like a Promise", async () => {
  const thenable = { then: (done: (response: Response) => void) => done(Response.text("then")) };
  await using it = new Driven(() => thenable as unknown as Promise<Response>);
  await it.send(get("/"));
  assertEquals(it.response().body, "then");
});

Deno.test("remoteAddr: asked at any time before the end, and remembered", async () => {
  const addresses: string[] = [];
  await using it = new Driven(async (request) => {
    addresses.push(request.remoteAddr.toString());
    await turn();
    it.peer.reset();
    addresses.push(request.remoteAddr.toString());
    return Response.text("");
  });
  await it.send(get("/"));
  assertEquals(addresses, ["192.0.2.7:4711", "192.0.2.7:4711"]);
});

Deno.test("a refusal's error names its code", async () => {
  let failed: unknown;
  await using it = new Driven(async (request) => {
    failed = await request.text().catch((error) => error);
    return Response.text("");
  });
  await it.send(head("POST / HTTP/1.1", "Transfer-Encoding: chunked"), "zz\r\n");
  assertInstanceOf(failed, MillraceError);
  assertMatch(failed.code, /^ERR_H1_/);
});
