/** Content of requests: asked for, read, read slowly, not read, and broken off. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { BODY_HIGH_WATER } from "../incoming_body.ts";
import type { Request } from "../request.ts";
import { Response } from "../response.ts";
import { DISCARD_MAX } from "./request_content.ts";
import { Driven, get, head, post, turn } from "./testing/driven.ts";

/** A Promise and its two functions. */
function deferred(): PromiseWithResolvers<void> {
  return Promise.withResolvers<void>();
}

const upload = (length: number, ...fields: string[]): string =>
  head("POST / HTTP/1.1", `Content-Length: ${length}`, ...fields);
const chunkedHead = head("POST / HTTP/1.1", "Transfer-Encoding: chunked");

// ---- Expect: 100-continue ----

const EXPECT = "Expect: 100-continue";

Deno.test("100 (Continue) is sent when the handler reads, not before, and once", async () => {
  const read = deferred();
  await using it = new Driven(async (request) => {
    await read.promise;
    return Response.text(await request.text());
  });
  await it.send(upload(4, EXPECT));
  assertEquals(it.statuses, []);
  read.resolve();
  await it.settle();
  assertEquals(it.peer.received, "HTTP/1.1 100 Continue\r\n\r\n");
  await it.send("ab", "cd");
  assertEquals(it.responses().map(({ status, body }) => [status, body]), [[100, ""], [200, "abcd"]]);
  await it.send(get("/"));
  assertEquals(it.statuses, [100, 200, 200]);
});

Deno.test("100 is not sent to who sends without waiting", async () => {
  const read = deferred();
  await using it = new Driven(async (request) => {
    await read.promise;
    return Response.text(await request.text());
  });
  await it.send(upload(4, EXPECT) + "a");
  read.resolve();
  await it.settle();
  assertEquals(it.peer.received, "");
  await it.send("bcd");
  assertEquals(it.statuses, [200]);
});

Deno.test("100 is not sent to HTTP/1.0, nor for a request without content", async () => {
  await using it = new Driven(async (request) => Response.text(await request.text()));
  await it.send(get("/", EXPECT));
  await it.send(head("POST / HTTP/1.0", "Content-Length: 2", EXPECT), "ab");
  assertEquals(it.statuses, [200, 200]);
});

Deno.test("never asked for: answered at once, and the connection closes: the content may come or not", async () => {
  for (const status of [200, 413]) {
    await using it = new Driven(() => new Response(null, { status }));
    await it.send(upload(4, EXPECT));
    assertEquals(it.statuses, [status]);
    assertEquals(it.response().fields.get("connection"), "close");
    assert(it.peer.sawEnd);
    await it.send("GET /smuggled HTTP/1.1\r\n");
    assertEquals(it.counters.requests, 1);
  }
});

Deno.test("a streamed answer that never asks for the content closes the connection too", async () => {
  await using it = new Driven(() =>
    new Response(
      (async function* () {
        yield "no";
        await null;
      })(),
      { status: 403 },
    )
  );
  await it.send(upload(4, EXPECT));
  assertEquals(it.responses().map(({ status, complete }) => [status, complete]), [[403, true]]);
  assert(it.peer.sawEnd, "at once, not after a timeout");
});

Deno.test("no 100 after the final response", async () => {
  let late: Promise<unknown> | undefined;
  await using it = new Driven((request) => {
    late = turn().then(() => assertRejects(() => request.text()));
    return Response.text("done");
  });
  await it.send(upload(4, EXPECT));
  await it.settle();
  await late;
  assertEquals(it.statuses, [200]);
});

Deno.test("an echo asks before its head goes out", async () => {
  await using it = new Driven((request) => new Response(request.body));
  await it.send(upload(2, EXPECT));
  assertEquals(it.peer.received.slice(0, 25), "HTTP/1.1 100 Continue\r\n\r\n");
  await it.send("ab");
  assertEquals(it.responses().map(({ status, body }) => [status, body]), [[100, ""], [200, "ab"]]);
});

// ---- reading ----

