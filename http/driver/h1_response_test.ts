/** How responses are framed, and what becomes of content that comes piece by piece. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { Response } from "../response.ts";
import type { Handler } from "./context.ts";
import { Driven, get, head } from "./testing/driven.ts";

async function* pieces(...parts: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const part of parts) {
    await null;
    yield part;
  }
}

function streamOfPieces(...parts: string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(parts.map((part) => new TextEncoder().encode(part)));
}

// [name, response, status, fields that must be (undefined: absent), body, framing of a GET in 1.1 and in 1.0]
type Row = readonly [
  name: string,
  make: () => Response | globalThis.Response,
  status: number,
  type: string | undefined,
  body: string,
  framing: "length" | "chunked" | "none",
];
const ROWS: readonly Row[] = [
  ["text", () => Response.text("hello"), 200, "text/plain;charset=UTF-8", "hello", "length"],
  ["empty text", () => Response.text(""), 200, "text/plain;charset=UTF-8", "", "length"],
  ["text beyond ASCII", () => Response.text("äß€😀"), 200, "text/plain;charset=UTF-8", "äß€😀", "length"],
  [
    "text that is copied",
    () => Response.text("x".repeat(16_384)),
    200,
    "text/plain;charset=UTF-8",
    "x".repeat(16_384),
    "length",
  ],
  [
    "text that is not",
    () => Response.text("ä".repeat(70_000)),
    200,
    "text/plain;charset=UTF-8",
    "ä".repeat(70_000),
    "length",
  ],
  ["bytes", () => new Response(new Uint8Array([104, 105])), 200, undefined, "hi", "length"],
  [
    "many bytes",
    () => new Response(new Uint8Array(400_000).fill(97)),
    200,
    undefined,
    "a".repeat(400_000),
    "length",
  ],
  ["no bytes", () => new Response(new Uint8Array(0)), 200, undefined, "", "length"],
  ["null", () => new Response(), 200, undefined, "", "length"],
  ["null, 404", () => new Response(null, { status: 404 }), 404, undefined, "", "length"],
  ["json", () => Response.json({ a: 1 }, { status: 201 }), 201, "application/json", '{"a":1}', "length"],
  ["205", () => Response.empty(205), 205, undefined, "", "length"],
  ["204", () => Response.empty(), 204, undefined, "", "none"],
  ["304", () => new Response(null, { status: 304, headers: { etag: '"a"' } }), 304, undefined, "", "none"],
  ["iterable", () => new Response(pieces("a", "", "bc")), 200, undefined, "abc", "chunked"],
  ["iterable, empty", () => new Response(pieces()), 200, undefined, "", "chunked"],
  [
    "iterable of large pieces",
    () => new Response(pieces("x".repeat(16_385), new Uint8Array(100_000).fill(121), "z")),
    200,
    undefined,
    "x".repeat(16_385) + "y".repeat(100_000) + "z",
    "chunked",
  ],
  ["stream", () => new Response(streamOfPieces("a", "bc")), 200, undefined, "abc", "chunked"],
  [
    "iterable with its length",
    () => new Response(pieces("a", "bc"), { headers: { "content-length": "3" } }),
    200,
    undefined,
    "abc",
    "length",
  ],
  [
    "a length that is no number counts for nothing",
    () => new Response(pieces("abc"), { headers: { "content-length": "3,3" } }),
    200,
    undefined,
    "abc",
    "chunked",
  ],
  [
    "a length that the bytes contradict counts for nothing",
    () => new Response("abc", { headers: { "content-length": "7" } }),
    200,
    "text/plain;charset=UTF-8",
    "abc",
    "length",
  ],
  [
    "a transfer-encoding of the handler counts for nothing",
    () => new Response("abc", { headers: { "transfer-encoding": "chunked", "keep-alive": "x" } }),
    200,
    "text/plain;charset=UTF-8",
    "abc",
    "length",
  ],
  [
    "of the platform",
    () => new globalThis.Response("hi", { status: 203, headers: { "x-a": "b" } }),
    203,
    "text/plain;charset=UTF-8",
    "hi",
    "chunked",
  ],
  ["of the platform, null", () => new globalThis.Response(null), 200, undefined, "", "length"],
  ["of the platform, 204", () => new globalThis.Response(null, { status: 204 }), 204, undefined, "", "none"],
];

for (const [name, make, status, type, body, framing] of ROWS) {
  for (const version of ["1.1", "1.0"]) {
    for (const method of ["GET", "HEAD"]) {
      for (const late of [false, true]) {
        const when = late ? "later" : "at once";
        Deno.test(`${method} ${version} answered ${when} by ${name}`, async () => {
          const handler: Handler = late ? () => Promise.resolve().then(make) : make;
          await using it = new Driven(handler);
          await it.send(head(`${method} / HTTP/${version}`));
          const response = it.response(method);
          const untilClose = version === "1.0" && framing === "chunked";
          assertEquals(response.status, status);
          assertEquals(response.fields.get("content-type"), type);
          assert(response.complete);
          if (method === "HEAD") {
            assert(it.peer.received.endsWith("\r\n\r\n"));
            assertEquals(
              response.fields.get("content-length"),
              framing === "length" ? String(new TextEncoder().encode(body).length) : undefined,
            );
          } else {
            const expected = new TextEncoder().encode(body).reduce(
              (text, byte) => text + String.fromCharCode(byte),
              "",
            );
            assert(response.body === expected, `${response.body.length} of ${expected.length} bytes`);
            assertEquals(response.framing, untilClose ? "close" : framing);
          }
          if (version === "1.0") {
            assertEquals(response.fields.get("transfer-encoding"), undefined);
            assert(it.peer.sawEnd);
          } else {
            assert(!it.peer.sawEnd);
            await it.send(get("/again"));
            assertEquals(it.responses(method, "GET").length, 2);
          }
        });
      }
    }
  }
}

Deno.test("HEAD: a handler without content at hand announces its length", async () => {
  await using it = new Driven(() => new Response(null, { headers: { "content-length": "12345" } }));
  await it.send(head("HEAD / HTTP/1.1") + get("/"));
  const [toHead, toGet] = it.responses("HEAD", "GET");
  assertEquals(toHead.fields.get("content-length"), "12345");
  assertEquals(toGet.fields.get("content-length"), "0");
});

Deno.test("HEAD, 204: a stream is not read, but told", async () => {
  for (const method of ["HEAD", "GET"]) {
    let pulled = 0;
    let cancelled = 0;
    const stream = new ReadableStream<Uint8Array>({
      pull: () => void pulled++,
      cancel: () => void cancelled++,
    }, { highWaterMark: 0 });
    await using it = new Driven(() => new Response(stream, { status: 200 }));
    await it.send(head(`${method} / HTTP/1.1`));
    if (method === "HEAD") assertEquals([pulled, cancelled], [0, 1]);
    else assertEquals([pulled, cancelled], [1, 0]);
  }
});

Deno.test("fields go out in the order in which they were set, each Set-Cookie by itself", async () => {
  await using it = new Driven(() => {
    const response = Response.text("x", { headers: { "z-first": "1" } });
    response.headers.append("set-cookie", "a=1; Path=/");
    response.headers.append("vary", "accept");
    response.headers.append("set-cookie", "b=2");
    response.headers.append("vary", "origin");
    return response;
  });
  await it.send(get("/"));
  const lines = it.peer.received.split("\r\n\r\n")[0].split("\r\n").slice(1).map((line) =>
    line.split(":")[0]
  );
  assertEquals(lines, [
    "z-first",
    "content-type",
    "set-cookie",
    "vary",
    "set-cookie",
    "vary",
    "date",
    "content-length",
  ]);
});

Deno.test("a Date of the handler's stands", async () => {
  await using it = new Driven(() => Response.text("x", { headers: { date: "yesterday" } }));
  await it.send(get("/"));
  assertEquals(it.response().fields.get("date"), "yesterday");
});

Deno.test("a reason phrase of the handler's goes out", async () => {
  await using it = new Driven(() => new Response("x", { status: 404, statusText: "Nö" }));
  await it.send(get("/"));
  assertEquals(it.response().reason, "Nö");
});

Deno.test("a constant text stays right when the date moves and other texts come between", async () => {
  const texts = [
    "a",
    "a",
    "a",
    "b",
    "b",
    "ä",
    "ä",
    "ä",
    "a",
    "x".repeat(300),
    "x".repeat(300),
    "x".repeat(300),
  ];
  let next = 0;
  await using it = new Driven(() => Response.text(texts[next++ % texts.length]));
  for (let i = 0; i < 3 * texts.length; i++) {
    await it.send(get("/"));
    if (i % 5 === 0) await it.advance(700);
  }
  it.responses().forEach(({ body, fields }, i) => {
    const text = texts[i % texts.length];
    assertEquals(body, text === "ä" ? "\xc3\xa4" : text, `response ${i}`);
    assertEquals(fields.get("content-length"), text === "ä" ? "2" : String(text.length));
    const seconds = 5 + Math.floor(Math.ceil(i / 5) * 700 / 1000);
    assertStringIncludes(fields.get("date")!, `:${String(seconds).padStart(2, "0")} GMT`);
  });
});

Deno.test("content types without number do not grow the server", async () => {
  let n = 0;
  await using it = new Driven(() => new Response("x", { headers: { "content-type": `text/${n++}` } }));
  for (let i = 0; i < 200; i++) await it.send(get("/"));
  it.responses().forEach(({ fields, body }, i) =>
    assertEquals([fields.get("content-type"), fields.get("content-length"), body], [`text/${i}`, "1", "x"])
  );
});
