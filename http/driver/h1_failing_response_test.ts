/** Responses that cannot be sent, or not to their end. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { MillraceError } from "../../runtime/errors.ts";
import { Response } from "../response.ts";
import { Driven, get, head, post } from "./testing/driven.ts";

async function* pieces(...parts: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const part of parts) {
    await null;
    yield part;
  }
}

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