Deno.test("every way to read the content gives the same, however it arrives", async () => {
  const ways: ((request: Request) => Promise<string>)[] = [
    (request) => request.text(),
    async (request) => new TextDecoder().decode(await request.bytes()),
    async (request) => new TextDecoder().decode(await request.arrayBuffer()),
    async (request) => await (await request.blob()).text(),
    async (request) => JSON.stringify(await request.json()),
    async (request) => {
      let text = "";
      for await (const chunk of request.body!) text += new TextDecoder().decode(chunk);
      return text;
    },
    async (request) => {
      let text = "";
      for await (const piece of request.textStream()) text += piece;
      return text;
    },
    async (request) => {
      const reader = request.body!.getReader({ mode: "byob" });
      let text = "";
      for (;;) {
        const { done, value } = await reader.read(new Uint8Array(3));
        if (done) return text;
        text += new TextDecoder().decode(value);
      }
    },
    async (request) => {
      const copy = request.clone();
      const [a, b] = await Promise.all([request.text(), copy.text()]);
      assertEquals(a, b);
      return a;
    },
    async (request) => await new globalThis.Response(request.body).text(),
  ];
  const content = '{"a":[1,2,3]}';
  for (const [i, way] of ways.entries()) {
    for (const size of [100, 5, 1]) {
      await using it = new Driven(async (request) => Response.text(await way(request)));
      it.peer.send(upload(content.length));
      for (let at = 0; at < content.length; at += size) await it.send(content.slice(at, at + size));
      // Whole, with its head; and a second one behind it.
      await it.send(post("/", content) + post("/", content));
      await it.until(() => it.answered === 3);
      assertEquals(
        it.responses().map(({ body }) => body),
        [content, content, content],
        `way ${i}, size ${size}`,
      );
    }
  }
});

Deno.test("what a stream hands out belongs to the handler: it may change and transfer it", async () => {
  const seen: string[] = [];
  await using it = new Driven(async (request) => {
    for await (const chunk of request.body!) {
      seen.push(new TextDecoder().decode(chunk));
      chunk.fill(0);
      structuredClone(chunk, { transfer: [chunk.buffer] });
    }
    return Response.text(request.field("x") ?? "lost");
  });
  await it.send(upload(4, "X: y"));
  for (const byte of "abcd") await it.send(byte);
  assertEquals([seen.join(), it.response().body], ["a,b,c,d", "y"]);
});

Deno.test("form data arrives", async () => {
  await using it = new Driven(async (request) => {
    const form = await request.formData();
    return Response.json([...form].map(([name, value]) => [name, String(value)]));
  });
  await it.send(post("/", "a=1&b=%20", "Content-Type: application/x-www-form-urlencoded"));
  const parts = '--x\r\nContent-Disposition: form-data; name="f"\r\n\r\nv\r\n--x--\r\n';
  await it.send(post("/", parts, "Content-Type: multipart/form-data; boundary=x"));
  await it.send(post("/", "{}", "Content-Type: application/json"));
  assertEquals(it.responses().map(({ status, body }) => [status, body]), [
    [200, '[["a","1"],["b"," "]]'],
    [200, '[["f","v"]]'],
    [500, "500 Internal Server Error\n"],
  ]);
});

// ---- a slow reader ----

Deno.test("a handler that does not read makes the peer wait; memory is bounded", async () => {
  const read = deferred();
  let length = 0;
  await using it = new Driven(async (request) => {
    await read.promise;
    for await (const chunk of request.body!) length += chunk.length;
    return Response.text(String(length));
  });
  const size = 4_000_000;
  it.peer.send(upload(size), new Uint8Array(size));
  await it.settle();
  const taken = size - it.peer.unsent;
  assert(taken > BODY_HIGH_WATER / 2 && taken <= 3 * BODY_HIGH_WATER, `${taken} bytes were taken`);
  assertEquals(it.transport.reading, false);
  read.resolve();
  await it.until(() => it.answered === 1);
  assertEquals([it.response().body, it.peer.unsent], [String(size), 0]);
});

Deno.test("the handler's pace is the peer's pace", async () => {
  let most = 0;
  let length = 0;
  await using it = new Driven(async (request) => {
    for await (const chunk of request.body!) {
      length += chunk.length;
      most = Math.max(most, 1_000_000 - it.peer.unsent - length);
      await turn();
    }
    return Response.text(String(length));
  });
  it.peer.send(upload(1_000_000), new Uint8Array(1_000_000));
  await it.until(() => it.answered === 1);
  assertEquals(it.response().body, "1000000");
  assert(most <= 3 * BODY_HIGH_WATER, `${most} bytes lay about`);
});

Deno.test("an echo whose reader is slow makes its writer wait", async () => {
  await using it = new Driven((request) => new Response(request.body));
  it.peer.room = 1000;
  const size = 3_000_000;
  it.peer.send(upload(size), new Uint8Array(size).fill(97));
  await it.settle();
  assert(size - it.peer.unsent < 6 * BODY_HIGH_WATER, `${size - it.peer.unsent} bytes were taken`);
  assert(it.transport.backlogMax < 2 * BODY_HIGH_WATER, `a backlog of ${it.transport.backlogMax}`);
  while (it.peer.unsent > 0) {
    it.peer.read(50_000);
    await turn();
  }
  it.peer.read(Infinity);
  await it.settle();
  const response = it.response();
  assert(response.complete && response.body.length === size);
});

