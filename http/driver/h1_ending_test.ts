/** Half-close, resets, and a server that shuts down: what becomes of what is under way. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { ClosedError, IoError } from "../../runtime/errors.ts";
import type { Request } from "../request.ts";
import { Response } from "../response.ts";
import { Driven, get, head, post, turn } from "./testing/driven.ts";

const hello = (): Response => Response.text("hello");
const upload = (length: number): string => head("POST / HTTP/1.1", `Content-Length: ${length}`);

/** A handler that answers when it is told to. */
function patient(): {
  handler: (request: Request) => Promise<Response>;
  answer: (response: Response) => void;
  request: () => Request;
} {
  let resolve!: (response: Response) => void;
  let seen!: Request;
  return {
    handler: (request) => {
      seen = request;
      return new Promise((done) => resolve = done);
    },
    answer: (response) => resolve(response),
    request: () => seen,
  };
}

// ---- the client ends its half ----

Deno.test("a client that ends its half after its requests gets all responses", async () => {
  for (const late of [false, true]) {
    await using it = new Driven(() => late ? turn().then(hello) : hello());
    it.peer.send(get("/1") + get("/2"), get("/3"));
    it.peer.end();
    await it.until(() => it.peer.gone);
    assertEquals([it.statuses, it.peer.sawEnd, it.peer.sawReset], [[200, 200, 200], true, false]);
  }
});

Deno.test("a client that ends its half while its request is handled gets the response", async () => {
  const { handler, answer, request } = patient();
  await using it = new Driven(handler);
  await it.send(get("/"));
  it.peer.end();
  await it.settle();
  assert(!it.peer.gone);
  assertEquals(request().signal.aborted, false);
  answer(hello());
  await it.settle();
  assertEquals([it.statuses, it.peer.sawEnd, it.peer.gone, it.peer.sawReset], [[200], true, true, false]);
});

Deno.test("a client that ends its half while a response streams gets the rest", async () => {
  await using it = new Driven(() =>
    new Response((async function* () {
      for (let i = 0; i < 5; i++) {
        await turn();
        yield String(i);
      }
    })())
  );
  await it.send(get("/"));
  it.peer.end();
  await it.until(() => it.peer.gone);
  assertEquals([it.response().body, it.response().complete], ["01234", true]);
});

Deno.test("a client that ends its half and reads slowly gets what it pipelined", async () => {
  await using it = new Driven(() => Response.text("x".repeat(1000)));
  it.peer.room = 10;
  it.peer.send(get("/").repeat(5));
  it.peer.end();
  for (let i = 0; i < 10; i++) {
    await it.settle();
    it.peer.read(1000);
  }
  await it.settle();
  assertEquals(it.statuses, [200, 200, 200, 200, 200]);
  assert(it.peer.gone && !it.peer.sawReset);
});

Deno.test("the end in the middle of a head: nobody to answer, closed", async () => {
  for (const bytes of ["", "G", "GET / HTTP/1.1\r\nHost: a\r\n"]) {
    await using it = new Driven(hello);
    if (bytes !== "") it.peer.send(bytes);
    it.peer.end();
    await it.settle();
    assertEquals([it.peer.received, it.peer.gone, it.counters.refused], ["", true, 0]);
  }
});

Deno.test("the end in the middle of content: the reader is told, 400", async () => {
  for (
    const start of [upload(10) + "abc", head("POST / HTTP/1.1", "Transfer-Encoding: chunked") + "5\r\nab"]
  ) {
    let failure: unknown;
    await using it = new Driven(async (request) => {
      failure = await request.text().catch((error) => error);
      return hello();
    });
    await it.send(start);
    it.peer.end();
    await it.settle();
    assertEquals((failure as { code: string }).code, "ERR_H1_TRUNCATED");
    assertEquals([it.statuses, it.peer.gone, it.errors], [[400], true, []]);
  }
});

Deno.test("the end in the middle of content that nobody reads does not harm the response", async () => {
  await using it = new Driven(() => new Response(new Uint8Array(5000)));
  it.peer.room = 100;
  await it.send(upload(10) + "abc");
  it.peer.end();
  await it.settle();
  it.peer.read(Infinity);
  await it.settle();
  assertEquals([it.response().complete, it.peer.sawEnd, it.peer.sawReset], [true, true, false]);
});

Deno.test("the end in the middle of content that had to wait for the response before it", async () => {
  await using it = new Driven(async (request) => Response.text(await request.text()));
  it.peer.send(post("/", "abc") + upload(10) + "abc");
  it.peer.end();
  await it.settle();
  assertEquals([it.statuses, it.peer.gone, it.errors], [[200, 400], true, []]);
});

// ---- the connection is lost ----

Deno.test("reset while idle, amid a head, after the response: nobody is bothered", async () => {
  for (const bytes of ["", "GET /", get("/"), get("/", "Connection: close")]) {
    await using it = new Driven(hello);
    if (bytes !== "") await it.send(bytes);
    it.peer.reset();
    await it.settle();
    assertEquals([it.closedCount, it.errors, it.counters.failed, it.counters.refused], [1, [], 0, 0]);
  }
});

