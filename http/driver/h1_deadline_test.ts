/** Who may take how long, on a clock that stands still until it is told to move. */
import { assert, assertEquals } from "@std/assert";
import { Response } from "../response.ts";
import { MIN_RATE_GRACE_MS } from "../server/options.ts";
import { LINGER_MS } from "./h1_connection.ts";
import { Driven, get, head, post, turn } from "./testing/driven.ts";

const HEAD = 15_000;
const IDLE = 75_000;
const BODY = 30_000;
const SEND = 30_000;
const upload = (length: number, ...fields: string[]): string =>
  head("POST / HTTP/1.1", `Content-Length: ${length}`, ...fields);
const hello = (): Response => Response.text("hello");
const never = (): Promise<Response> => new Promise(() => {});

Deno.test("an idle connect is closed after the head timeout, without a word", async () => {
  await using it = new Driven(hello);
  await it.advance(HEAD - 1);
  assert(!it.peer.gone);
  await it.advance(2);
  assertEquals([it.peer.received, it.peer.sawEnd, it.peer.sawReset], ["", true, false]);
  assertEquals(it.counters.refused, 0);
});

Deno.test("a slow head is 408, whatever its pace", async () => {
  await using it = new Driven(hello);
  const text = get("/", `X: ${"x".repeat(100)}`);
  let sent = 0;
  for (; it.peer.received === "" && sent < text.length; sent++) {
    await it.send(text[sent]);
    await it.advance(1000);
  }
  assertEquals([it.statuses, it.peer.sawEnd, it.counters.refused], [[408], true, 1]);
  assert(sent <= HEAD / 1000 + 1, `after ${sent} s`);
});

Deno.test("a slow head on a connection that has served is 408, counted from its first byte", async () => {
  await using it = new Driven(hello);
  await it.send(get("/"));
  await it.advance(60_000);
  await it.send("G");
  await it.advance(HEAD - 1);
  assertEquals(it.statuses, [200]);
  await it.advance(2);
  assertEquals([it.statuses, it.peer.sawEnd], [[200, 408], true]);
});

Deno.test("empty lines alone are no head: closed without a word", async () => {
  await using it = new Driven(hello);
  await it.send("\r\n");
  await it.advance(HEAD + 1);
  assertEquals([it.peer.received, it.peer.sawEnd], ["", true]);
});

Deno.test("who always sends half of the next request with the one before is not slow", async () => {
  await using it = new Driven(hello);
  const text = get("/");
  it.peer.send(text.slice(0, 9));
  for (let second = 0; second < 100; second++) {
    await it.send(text.slice(9) + text.slice(0, 9));
    await it.advance(1000);
  }
  assertEquals(it.statuses, new Array(100).fill(200));
  assert(!it.peer.gone);
});

Deno.test("a silent connection is closed after the idle timeout, without a word", async () => {
  await using it = new Driven(hello);
  for (let i = 0; i < 3; i++) {
    await it.send(get("/"));
    await it.advance(IDLE - 1);
    assert(!it.peer.gone);
  }
  await it.send(get("/"));
  await it.advance(IDLE + 1);
  assertEquals([it.statuses, it.peer.sawEnd, it.peer.sawReset], [[200, 200, 200, 200], true, false]);
});

Deno.test("the idle timeout counts from the end of a late answer", async () => {
  let answer!: () => void;
  await using it = new Driven(() => new Promise<Response>((resolve) => answer = () => resolve(hello())));
  await it.send(get("/"));
  await it.advance(10 * IDLE);
  answer();
  await it.settle();
  await it.advance(IDLE - 1);
  assert(!it.peer.gone);
  await it.advance(2);
  assert(it.peer.gone);
});

Deno.test("a handler may take as long as it likes, with and without content", async () => {
  await using it = new Driven(never);
  await it.send(get("/"));
  await it.advance(1e7);
  assert(!it.peer.gone);
  await using with_ = new Driven(never);
  await with_.send(post("/", "abc"));
  await with_.advance(1e7);
  assert(!with_.peer.gone);
});

Deno.test("Infinity switches a timeout off", async () => {
  const off = {
    headTimeoutMs: Infinity,
    idleTimeoutMs: Infinity,
    bodyTimeoutMs: Infinity,
    minBodyBytesPerSecond: 0,
  };
  for (const bytes of ["", "GET", get("/"), upload(5) + "a"]) {
    await using it = new Driven(async (request) => Response.text(await request.text()), off);
    if (bytes !== "") await it.send(bytes);
    await it.advance(1e9);
    assert(!it.peer.gone);
  }
});