Deno.test("an old request's reader does not disturb the next request's content", async () => {
  let first: Request | undefined;
  const second = deferred();
  await using it = new Driven((request) => {
    if (first === undefined) {
      first = request;
      // Touched, so that its content waits.
      void request.body;
      return turn().then(() => Response.text("first"));
    }
    return second.promise.then(() => Response.text("second"));
  });
  const much = "x".repeat(3 * BODY_HIGH_WATER);
  await it.send(post("/", much));
  await it.until(() => it.answered === 1);
  const size = 4_000_000;
  it.peer.send(upload(size), new Uint8Array(size));
  await it.until(() => !it.transport.reading && it.counters.requests === 2);
  const taken = size - it.peer.unsent;
  // What still waits of the first is read now, or is gone.
  await first!.text().catch(() => {});
  await it.settle();
  assertEquals(it.transport.reading, false, "the second's content is as much in the way as before");
  assertEquals(size - it.peer.unsent, taken);
  second.resolve();
});

Deno.test("content is taken on while a response before it, or its own, waits for room", async () => {
  for (const echo of [false, true]) {
    await using it = new Driven((request) =>
      request.method === "GET" || !echo ? new Response(new Uint8Array(30_000)) : new Response(request.body)
    );
    it.peer.room = 1000;
    // The second request begins while the first response is blocked, and its content has not come.
    it.peer.send(get("/") + upload(5000) + "abc");
    assertEquals(it.transport.reading, false);
    it.peer.send("x".repeat(4997), get("/last", "Connection: close"));
    for (let turns = 0; turns < 100 && !it.peer.sawEnd; turns++) {
      it.peer.read(7000);
      await it.settle();
    }
    assertEquals(it.responses().map(({ complete }) => complete), [true, true, true]);
    assertEquals(it.peer.unsent, 0);
  }
});

// ---- not read ----

Deno.test("content that nobody read is swallowed, if it is little, and the connection goes on", async () => {
  for (const late of [false, true]) {
    await using it = new Driven((request) => {
      const response = Response.text(request.path);
      return late ? turn().then(() => response) : response;
    });
    await it.send(upload(DISCARD_MAX));
    assertEquals(it.response().fields.get("connection"), undefined);
    for (let sent = 0; sent < DISCARD_MAX; sent += 65_536) it.peer.send(new Uint8Array(65_536));
    await it.send(get("/next"), chunkedHead, "5\r\nhello\r\n", "0\r\n\r\n" + get("/last"));
    await it.until(() => it.answered === 4);
    assertEquals(it.responses().map(({ body }) => body), ["/", "/next", "/", "/last"]);
  }
});

Deno.test("content that nobody read and that is much ends the connection", async () => {
  await using it = new Driven(() => Response.text("no"));
  await it.send(upload(DISCARD_MAX + 1));
  assertEquals(it.response().fields.get("connection"), "close");
  assert(it.peer.sawEnd);
});

Deno.test("chunked content that nobody reads is swallowed only up to a limit", async () => {
  await using it = new Driven(() => Response.text("no"));
  await it.send(chunkedHead);
  assertEquals([it.statuses, it.peer.sawEnd], [[200], false]);
  const chunk = "10000\r\n" + "x".repeat(65_536) + "\r\n";
  for (let i = 0; i < 4; i++) await it.send(chunk);
  assertEquals(it.peer.sawEnd, false);
  await it.send(chunk);
  assert(it.peer.sawEnd);
  assertEquals(it.counters.refused, 0);
});

Deno.test("a handler that was too slow to read and then answers: the rest is swallowed", async () => {
  const answer = deferred();
  await using it = new Driven(async () => {
    await answer.promise;
    return Response.text("no");
  });
  await it.send(upload(200_000), new Uint8Array(200_000), get("/next"));
  assertEquals(it.transport.reading, false);
  answer.resolve();
  await it.until(() => it.answered === 2);
  assertEquals(it.statuses, [200, 200]);
});

Deno.test("a streamed response that ends before the content does", async () => {
  await using it = new Driven((request) =>
    new Response((async function* () {
      const reader = request.body!.getReader();
      yield (await reader.read()).value!;
      reader.releaseLock();
    })())
  );
  await it.send(upload(10), "abc");
  assertEquals(it.response().body, "abc");
  await it.send("defghij" + get("/next", "Connection: close").replace("GET", "POST"));
  assertEquals(it.answered, 2, "the next request is understood");
});

Deno.test("a cancelled body: what still comes is dropped", async () => {
  await using it = new Driven(async (request) => {
    await request.body!.cancel();
    for (let i = 0; i < 5; i++) await turn();
    return Response.text("enough");
  });
  await it.send(upload(200_000), new Uint8Array(200_000), get("/"));
  await it.until(() => it.answered >= 1);
  assertEquals(it.statuses[0], 200);
});
