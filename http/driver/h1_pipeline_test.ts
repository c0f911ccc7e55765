/** Requests of one connection: their order, how they may arrive, when the connection lives on. */
import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { Response } from "../response.ts";
import type { Request } from "../request.ts";
import { Driven, get, head, post, turn } from "./testing/driven.ts";
import { H1Connection } from "./h1_connection.ts";

const echoPath = (request: Request): Response => Response.text(request.path);

async function echoBody(request: Request): Promise<Response> {
  return Response.text(`${request.path}=${await request.text()}`);
}

Deno.test("a request is answered within the call that brings it", async () => {
  await using it = new Driven(echoPath);
  it.peer.send(get("/now"));
  const response = it.response();
  assertEquals([response.status, response.body, response.framing], [200, "/now", "length"]);
  assertEquals(it.transport.commits, 1);
  assertEquals([...response.fields.keys()], ["content-type", "date", "content-length"]);
  assert(it.connection instanceof H1Connection);
});

const ORDERS: readonly [string, (request: Request) => Response | Promise<Response>][] = [
  ["sync", echoPath],
  ["async", async (request) => {
    await null;
    return Response.text(request.path);
  }],
  ["async, each later than the next would be", async (request) => {
    // The first would take longest if they ran side by side.
    for (let i = Number(request.path.slice(1)) % 7; i < 7; i++) await turn();
    return Response.text(request.path);
  }],
  ["mixed", (request) => {
    const path = request.path;
    const number = Number(path.slice(1));
    if (number % 3 === 0) return Response.text(path);
    if (number % 3 === 1) return Promise.resolve().then(() => Response.text(path));
    return new Response((async function* () {
      yield path;
      await null;
    })());
  }],
];

for (const [name, handler] of ORDERS) {
  for (const pieces of [Infinity, 1000, 37]) {
    Deno.test(`1,000 pipelined requests are answered in order: ${name}, in pieces of ${pieces}`, async () => {
      await using it = new Driven(handler);
      let text = "";
      for (let i = 0; i < 1000; i++) text += get(`/${i}`);
      for (let at = 0; at < text.length; at += pieces) it.peer.send(text.slice(at, at + pieces));
      await it.until(() => it.answered === 1000);
      const responses = it.responses();
      assertEquals(responses.length, 1000);
      responses.forEach((response, i) => assertStrictEquals(response.body, `/${i}`));
      assertEquals(it.counters.refused, 0);
    });
  }
}

Deno.test("pipelined requests with content are answered in order", async () => {
  await using it = new Driven(echoBody);
  let text = "";
  for (let i = 0; i < 200; i++) {
    text += i % 2 === 0
      ? post(`/${i}`, `content ${i}`)
      : head(`POST /${i} HTTP/1.1`, "Transfer-Encoding: chunked") +
        "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nT: v\r\n\r\n";
  }
  await it.send(text);
  await it.until(() => it.answered === 200);
  it.responses().forEach((response, i) =>
    assertStrictEquals(response.body, i % 2 === 0 ? `/${i}=content ${i}` : `/${i}=abcde`)
  );
  assertEquals(it.responses().length, 200);
});

for (const [name, handler] of [["sync", echoPath], ["async", echoBody]] as const) {
  Deno.test(`requests that arrive byte by byte: ${name}`, async () => {
    await using it = new Driven(handler);
    const text = get("/one", "X: y") + post("/two", "hello") + "\r\n" +
      head("POST /three HTTP/1.1", "Transfer-Encoding: chunked") + "5\r\nhello\r\n0\r\n\r\n" + get("/four");
    for (const byte of text) it.peer.send(byte);
    await it.until(() => it.answered === 4);
    assertEquals(
      it.responses().map(({ body }) => body),
      name === "sync"
        ? ["/one", "/two", "/three", "/four"]
        : ["/one=", "/two=hello", "/three=hello", "/four="],
    );
  });
}