// ---- content ----

Deno.test("content that stops is 408; the reader is told, its answer dropped", async () => {
  let failure: unknown;
  await using it = new Driven(async (request) => {
    failure = await request.text().catch((error) => error);
    return Response.text("late");
  }, { minBodyBytesPerSecond: 0 });
  await it.send(upload(100));
  await it.advance(BODY - 1);
  await it.send("a");
  await it.advance(BODY - 1);
  assertEquals(it.statuses, []);
  await it.advance(2);
  assertEquals([it.statuses, it.peer.sawEnd, it.counters.refused, it.errors], [[408], true, 1, []]);
  assertEquals((failure as { phase: string }).phase, "body");
});

Deno.test("content that drips below the minimum rate is 408", async () => {
  await using it = new Driven(async (request) => Response.text(await request.text()));
  await it.send(upload(1_000_000));
  let seconds = 0;
  for (; it.peer.received === "" && seconds < 100; seconds++) {
    await it.advance(1000);
    await it.send("x".repeat(100));
  }
  assertEquals([it.statuses, it.peer.sawEnd], [[408], true]);
  assert(seconds >= MIN_RATE_GRACE_MS / 1000 && seconds < 15, `after ${seconds} s`);
});

Deno.test("content at the minimum rate is put up with", async () => {
  await using it = new Driven(async (request) => Response.text(String((await request.text()).length)));
  await it.send(upload(100_000));
  for (let sent = 0; sent < 100_000; sent += 250) {
    await it.advance(1000);
    await it.send("x".repeat(250));
  }
  assertEquals(it.responses().map(({ status, body }) => [status, body]), [[200, "100000"]]);
});

Deno.test("while the handler is the slow one, the peer's clock stands still", async () => {
  let read!: () => void;
  const started = new Promise<void>((resolve) => read = resolve);
  await using it = new Driven(async (request) => {
    await started;
    return Response.text(String((await request.text()).length));
  });
  const size = 400_000;
  it.peer.send(upload(size), new Uint8Array(size));
  await it.settle();
  assertEquals(it.transport.reading, false);
  await it.advance(10 * BODY);
  assertEquals(it.statuses, []);
  read();
  await it.until(() => it.answered === 1);
  assertEquals(it.response().body, String(size));
});

Deno.test("a client that waits for 100 (Continue) is not slow: the handler has not asked yet", async () => {
  let read!: () => void;
  const started = new Promise<void>((resolve) => read = resolve);
  await using it = new Driven(async (request) => {
    await started;
    return Response.text(await request.text());
  }, { minBodyBytesPerSecond: 0 });
  await it.send(upload(3, "Expect: 100-continue"));
  await it.advance(10 * BODY);
  assertEquals(it.statuses, []);
  read();
  await it.settle();
  assertEquals(it.statuses, [100]);
  await it.advance(BODY - 1);
  await it.send("abc");
  assertEquals(it.statuses, [100, 200]);
});

Deno.test("who is told to continue and does not is 408", async () => {
  await using it = new Driven(async (request) => Response.text(await request.text()));
  await it.send(upload(3, "Expect: 100-continue"));
  await it.advance(BODY + 1);
  assertEquals([it.statuses, it.peer.sawEnd], [[100, 408], true]);
});

Deno.test("content that nobody reads and that stops: closed without a second response", async () => {
  await using it = new Driven(hello);
  await it.send(upload(100) + "a");
  assertEquals(it.statuses, [200]);
  await it.advance(BODY + 1);
  assertEquals([it.statuses, it.peer.sawEnd, it.peer.sawReset], [[200], true, false]);
});

Deno.test("content that nobody reads and that drips: closed all the same", async () => {
  await using it = new Driven(hello);
  await it.send(upload(200_000));
  for (let seconds = 0; seconds < 60 && !it.peer.sawEnd; seconds++) {
    await it.advance(1000);
    await it.send("x");
  }
  assert(it.peer.sawEnd);
  assertEquals(it.statuses, [200]);
});

Deno.test("a stalled upload under a response that streams cuts the connection", async () => {
  await using it = new Driven((request) => new Response(request.body));
  await it.send(upload(100) + "abc");
  await it.advance(BODY + 1);
  assertEquals([it.peer.sawReset, it.errors], [true, []]);
});

// ---- responses ----