Deno.test("reset while the handler works: request.signal aborts, its answer is dropped", async () => {
  for (const asked of ["before", "after"]) {
    const { handler, answer, request } = patient();
    await using it = new Driven(handler);
    await it.send(get("/"));
    let reasons: unknown[] = [];
    if (asked === "before") {
      request().signal.addEventListener("abort", () => reasons.push(request().signal.reason));
    }
    it.peer.reset();
    await it.settle();
    if (asked === "after") reasons = [request().signal.reason];
    assertEquals(request().signal.aborted, true, `asked ${asked}`);
    assertEquals(reasons.length, 1);
    assertInstanceOf(reasons[0], IoError);
    assertEquals(request().clone().signal.aborted, true);
    answer(hello());
    await it.settle();
    assertEquals([it.peer.received, it.errors], ["", []]);
  }
});

Deno.test("a clone's signal is the request's", async () => {
  const { handler, request } = patient();
  await using it = new Driven(handler);
  await it.send(get("/"));
  const copy = request().clone();
  it.peer.reset();
  await it.settle();
  assertEquals([copy.signal.aborted, request().signal.aborted], [true, true]);
});

Deno.test("once the response is complete, nothing aborts request.signal", async () => {
  const requests: Request[] = [];
  const signals: AbortSignal[] = [];
  await using it = new Driven((request) => {
    requests.push(request);
    signals.push(request.signal);
    return hello();
  });
  await it.send(get("/1") + get("/2"));
  it.peer.reset();
  await it.settle();
  assertEquals(signals.map(({ aborted }) => aborted), [false, false]);
  assertEquals(requests.map(({ signal }) => signal.aborted), [false, false]);
});

Deno.test("reset amid content: the read rejects, the signal aborts, nobody is blamed", async () => {
  for (
    const handle of [
      async (request: Request) => Response.text(await request.text()),
      async (request: Request) => {
        for await (const _ of request.body!);
        return hello();
      },
      (request: Request) => new Response(request.body),
      async (request: Request) => Response.json(await request.json()),
    ]
  ) {
    let signal!: AbortSignal;
    await using it = new Driven((request) => {
      signal = request.signal;
      return handle(request);
    });
    await it.send(upload(10) + "abc");
    it.peer.reset();
    await it.settle();
    assertEquals([it.errors, it.counters.failed, signal.aborted], [[], 0, true]);
  }
});

Deno.test("reset with content unread: the read that comes later rejects", async () => {
  const { handler, answer, request } = patient();
  await using it = new Driven(handler);
  await it.send(upload(10) + "abc");
  it.peer.reset();
  await it.settle();
  const failure = await request().text().catch((error) => error);
  assertInstanceOf(failure, IoError);
  answer(hello());
});

for (const how of ["reset", "resetAtSend"] as const) {
  for (const blocked of [false, true]) {
    Deno.test(`${how} amid a streamed response, blocked ${blocked}: its source is cancelled`, async () => {
      let cancelled: unknown;
      let pulled = 0;
      const stream = new ReadableStream<Uint8Array>({
        async pull(controller) {
          pulled++;
          await turn();
          controller.enqueue(new Uint8Array(1000));
        },
        cancel: (reason) => void (cancelled = reason ?? "cancelled"),
      }, { highWaterMark: 0 });
      let signal!: AbortSignal;
      await using it = new Driven((request) => {
        signal = request.signal;
        return new Response(stream);
      });
      if (blocked) it.peer.room = 1500;
      await it.send(get("/"));
      for (let i = 0; i < 10; i++) await it.settle();
      it.peer[how]();
      for (let i = 0; i < 5; i++) await it.settle();
      const before = pulled;
      for (let i = 0; i < 5; i++) await it.settle();
      assert(cancelled !== undefined);
      assertEquals(pulled, before);
      assertEquals([signal.aborted, it.errors, it.counters.failed], [true, [], 0]);
    });

    Deno.test(`${how} amid an async iterable, blocked ${blocked}: its finally runs`, async () => {
      let ended = 0;
      await using it = new Driven(() =>
        new Response((async function* () {
          try {
            for (;;) {
              await turn();
              yield new Uint8Array(1000);
            }
          } finally {
            ended++;
          }
        })())
      );
      if (blocked) it.peer.room = 1500;
      await it.send(get("/"));
      for (let i = 0; i < 10; i++) await it.settle();
      it.peer[how]();
      for (let i = 0; i < 5; i++) await it.settle();
      assertEquals([ended, it.errors, it.closedCount], [1, [], 1]);
    });
  }
}

Deno.test("a connection that is lost at a send does not hold up the loop", async () => {
  // The transport knows of the loss, and has not told it yet; meanwhile nothing may spin in microtasks.
  const rows: (() => Response)[] = [
    () => new Response(new Uint8Array(1_000_000)),
    () =>
      new Response((async function* () {
        for (;;) yield new Uint8Array(100);
      })()),
    () =>
      new Response((async function* () {
        for (;;) yield new Uint8Array(100_000);
      })()),
  ];
  for (const make of rows) {
    await using it = new Driven(make);
    it.peer.room = 10_000;
    it.peer.send(get("/"));
    it.peer.resetAtSend();
    it.transport.handler.onDrain();
    await turn();
    await it.settle();
    assertEquals(it.closedCount, 1);
  }
});