Deno.test("every split of two requests into two pieces gives the same", async () => {
  const text = post("/a", "xyz") + head("POST /b HTTP/1.1", "Transfer-Encoding: chunked") +
    "1\r\n!\r\n0\r\n\r\n";
  for (let at = 1; at < text.length; at++) {
    await using it = new Driven(echoBody);
    it.peer.send(text.slice(0, at), text.slice(at));
    await it.until(() => it.answered === 2);
    assertEquals(it.responses().map(({ body }) => body), ["/a=xyz", "/b=!"], `split at ${at}`);
  }
});

Deno.test("more than 64 KiB behind an unfinished request make the peer wait", async () => {
  let answer!: () => void;
  const first = new Promise<void>((resolve) => answer = resolve);
  await using it = new Driven(async (request) => {
    if (request.path === "/slow") await first;
    return Response.text(request.path);
  });
  await it.send(get("/slow"));
  const more = get("/more", `X: ${"x".repeat(900)}`);
  for (let i = 0; i < 500; i++) it.peer.send(more);
  await it.settle();
  assert(it.peer.unsent > 500 * more.length - 70_000, `${it.peer.unsent} are left to the peer`);
  assertEquals(it.statuses, []);
  answer();
  await it.until(() => it.answered === 501);
  assertEquals(it.responses().length, 501);
  assertEquals(it.peer.unsent, 0);
});

// Who asks for what, and does the connection live on?
const KEEP_ALIVE: readonly [string, string, Record<string, string>, boolean, string | undefined][] = [
  ["1.1", head("GET / HTTP/1.1"), {}, true, undefined],
  ["1.1, keep-alive asked for", head("GET / HTTP/1.1", "Connection: keep-alive"), {}, true, undefined],
  ["1.1, close from the client", head("GET / HTTP/1.1", "Connection: close"), {}, false, "close"],
  ["1.1, close among others", head("GET / HTTP/1.1", "Connection: a, Close , b"), {}, false, "close"],
  ["1.1, close from the handler", head("GET / HTTP/1.1"), { connection: "close" }, false, "close"],
  ["1.1, Close from the handler", head("GET / HTTP/1.1"), { connection: "x, Close" }, false, "close"],
  ["1.1, closed from the handler", head("GET / HTTP/1.1"), { connection: "closed" }, true, undefined],
  ["1.1, keep-alive from the handler", head("GET / HTTP/1.1"), { connection: "keep-alive" }, true, undefined],
  ["1.0", head("GET / HTTP/1.0"), {}, false, "close"],
  ["1.0 without Host", "GET / HTTP/1.0\r\n\r\n", {}, false, "close"],
  ["1.0, keep-alive asked for", head("GET / HTTP/1.0", "Connection: Keep-Alive"), {}, true, "keep-alive"],
  [
    "1.0, keep-alive asked for, close from the handler",
    head("GET / HTTP/1.0", "Connection: keep-alive"),
    { connection: "close" },
    false,
    "close",
  ],
];

for (const [name, request, headers, livesOn, told] of KEEP_ALIVE) {
  Deno.test(`keep-alive: ${name}`, async () => {
    await using it = new Driven(() => new Response("x", { headers }));
    await it.send(request);
    const response = it.response();
    assertEquals(response.version, "HTTP/1.1");
    assertEquals(response.fields.get("connection"), told);
    assertEquals(it.peer.sawEnd, !livesOn);
    assertEquals(it.peer.gone, false, "the peer closes first");
    await it.send(get("/again"));
    assertEquals(it.responses().length, livesOn ? 2 : 1);
    it.peer.end();
    await it.settle();
    assert(it.peer.gone);
    assert(!it.peer.sawReset);
  });
}

Deno.test("what comes after the last request of a connection is not looked at", async () => {
  await using it = new Driven(echoPath);
  await it.send(get("/last", "Connection: close") + get("/never"), get("/never"), "\0\0\0");
  assertEquals(it.responses().map(({ body }) => body), ["/last"]);
  assertEquals(it.counters.requests, 1);
  assertEquals(it.peer.unsent, 0, "it is swallowed all the same, or the peer would not see the response");
});