Deno.test("a client that takes nothing of a response is cut off after the send timeout", async () => {
  const rows: (() => Response | Promise<Response>)[] = [
    () => Response.text("x".repeat(10_000)),
    () => new Response(new Uint8Array(1_000_000)),
    () => Promise.resolve(new Response(new Uint8Array(1_000_000))),
    () =>
      new Response((async function* () {
        for (;;) {
          await null;
          yield new Uint8Array(1000);
        }
      })()),
  ];
  for (const make of rows) {
    await using it = new Driven(make);
    it.peer.room = 100;
    await it.send(get("/"));
    await it.advance(SEND - 1);
    assert(!it.peer.gone);
    await it.advance(2);
    assert(it.peer.gone && it.peer.sawReset);
    assertEquals(it.errors, [], "it is nobody's fault here");
  }
});

Deno.test("a client that takes a little from time to time is not cut off", async () => {
  await using it = new Driven(() => new Response(new Uint8Array(10_000)));
  it.peer.room = 0;
  await it.send(get("/"));
  for (let i = 0; i < 5; i++) {
    await it.advance(5000);
    it.peer.read(3000);
    await it.settle();
  }
  assertEquals(it.response().body.length, 10_000);
});

Deno.test("sending on does not prolong the send timeout", async () => {
  await using it = new Driven((request) =>
    request.method === "POST" ? new Response(request.body) : new Response(new Uint8Array(100_000))
  );
  it.peer.room = 0;
  await it.send(upload(1_000_000));
  for (let second = 0; second < 40 && !it.peer.gone; second++) {
    await it.advance(1000);
    await it.send("x".repeat(1000));
  }
  assert(it.peer.gone && it.peer.sawReset);
  await using pipelined = new Driven(() => Response.text("x".repeat(1000)));
  pipelined.peer.room = 0;
  for (let second = 0; second < 40 && !pipelined.peer.gone; second++) {
    await pipelined.advance(1000);
    await pipelined.send(get("/"));
  }
  assert(pipelined.peer.gone && pipelined.peer.sawReset);
});

Deno.test("after room came the body's clock goes on", async () => {
  let ask!: () => void;
  const asked = new Promise<void>((resolve) => ask = resolve);
  await using it = new Driven(async (request) => {
    await asked;
    return new Response(request.body);
  });
  it.peer.room = 0;
  await it.send(upload(1000) + "abc");
  ask();
  await it.settle();
  await it.advance(1000);
  it.peer.read(Infinity);
  await it.settle();
  await it.advance(BODY + 1);
  assert(it.peer.gone && it.peer.sawReset);
});

// ---- the end ----

Deno.test("after its last response a connection waits for the peer to close, for a while", async () => {
  for (const request of [get("/", "Connection: close"), "nonsense\r\n\r\n"]) {
    await using it = new Driven(hello);
    await it.send(request);
    assert(it.peer.sawEnd && !it.peer.gone);
    for (let i = 0; i < 4; i++) {
      await it.advance(LINGER_MS / 4 - 1);
      assert(!it.peer.gone);
      await it.send("more and more");
    }
    await it.advance(5);
    assert(it.peer.gone, "sending on does not prolong it");
    assert(!it.peer.sawReset);
    assertEquals(it.counters.requests, request.startsWith("GET") ? 1 : 0);
  }
});

Deno.test("a last response that the peer does not take has the send timeout, then the connection is cut", async () => {
  for (const half of [false, true]) {
    await using it = new Driven(() => Response.text("x".repeat(5000)));
    it.peer.room = 100;
    await it.send(get("/", "Connection: close"));
    if (half) it.peer.end();
    await it.settle();
    await it.advance(SEND - 1);
    assert(!it.peer.gone);
    await it.advance(LINGER_MS + SEND);
    assert(it.peer.gone, "or it would be kept for ever");
  }
});

Deno.test("a last response that the peer takes slowly arrives whole", async () => {
  await using it = new Driven(() => Response.text("x".repeat(5000)));
  it.peer.room = 100;
  await it.send(get("/", "Connection: close"));
  for (let i = 0; i < 8; i++) {
    await it.advance(3000);
    it.peer.read(1000);
    await it.settle();
  }
  assertEquals(it.response().body.length, 5000);
  assert(it.peer.sawEnd && !it.peer.sawReset);
});

Deno.test("no timer wakes an idle server more often than it must", async () => {
  await using it = new Driven(hello);
  let armed = 0;
  const schedule = it.time.scheduleAt.bind(it.time);
  it.time.scheduleAt = (entry, atMs) => {
    armed++;
    schedule(entry, atMs);
  };
  for (let i = 0; i < 1000; i++) it.peer.send(get("/"));
  await turn();
  assertEquals(armed, 0, "a later deadline costs the wheel nothing");
});
