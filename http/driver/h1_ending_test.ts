/** Half-close, resets, and a server that shuts down: what becomes of what is under way. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { ClosedError } from "../../runtime/errors.ts";
import { Response } from "../response.ts";
import { Driven, get, head, patient, post, turn } from "./testing/driven.ts";

const hello = (): Response => Response.text("hello");
const upload = (length: number): string => head("POST / HTTP/1.1", `Content-Length: ${length}`);

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
  // The handler may stop; this one does not.
  assertEquals(request().signal.aborted, true);
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
  const used = new Response("x", { status: 400 });
  await used.text();
  const garbage = (value: unknown) => () => value as Response;
  for (
    const onRefuse of [
      () => {
        throw new Error("onRefuse");
      },
      garbage(undefined),
      garbage({}),
      () => used,
    ]
  ) {
    await using it = new Driven(hello);
    it.onRefuse = onRefuse;
    await it.send(bad);
    assertEquals(it.responses().map(({ status, body }) => [status, body]), [[400, "400 Bad Request\n"]]);
  }
});