Deno.test("Date is encoded once a second, and moves on", async () => {
  await using it = new Driven(echoPath);
  await it.send(get("/"));
  assertEquals(it.response().fields.get("date"), "Fri, 02 Jan 2026 03:04:05 GMT");
  await it.advance(999);
  await it.send(get("/"));
  await it.advance(1);
  await it.send(get("/"), get("/"), get("/"));
  assertEquals(it.responses().map(({ fields }) => fields.get("date")?.slice(-6, -4)), [
    "05",
    "05",
    "06",
    "06",
    "06",
  ]);
});

Deno.test("a request that is kept beyond its handler stays as it was", async () => {
  const kept: Request[] = [];
  await using it = new Driven((request) => {
    kept.push(request);
    return kept.length % 2 === 0 ? Response.text("") : Promise.resolve(Response.text(""));
  });
  const text = Array.from({ length: 500 }, (_, i) => get(`/path/${i}?q=${i}`, `X-Number: ${i}`)).join("");
  for (let at = 0; at < text.length; at += 777) it.peer.send(text.slice(at, at + 777));
  await it.until(() => it.answered === 500);
  kept.forEach((request, i) => {
    assertEquals(
      [request.method, request.path, request.query, request.field("x-number"), request.url],
      ["GET", `/path/${i}`, `q=${i}`, String(i), `http://a/path/${i}?q=${i}`],
    );
    assertEquals([...request.headers], [["host", "a"], ["x-number", String(i)]]);
  });
  assertEquals(kept.length, 500);
});

Deno.test("absolute-form, asterisk-form and odd paths reach the handler as they are", async () => {
  await using it = new Driven((request) =>
    Response.json([request.target, request.path, request.query, request.url])
  );
  const targets = [
    "http://b:81/p/q?r",
    "HTTP://b",
    "http://b?x=1",
    "/",
    "/?",
    "/a?b?c",
    "//a//b",
    "/%2e%2E/%00",
    "/a;b=c",
  ];
  for (const target of targets) await it.send(head(`GET ${target} HTTP/1.1`));
  await it.send(head("OPTIONS * HTTP/1.1"));
  assertEquals(it.responses().map(({ body }) => JSON.parse(body)), [
    ["http://b:81/p/q?r", "/p/q", "r", "http://b:81/p/q?r"],
    ["HTTP://b", "/", "", "http://b/"],
    ["http://b?x=1", "/", "x=1", "http://b/?x=1"],
    ["/", "/", "", "http://a/"],
    ["/?", "/", "", "http://a/?"],
    ["/a?b?c", "/a", "b?c", "http://a/a?b?c"],
    ["//a//b", "//a//b", "", "http://a//a//b"],
    ["/%2e%2E/%00", "/%2e%2E/%00", "", "http://a/%2e%2E/%00"],
    ["/a;b=c", "/a;b=c", "", "http://a/a;b=c"],
    ["*", "*", "", "http://a/"],
  ]);
});

Deno.test("methods: registered ones reach the handler, others are 501 unless the server names them", async () => {
  await using it = new Driven((request) => Response.text(request.method), { methods: ["PURGE"] });
  for (const method of ["GET", "POST", "PUT", "DELETE", "OPTIONS", "TRACE", "PATCH", "PURGE"]) {
    await it.send(head(`${method} / HTTP/1.1`));
  }
  assertEquals(
    it.responses().map(({ body }) => body).join(),
    "GET,POST,PUT,DELETE,OPTIONS,TRACE,PATCH,PURGE",
  );
  await it.send(head("BREW / HTTP/1.1") + get("/after"));
  assertEquals(it.statuses.slice(8), [501]);
  assertMatch(it.responses()[8].body, /^501 Not Implemented/);
  assertEquals([it.counters.refused, it.peer.sawEnd], [1, true]);
});

Deno.test("CONNECT is refused", async () => {
  await using it = new Driven(echoPath);
  await it.send("CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n");
  assertEquals([it.statuses, it.counters.requests, it.peer.sawEnd], [[501], 1, true]);
});