Deno.test("a lost connection's response of many bytes ends", async () => {
  await using it = new Driven(() => new Response(new Uint8Array(1_000_000)));
  it.peer.room = 1000;
  await it.send(get("/"));
  it.peer.reset();
  await it.settle();
  assertEquals([it.closedCount, it.errors, it.counters.failed], [1, [], 0]);
});

// ---- the server ends ----

Deno.test("drain closes what is idle, without a word", async () => {
  for (const bytes of ["", get("/"), "GET / HT"]) {
    await using it = new Driven(hello);
    if (bytes !== "") await it.send(bytes);
    it.isDraining = true;
    it.connection.drain();
    await it.settle();
    assert(it.peer.sawEnd);
    it.peer.end();
    await it.settle();
    assertEquals([it.peer.gone, it.peer.sawReset], [true, false]);
  }
});

Deno.test("drain lets what is under way finish and says that it is the last", async () => {
  const { handler, answer } = patient();
  await using it = new Driven(handler);
  await it.send(get("/") + get("/held"));
  it.isDraining = true;
  it.connection.drain();
  await it.settle();
  assertEquals([it.peer.received, it.peer.sawEnd], ["", false]);
  answer(hello());
  await it.settle();
  assertEquals(it.response().fields.get("connection"), "close");
  assert(it.peer.sawEnd);
  assertEquals(it.counters.requests, 1);
});

Deno.test("drain lets a stream finish whose head is out", async () => {
  await using it = new Driven(() =>
    new Response((async function* () {
      for (let i = 0; i < 10; i++) {
        await turn();
        yield String(i);
      }
    })())
  );
  it.peer.send(get("/"));
  await turn();
  it.isDraining = true;
  it.connection.drain();
  await it.until(() => it.peer.sawEnd);
  assertEquals([it.response().body, it.response().complete], ["0123456789", true]);
});

Deno.test("drain while answered content still comes", async () => {
  await using it = new Driven(hello);
  await it.send(upload(10) + "abc");
  it.isDraining = true;
  it.connection.drain();
  await it.send("defghij");
  assertEquals([it.statuses, it.peer.sawEnd], [[200], true]);
});

Deno.test("abort cuts what is under way: signal, source and reader are told", async () => {
  const { handler, answer, request } = patient();
  await using it = new Driven(handler);
  await it.send(upload(10) + "abc");
  const { signal } = request();
  const read = request().text().catch((error) => error);
  it.connection.abort();
  await it.settle();
  assertEquals([it.peer.sawReset, signal.aborted], [true, true]);
  assertInstanceOf(await read, ClosedError);
  answer(hello());
  it.connection.abort();
  it.connection.drain();
});

Deno.test("a refusal aborts the signal of the request that it ends", async () => {
  const { handler, answer, request } = patient();
  await using it = new Driven(handler);
  await it.send(head("POST / HTTP/1.1", "Transfer-Encoding: chunked"));
  const { signal } = request();
  assertEquals(signal.aborted, false);
  await it.send("nonsense\r\n");
  assertEquals([it.statuses, signal.aborted], [[400], true]);
  answer(hello());
  await it.settle();
  assertEquals(it.statuses, [400]);
});

Deno.test("what arrives after the connection has given up is not handled", async () => {
  await using it = new Driven(hello);
  await it.send(get("/"));
  it.clock.advance(80_000);
  it.time.fireExpired();
  // In the same turn as the idle timeout.
  const bytes = new TextEncoder().encode(get("/too-late"));
  it.transport.handler.onData(bytes, 0, bytes.length);
  await it.settle();
  assertEquals(it.counters.requests, 1);
});

Deno.test("content after the half-close timeout of post is not a request", async () => {
  await using it = new Driven(hello, { maxBodyBytes: 3 });
  await it.send(post("/", "GET / HTTP/1.1\r\nHost: a\r\n\r\n") + get("/"));
  // The head that announced too much is one; what lies in its content is none.
  assertEquals([it.statuses, it.counters.requests], [[413], 1]);
});

Deno.test("a refusal is made by onRefuse, which knows the path where the head was understood", async () => {
  const bad = "GET /x y HTTP/1.1\r\nHost: a\r\n\r\n";
  const cases: [sent: string, said: string][] = [
    [post("/note?a=1", "four"), "413 /note"],
    ["POST /note HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nfour\r\n", "413 /note"],
    ["BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", "501 /pot"],
    [bad, "400 undefined"],
  ];
  for (const [sent, said] of cases) {
    await using it = new Driven(hello, { maxBodyBytes: 3 });
    it.onRefuse = (status, path) => new Response(`${status} ${path}`, { status });
    await it.send(sent);
    assertEquals(it.responses().map(({ body }) => body), [said]);
  }
  await using it = new Driven(hello);
  it.onRefuse = () => {
    throw new Error("onRefuse");
  };
  await it.send(bad);
  assertEquals(it.statuses, [400]);
});
