/** Connections that break: what the handler, its reader and its stream are told. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { ClosedError, IoError } from "../../runtime/errors.ts";
import type { Request } from "../request.ts";
import { Response } from "../response.ts";
import { Driven, get, head, patient, turn } from "./testing/driven.ts";

const hello = (): Response => Response.text("hello");
const upload = (length: number): string => head("POST / HTTP/1.1", `Content-Length: ${length}`);

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

Deno.test("a peer that ends its side while the handler works: request.signal aborts, an answer is sent all the same", async () => {
  for (const asked of ["before", "after"]) {
    const { handler, answer, request } = patient();
    await using it = new Driven(handler);
    await it.send(get("/"));
    if (asked === "before") assertEquals(request().signal.aborted, false);
    it.peer.end();
    await it.settle();
    assertEquals(request().signal.aborted, true, `asked ${asked}`);
    assertInstanceOf(request().signal.reason, ClosedError);
    answer(hello());
    await it.settle();
    assertEquals([it.statuses, it.closedCount, it.errors], [[200], 1, []]);
  }
});

Deno.test("a peer that ends its side with more to be answered has not left", async () => {
  const { handler, answer, request } = patient();
  await using it = new Driven(handler);
  await it.send(get("/1") + get("/2"));
  const first = request();
  it.peer.end();
  await it.settle();
  assertEquals(first.signal.aborted, false);
  answer(hello());
  await it.settle();
  assertEquals([first.signal.aborted, request().signal.aborted], [false, true]);
  answer(hello());
  await it.settle();
  assertEquals([it.statuses, it.closedCount], [[200, 200], 1]);
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
