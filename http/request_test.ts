import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { SocketAddr } from "../net/addr.ts";
import type { BodySource } from "./body.ts";
import { H1_LIMITS } from "./h1/limits.ts";
import { RequestDecoder } from "./h1/request_decoder.ts";
import { Request, type RequestContext } from "./request.ts";
import { latin1 } from "./testing/wire.ts";

class Context implements RequestContext {
  readonly scheme = "http";
  readonly remoteAddr: SocketAddr = SocketAddr.parse("192.0.2.1:5");
  readonly controller: AbortController = new AbortController();
  asked = 0;

  abortSignal(): AbortSignal {
    this.asked++;
    return this.controller.signal;
  }
}

/** A source of these pieces, and what became of it. */
function sourceOf(...pieces: string[]): BodySource & { cancelled: number; reads: number } {
  const source = {
    cancelled: 0,
    reads: 0,
    read: () => {
      source.reads++;
      const piece = pieces.shift();
      return Promise.resolve(piece === undefined ? undefined : latin1(piece));
    },
    cancel: () => void source.cancelled++,
  };
  return source;
}

/** The request that `text` is, somewhere in a buffer full of other bytes. */
function requestOf(text: string, source: BodySource | null = null, context = new Context()): Request {
  const bytes = latin1("!".repeat(37) + text + "?".repeat(20));
  const decoder = new RequestDecoder(H1_LIMITS);
  decoder.next(bytes, 37, 37 + text.length);
  return new Request(context, bytes, decoder.head, source);
}

const get = (target: string, ...fields: string[]): string =>
  [`GET ${target} HTTP/1.1`, "Host: a.example:81", ...fields, "", ""].join("\r\n");

/** Both right after decoding and after detach(). */
function bothWays(text: string, check: (request: Request, how: string) => void): void {
  check(requestOf(text), "attached");
  const detached = requestOf(text);
  detached.detach();
  check(detached, "detached");
  detached.detach();
  check(detached, "detached twice");
  check(detached.clone(), "cloned");
  const late = requestOf(text);
  void late.path, late.headers;
  late.detach();
  check(late, "asked before and after");
}

Deno.test("every part of a head, attached and detached", () => {
  bothWays(get("/a/b?c=d&e", "X-Y:  z ", "Accept: a", "Accept: b"), (request, how) => {
    assertEquals(
      [
        request.method,
        request.target,
        request.path,
        request.query,
        request.version,
        request.url,
      ],
      [
        "GET",
        "/a/b?c=d&e",
        "/a/b",
        "c=d&e",
        "HTTP/1.1",
        "http://a.example:81/a/b?c=d&e",
      ],
      how,
    );
    assertEquals([request.field("x-y"), request.field("accept"), request.field("absent")], ["z", "a", null]);
    assertEquals([...request.headers], [["accept", "a, b"], ["host", "a.example:81"], ["x-y", "z"]]);
    assertStrictEquals(request.headers, request.headers);
    assertEquals(String(request.remoteAddr), "192.0.2.1:5");
  });
});

// [request line's target and method, path, query, url]
const TARGETS: readonly [method: string, target: string, path: string, query: string, url: string][] = [
  ["GET", "/", "/", "", "http://h/"],
  ["GET", "/?", "/", "", "http://h/?"],
  ["GET", "/??", "/", "?", "http://h/??"],
  ["GET", "/a?b?c", "/a", "b?c", "http://h/a?b?c"],
  ["GET", "/?a=%20+", "/", "a=%20+", "http://h/?a=%20+"],
  ["GET", "//", "//", "", "http://h//"],
  ["GET", "//x/y", "//x/y", "", "http://h//x/y"],
  ["GET", "/%2F%00", "/%2F%00", "", "http://h/%2F%00"],
  ["GET", "/a/../b/./c", "/a/../b/./c", "", "http://h/a/../b/./c"],
  ["GET", "/http://x/", "/http://x/", "", "http://h/http://x/"],
  ["GET", "http://x", "/", "", "http://x/"],
  ["GET", "http://x/", "/", "", "http://x/"],
  ["GET", "http://x?q", "/", "q", "http://x/?q"],
  ["GET", "http://x/?q", "/", "q", "http://x/?q"],
  ["GET", "http://x:8080/p?q", "/p", "q", "http://x:8080/p?q"],
  ["GET", "HTTPS://[::1]:9/p", "/p", "", "http://[::1]:9/p"],
  ["OPTIONS", "*", "*", "", "http://h/"],
  ["OPTIONS", "/*", "/*", "", "http://h/*"],
  ["PURGE", "/p?q", "/p", "q", "http://h/p?q"],
  ["A", "/p?q", "/p", "q", "http://h/p?q"],
];

for (const [method, target, path, query, url] of TARGETS) {
  Deno.test(`${method} ${target}`, () => {
    bothWays(`${method} ${target} HTTP/1.1\r\nHost: h\r\n\r\n`, (request, how) => {
      assertEquals(
        [request.method, request.target, request.path, request.query, request.url],
        [method, target, path, query, url],
        how,
      );
      // What another server's handler does first.
      assertEquals(new URL(request.url).search.replace(/^\?/, ""), query);
    });
  });
}

