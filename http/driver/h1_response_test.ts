/** How responses are framed, and what becomes of content that comes piece by piece. */
import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { MillraceError } from "../../runtime/errors.ts";
import { Response } from "../response.ts";
import type { Handler } from "./context.ts";
import { Driven, get, head, post } from "./testing/driven.ts";

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

// ---- content that fails ----

for (const where of ["iterable", "stream"] as const) {
  for (const after of [0, 1, 3]) {
    for (const announced of [false, true]) {
      Deno.test(`a ${where} that throws after ${after} pieces is cut off, length ${announced}`, async () => {
        const failure = new Error("the disk is gone");
        async function* failing(): AsyncGenerator<Uint8Array<ArrayBuffer>> {
          for (let i = 0; i < after; i++) yield new Uint8Array([97]);
          await null;
          throw failure;
        }
        await using it = new Driven(() =>
          new Response(where === "iterable" ? failing() : ReadableStream.from(failing()), {
            headers: announced ? { "content-length": "10" } : {},
          })
        );
        await it.send(get("/") + get("/next"));
        const [response, ...others] = it.responses();
        assertEquals(others, []);
        assert(!response.complete, "the peer must see that something is missing");
        assertEquals(response.body, "a".repeat(after));
        assert(it.peer.sawReset && !it.peer.sawEnd, "cut off, not ended");
        assertEquals(it.errors, [failure]);
        assertEquals(it.counters.failed, 1);
      });
    }
  }
}

Deno.test("1.0: a stream that throws is cut off: the end of the connection would say that it is whole", async () => {
  await using it = new Driven(() =>
    new Response((async function* () {
      yield "half";
      await null;
      throw new Error("no more");
    })())
  );
  await it.send(head("GET / HTTP/1.0"));
  assert(it.peer.sawReset && !it.peer.sawEnd);
});

for (
  const [name, announced, parts] of [
    ["less", 5, ["ab", "c"]],
    ["more, in one piece", 2, ["abc"]],
    ["more, after it", 3, ["abc", "d"]],
    ["none", 1, []],
    ["some instead of none", 0, ["a"]],
  ] as const
) {
  Deno.test(`a content-length that a stream does not keep, ${name}: cut off`, async () => {
    await using it = new Driven(() =>
      new Response(pieces(...parts), { headers: { "content-length": String(announced) } })
    );
    await it.send(get("/") + get("/next"));
    const [response, ...others] = it.responses();
    assertEquals(others, []);
    assert(response.body.length <= announced, "never more than was announced");
    assert(it.peer.sawReset && !it.peer.sawEnd);
    assertInstanceOf(it.errors[0], MillraceError);
    assertEquals(it.errors[0].code, "ERR_CONTENT_LENGTH");
  });
}

Deno.test("a stream of what is no bytes is cut off", async () => {
  await using it = new Driven(() => new Response(ReadableStream.from([1, 2]) as unknown as ReadableStream));
  await it.send(get("/"));
  assert(it.peer.sawReset);
  assertInstanceOf(it.errors[0], TypeError);
});

Deno.test("an iterator whose return is not a Promise, or throws, does no harm", async () => {
  for (
    const end of [() => ({ done: true, value: undefined }), () => {
      throw new Error("no");
    }, () => Promise.reject(new Error("no"))]
  ) {
    const iterable = {
      [Symbol.asyncIterator]: () => ({
        next: () => new Promise(() => {}),
        return: end,
      }),
    } as unknown as AsyncIterable<string>;
    await using it = new Driven(() => new Response(iterable));
    await it.send(get("/"));
    it.peer.reset();
    await it.settle();
    assertEquals(it.closedCount, 1);
  }
});

Deno.test("a head that is too large, or cannot be encoded, is a 500, and the connection goes on", async () => {
  const huge = { "x-huge": "x".repeat(200_000) };
  const rows: (() => Response)[] = [
    () => Response.text("x", { headers: huge }),
    () => new Response(pieces("x"), { headers: huge }),
    () => new Response(new Uint8Array(50_000), { headers: huge }),
    () => Response.text("x".repeat(50_000), { headers: huge }),
  ];
  for (const make of rows) {
    await using it = new Driven(make);
    await it.send(get("/") + get("/next"));
    assertEquals(it.statuses, [500, 500]);
    assertEquals(it.errors.map((error) => (error as MillraceError).code), [
      "ERR_HEAD_TOO_LARGE",
      "ERR_HEAD_TOO_LARGE",
    ]);
  }
});

Deno.test("a reason phrase that would be more than one line never goes out", async () => {
  for (const statusText of ["a\r\nx: y", "a\nb", "\0", "€"]) {
    await using it = new Driven(() => new Response("x", { status: 200, statusText }));
    await it.send(get("/"));
    assertEquals(it.statuses, [500], JSON.stringify(statusText));
  }
});

Deno.test("the stream of a late answer to a connection that is gone is cancelled", async () => {
  let cancelled = 0;
  let answer!: (response: Response) => void;
  await using it = new Driven(() => new Promise<Response>((resolve) => answer = resolve));
  await it.send(get("/"));
  it.peer.reset();
  const stream = new ReadableStream({ cancel: () => void cancelled++ });
  answer(new Response(stream));
  await it.settle();
  assertEquals(cancelled, 1);
});

Deno.test("the echo of a body is streamed, chunk by chunk", async () => {
  await using it = new Driven((request) => new Response(request.body));
  await it.send(head("POST / HTTP/1.1", "Content-Length: 6"), "ab");
  assert(it.peer.received.endsWith("2\r\nab\r\n"), it.peer.received);
  await it.send("cd");
  assert(it.peer.received.endsWith("2\r\ncd\r\n"));
  await it.send("ef" + post("/", "second"));
  assertEquals(it.responses().map(({ body, complete }) => [body, complete]), [["abcdef", true], [
    "second",
    true,
  ]]);
});