Deno.test("HTTP/1.0 without Host has a URL all the same", () => {
  bothWays("GET /p HTTP/1.0\r\n\r\n", (request) => {
    assertEquals([request.version, request.url, request.field("host")], [
      "HTTP/1.0",
      "http://host.invalid/p",
      null,
    ]);
    assertEquals([...request.headers], []);
  });
});

Deno.test("every byte that a value may hold arrives", () => {
  let value = "x";
  for (let code = 0x80; code < 0x100; code++) value += String.fromCharCode(code);
  bothWays(get("/", `X: ${value}\ty`), (request) => {
    assertEquals(request.field("x"), `${value}\ty`);
    assertEquals(request.headers.get("x"), `${value}\ty`);
  });
});

Deno.test("headers cannot be changed", () => {
  const { headers } = requestOf(get("/", "X: y"));
  assertThrows(() => headers.set("x", "z"), TypeError);
  assertThrows(() => headers.append("a", "b"), TypeError);
  assertThrows(() => headers.delete("x"), TypeError);
  assertEquals(new Headers(headers).get("x"), "y");
});

Deno.test("detach frees the request from the buffer that it came in", () => {
  const text = get("/a?b", "X: y");
  const bytes = latin1("!".repeat(10) + text);
  const decoder = new RequestDecoder(H1_LIMITS);
  decoder.next(bytes, 10, bytes.length);
  const request = new Request(new Context(), bytes, decoder.head, null);
  request.detach();
  bytes.fill(0x58);
  assertEquals([request.method, request.path, request.query, request.field("x")], ["GET", "/a", "b", "y"]);
});

Deno.test("no content: body is null, the consuming methods give nothing, as often as one likes", async () => {
  const request = requestOf(get("/", "Content-Type: application/x-www-form-urlencoded"));
  assertEquals([request.body, request.bodyUsed], [null, false]);
  assertEquals([await request.text(), await request.text()], ["", ""]);
  assertEquals([(await request.bytes()).length, (await request.arrayBuffer()).byteLength], [0, 0]);
  assertEquals([(await request.blob()).size, (await request.blob()).type], [
    0,
    "application/x-www-form-urlencoded",
  ]);
  assertEquals([...await request.formData()], []);
  assertEquals(await Array.fromAsync(request.textStream()), []);
  await assertRejects(() => request.json(), SyntaxError);
  assertEquals(request.bodyUsed, false);
});

Deno.test("content can be consumed once", async () => {
  for (const first of ["text", "bytes", "arrayBuffer", "blob", "body", "clone-less"] as const) {
    const request = requestOf(get("/"), sourceOf("a", "b"));
    assertEquals(request.bodyUsed, false);
    if (first === "body") { for await (const _ of request.body!); }
    else if (first === "clone-less") await request.body!.cancel();
    else await request[first]();
    assertEquals(request.bodyUsed, true, first);
    for (const method of ["text", "bytes", "json", "arrayBuffer", "blob", "formData"] as const) {
      await assertRejects(() => request[method](), TypeError);
    }
    assertThrows(() => request.clone(), TypeError);
  }
});

Deno.test("asking for body does not use it; reading does, also through a lock that was given back", async () => {
  const source = sourceOf("a", "b");
  const request = requestOf(get("/"), source);
  const { body } = request;
  assertStrictEquals(request.body, body);
  assertEquals([request.bodyUsed, source.reads], [false, 0]);
  const reader = body!.getReader();
  await assertRejects(() => request.text(), TypeError, "read already");
  await reader.read();
  reader.releaseLock();
  assertEquals(request.bodyUsed, true);
  await assertRejects(() => request.text(), TypeError);
});

Deno.test("while one consumes, body is locked, and empty for nobody else", async () => {
  const request = requestOf(get("/"), sourceOf("a", "b", "c"));
  const text = request.text();
  assert(request.body!.locked);
  assertThrows(() => request.body!.getReader(), TypeError);
  assertEquals(await text, "abc");
});

Deno.test("text after body was asked for", async () => {
  const request = requestOf(get("/"), sourceOf("a", "b"));
  void request.body;
  assertEquals(await request.text(), "ab");
  assertEquals(request.bodyUsed, true);
});

Deno.test("clone: the same head, the content for both", async () => {
  const source = sourceOf("a", "b", "c");
  const request = requestOf(get("/p?q", "X: y"), source);
  const copy = request.clone();
  const third = copy.clone();
  assertEquals([copy.url, copy.field("x"), copy.method], [request.url, "y", "GET"]);
  assertEquals(await Promise.all([request.text(), copy.text(), third.text()]), ["abc", "abc", "abc"]);
  assertEquals([request.bodyUsed, copy.bodyUsed, third.bodyUsed], [true, true, true]);
  assertEquals(source.reads, 4);
});

Deno.test("clone: what was used of the one is not used of the other", async () => {
  const request = requestOf(get("/"), sourceOf("a", "b"));
  const copy = request.clone();
  const reader = copy.body!.getReader();
  await reader.read();
  assertEquals([request.bodyUsed, copy.bodyUsed], [false, true]);
  await reader.cancel();
  assertEquals(await request.text(), "ab");
});

Deno.test("a byte order mark is dropped, malformed UTF-8 becomes U+FFFD, split characters are whole", async () => {
  assertEquals(await requestOf(get("/"), sourceOf("\xef\xbb", "\xbfa")).text(), "a");
  assertEquals(await requestOf(get("/"), sourceOf("a\xff", "b")).text(), "a\ufffdb");
  assertEquals(await requestOf(get("/"), sourceOf("\xf0\x9f", "\x98\x80")).text(), "😀");
  assertEquals(
    (await Array.fromAsync(requestOf(get("/"), sourceOf("\xf0\x9f", "\x98\x80")).textStream())).join(""),
    "😀",
  );
});

Deno.test("a source that fails makes every way of reading fail", async () => {
  const failing = (): BodySource => ({ read: () => Promise.reject(new RangeError("gone")), cancel() {} });
  await assertRejects(() => requestOf(get("/"), failing()).text(), RangeError);
  await assertRejects(() => requestOf(get("/"), failing()).json(), RangeError);
  await assertRejects(() => requestOf(get("/"), failing()).bytes(), RangeError);
  await assertRejects(() => requestOf(get("/"), failing()).body!.getReader().read(), RangeError);
  await assertRejects(() => Array.fromAsync(requestOf(get("/"), failing()).textStream()), RangeError);
});

Deno.test("bytes belong to the caller, whatever they were a part of", async () => {
  const arena = latin1("0123456789");
  let given = false;
  const source: BodySource = {
    read: () => Promise.resolve(given ? undefined : (given = true, arena.subarray(2, 5))),
    cancel() {},
  };
  const bytes = await requestOf(get("/"), source).bytes();
  assertEquals([bytes.length, bytes.buffer.byteLength], [3, 3]);
  bytes.fill(0);
  assertEquals(arena[2], 0x32);
});

Deno.test("signal: asked for once, the same ever after", () => {
  const context = new Context();
  const request = requestOf(get("/"), null, context);
  assertEquals(context.asked, 0);
  assertStrictEquals(request.signal, request.signal);
  assertEquals(context.asked, 1);
  context.controller.abort();
  assert(request.signal.aborted && request.clone().signal.aborted);
});

Deno.test("what has no meaning for a received request is fetch's default", () => {
  const request = requestOf(get("/"));
  const platform = new globalThis.Request("http://a/");
  for (
    const key of [
      "cache",
      "credentials",
      "destination",
      "integrity",
      "keepalive",
      "mode",
      "redirect",
      "referrer",
      "referrerPolicy",
    ] as const
  ) {
    const value = request[key];
    // Deno's own leaves some of them out.
    if (platform[key] !== undefined) assertEquals(value as unknown, platform[key] as unknown, key);
    assert(value !== undefined, key);
  }
  assertEquals([request.isHistoryNavigation, request.isReloadNavigation], [false, false]);
  assertInstanceOf(request, Request);
});

Deno.test("the platform's Request can be made of it", async () => {
  const request = requestOf(get("/p?q", "X: y").replace("GET", "POST"), sourceOf("a", "b"));
  const { url, method, headers, body } = request;
  const copy = new globalThis.Request(url, { method, headers, body });
  assertEquals([copy.url, copy.method, copy.headers.get("x"), await copy.text()], [
    request.url,
    "POST",
    "y",
    "ab",
  ]);
});

Deno.test("a body of 200,000 pieces is collected in linear time", async () => {
  const piece = latin1("x");
  let left = 200_000;
  const source: BodySource = { read: () => Promise.resolve(left-- > 0 ? piece : undefined), cancel() {} };
  const start = performance.now();
  assertEquals((await requestOf(get("/"), source).text()).length, 200_000);
  assert(performance.now() - start < 5000);
});

Deno.test("toWeb has the same head and the content; the platform takes nothing else for a request", async () => {
  const text = "POST /a?b HTTP/1.1\r\nHost: a\r\nX-Y: z\r\nContent-Length: 4\r\n\r\n";
  const ours = requestOf(text, sourceOf("ab", "cd"));
  // Silently, it would be a GET without content.
  assertThrows(() => new globalThis.Request(ours), TypeError);
  const web = ours.toWeb();
  assertEquals([web.method, web.url, web.headers.get("x-y")], ["POST", "http://a/a?b", "z"]);
  assertEquals(await web.text(), "abcd");
  assertEquals(ours.bodyUsed, true);
  const bare = requestOf(get("/bare")).toWeb();
  assertEquals([bare.url, bare.body], ["http://a.example:81/bare", null]);
});
