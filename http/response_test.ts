import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { HeaderMap } from "./fields.ts";
import { Response, type ResponseBody, type ResponseInit } from "./response.ts";

type WebBody = ConstructorParameters<typeof globalThis.Response>[0];
const bytes = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text);

async function* pieces(...parts: (string | Uint8Array)[]): AsyncGenerator<string | Uint8Array> {
  for (const part of parts) {
    await null;
    yield part;
  }
}

/** What both fetch and we know how to make a response of; each call makes it anew. */
const BODIES: readonly (readonly [name: string, make: () => unknown, text: string])[] = [
  ["null", () => null, ""],
  ["undefined", () => undefined, ""],
  ["text", () => "hällo", "hällo"],
  ["empty text", () => "", ""],
  ["text with a lone surrogate", () => "a\ud800b", "a\ufffdb"],
  ["bytes", () => bytes("abc"), "abc"],
  ["a part of bytes", () => bytes("xabcx").subarray(1, 4), "abc"],
  ["no bytes", () => new Uint8Array(0), ""],
  ["a buffer", () => bytes("abc").buffer, "abc"],
  ["a view", () => new DataView(bytes("xabcx").buffer, 1, 3), "abc"],
  ["wide elements", () => new Uint16Array([0x6261]), "ab"],
  ["a Blob with a type", () => new Blob(["abc"], { type: "text/x" }), "abc"],
  ["a Blob without", () => new Blob(["abc"]), "abc"],
  ["parameters", () => new URLSearchParams({ a: "1", b: "&" }), "a=1&b=%26"],
  ["a stream", () => ReadableStream.from([bytes("a"), bytes("bc")]), "abc"],
];

const INITS: readonly (() => ResponseInit | undefined)[] = [
  () => undefined,
  () => ({}),
  () => ({ status: 404 }),
  () => ({ status: 201, statusText: "Made" }),
  () => ({ headers: {} }),
  () => ({ headers: { "X-A": "b" } }),
  () => ({ headers: { "Content-Type": "text/x" } }),
  () => ({ headers: { "content-type": "text/x", "x-a": "b" } }),
  () => ({ headers: [["set-cookie", "b=2"], ["x-a", "1"], ["set-cookie", "a=1"], ["X-A", "2"]] }),
  () => ({ headers: new Headers({ vary: "accept" }) }),
  () => ({ headers: new HeaderMap({ vary: "accept" }) }),
];

Deno.test("the platform's Response and ours agree: status, fields, content", async () => {
  for (const [name, make, text] of BODIES) {
    for (const [i, init] of INITS.entries()) {
      const where = `${name}, init ${i}`;
      const ours = new Response(make() as ResponseBody, init());
      const theirs = new globalThis.Response(make() as WebBody, init() as globalThis.ResponseInit);
      assertEquals(
        [ours.status, ours.statusText, ours.ok, ours.redirected, ours.type, ours.url, ours.bodyUsed],
        [
          theirs.status,
          theirs.statusText,
          theirs.ok,
          theirs.redirected,
          theirs.type,
          theirs.url,
          theirs.bodyUsed,
        ],
        where,
      );
      assertEquals([...ours.headers], [...theirs.headers], where);
      assertEquals(ours.headers.getSetCookie(), theirs.headers.getSetCookie(), where);
      assertEquals(ours.body === null, theirs.body === null, where);
      assertEquals((await ours.clone().blob()).type, (await theirs.clone().blob()).type, where);
      assertEquals([await ours.text(), await theirs.text()], [text, text], where);
      assertEquals(ours.bodyUsed, theirs.bodyUsed, where);
    }
  }
});

Deno.test("the platform's Response and ours agree about form data", async () => {
  const form = new FormData();
  form.set("a", "1");
  form.set("f", new File(["content"], "n.txt", { type: "text/plain" }));
  const read = await new Response(form).formData();
  assertEquals([read.get("a"), await (read.get("f") as File).text()], ["1", "content"]);
  const response = new Response(form, { headers: { "content-type": "text/mine" } });
  assertEquals(response.headers.get("content-type"), "text/mine");
});

Deno.test("what the platform refuses, ours refuses too, with the same kind of error", () => {
  const rows: [unknown, ResponseInit][] = [
    [null, { status: 199 }],
    [null, { status: 600 }],
    [null, { status: 0 }],
    [null, { status: NaN }],
    ["", { status: 204 }],
    ["x", { status: 205 }],
    ["x", { status: 304 }],
    [bytes("x"), { status: 204 }],
    [null, { headers: { "a b": "c" } }],
    [null, { headers: { a: "b\nc" } }],
    [null, { headers: { a: "\u0100" } }],
    [null, { statusText: "a\r\nb" }],
    [null, { statusText: "a\0" }],
    [null, { statusText: "\u0100" }],
  ];
  for (const [body, init] of rows) {
    const kinds = [
      assertThrows(() => new globalThis.Response(body as WebBody, init as globalThis.ResponseInit)),
      assertThrows(() => new Response(body as ResponseBody, init)),
    ].map((error) => (error as Error).constructor.name);
    assertEquals(kinds[1], kinds[0], JSON.stringify([body, init]));
  }
  const locked = new ReadableStream();
  locked.getReader();
  assertThrows(() => new Response(locked), TypeError);
  for (const garbage of [1, true, {}, () => {}, Symbol()]) {
    assertThrows(() => new Response(garbage as unknown as ResponseBody), TypeError);
  }
});

Deno.test("204, 205, 304 have no content, and need none", () => {
  for (const status of [204, 205, 304]) {
    assertEquals([new Response(null, { status }).body, Response.empty(status).status], [null, status]);
  }
  assertEquals(Response.empty().status, 204);
});

Deno.test("what fetch does not know: async iterables of text and bytes", async () => {
  assertEquals(await new Response(pieces("a", bytes("b"), "", "ä")).text(), "abä");
  assertEquals(await new Response(pieces()).text(), "");
  assertEquals(new Response(pieces("a")).headers.get("content-type"), null);
  const array = await Array.fromAsync(new Response(pieces("ab", "", "c")).body!);
  assertEquals(array.map((piece) => new TextDecoder().decode(piece)), ["ab", "c"]);
  await assertRejects(() => new Response(pieces(5 as unknown as string)).text(), TypeError, "number");
  await assertRejects(() => new Response(pieces(null as unknown as string)).text(), TypeError, "null");
});

// ---- statics and builder ----

Deno.test("text, json, html: the type is theirs unless the caller named one", async () => {
  const rows: [(init?: ResponseInit) => Response, string, string][] = [
    [(init) => Response.text("a", init), "text/plain;charset=UTF-8", "a"],
    [(init) => Response.json({ a: 1 }, init), "application/json", '{"a":1}'],
    [(init) => Response.html("<p>", init), "text/html;charset=UTF-8", "<p>"],
  ];
  for (const [make, type, text] of rows) {
    for (const init of INITS) {
      const given = init();
      const named = given?.headers === undefined ? null : new HeaderMap(given.headers).get("content-type");
      const response = make(given);
      assertEquals(response.headers.get("content-type"), named ?? type);
      assertEquals(response.status, given?.status ?? 200);
      assertEquals(await response.text(), text);
    }
    // Even the type that text would have had anyway.
    const plain = { headers: { "content-type": "text/plain;charset=UTF-8", "x-a": "b" } };
    assertEquals(make(plain).headers.get("content-type"), "text/plain;charset=UTF-8");
    assertEquals(
      make({ headers: [["content-type", "text/plain;charset=UTF-8"]] }).headers.get("content-type"),
      "text/plain;charset=UTF-8",
    );
  }
});

Deno.test("json: what the platform's json says", async () => {
  for (
    const value of [
      null,
      1,
      "ä\u2028",
      [],
      { a: undefined, b: [undefined] },
      { __proto__: { x: 1 } },
      new Date(0),
    ]
  ) {
    assertEquals(await Response.json(value).text(), await globalThis.Response.json(value).text());
  }
  for (const value of [undefined, () => {}, Symbol(), 1n]) {
    assertThrows(() => Response.json(value), TypeError);
  }
  const cycle: { self?: unknown } = {};
  cycle.self = cycle;
  assertThrows(() => Response.json(cycle), TypeError);
});

Deno.test("redirect", () => {
  const response = Response.redirect("/elsewhere?a=b#c");
  assertEquals([response.status, response.headers.get("location"), response.body], [
    302,
    "/elsewhere?a=b#c",
    null,
  ]);
  assertEquals(Response.redirect(new URL("http://a/b"), 308).headers.get("location"), "http://a/b");
  for (const status of [200, 300, 304, 306, 309, 400]) {
    assertThrows(() => Response.redirect("/", status), RangeError);
  }
  assertThrows(() => Response.redirect("/\r\nset-cookie: a=b"), TypeError);
});

Deno.test("builder: status and fields, then the body", async () => {
  const response = Response.builder().status(201, "Made").header("Location", "/1").header("set-cookie", "a=1")
    .header("set-cookie", "b=2").json({ a: 1 });
  assertEquals([response.status, response.statusText, await response.text()], [201, "Made", '{"a":1}']);
  assertEquals([...response.headers], [
    ["content-type", "application/json"],
    ["location", "/1"],
    ["set-cookie", "a=1"],
    ["set-cookie", "b=2"],
  ]);
  assertEquals(await Response.builder().text("a").text(), "a");
  assertEquals(Response.builder().html("a").headers.get("content-type"), "text/html;charset=UTF-8");
  assertEquals(Response.builder().header("content-type", "a/b").text("a").headers.get("content-type"), "a/b");
  assertEquals(await Response.builder().body(pieces("a", "b")).text(), "ab");
  assertEquals(Response.builder().status(204).empty().body, null);
  assertThrows(() => Response.builder().status(99), RangeError);
  assertThrows(() => Response.builder().header("a b", "c"), TypeError);
  // One builder, several responses, which do not share their fields.
  const builder = Response.builder().header("x-a", "b");
  const first = builder.text("1");
  first.headers.set("x-a", "c");
  assertEquals(builder.text("2").headers.get("x-a"), "b");
});

// ---- headers ----

Deno.test("headers made late are sent all the same; content-type can be taken away", () => {
  const response = Response.text("a");
  response.headers.set("x-a", "b");
  response.headers.delete("content-type");
  assertEquals([...response.headers], [["x-a", "b"]]);
  assertStrictEquals(response.headers, response.headers);
  assertEquals(Response.contentTypeOf(Response.json(1)), "application/json");
  assertEquals(Response.fieldsOf(Response.json(1)), undefined);
});

Deno.test("the init's headers are not the response's", () => {
  const headers = new HeaderMap({ "x-a": "b", "x-c": "d" });
  const response = new Response("a", { headers });
  response.headers.set("x-a", "changed");
  assertEquals([headers.get("x-a"), headers.has("content-type")], ["b", false]);
});

// ---- content ----

Deno.test("content can be consumed once, and is locked meanwhile", async () => {
  for (
    const make of [
      () => new Response("abc"),
      () => new Response(bytes("abc")),
      () => new Response(pieces("abc")),
    ]
  ) {
    for (
      const way of [
        "text",
        "bytes",
        "arrayBuffer",
        "blob",
        "body",
        "cancel",
        "partly",
        "toWeb",
        "take",
      ] as const
    ) {
      const response = make();
      if (way === "body") { for await (const _ of response.body!); }
      else if (way === "cancel") await response.body!.cancel();
      else if (way === "partly") {
        const reader = response.body!.getReader();
        await reader.read();
        reader.releaseLock();
      } else if (way === "toWeb") response.toWeb();
      else if (way === "take") Response.take(response);
      else await response[way]();
      assertEquals(response.bodyUsed, true, way);
      for (const method of ["text", "bytes", "json", "arrayBuffer", "blob", "formData"] as const) {
        await assertRejects(() => response[method](), TypeError, undefined, way);
      }
      assertThrows(() => response.clone(), TypeError);
      assertThrows(() => response.toWeb(), TypeError);
      assertThrows(() => Response.take(response), TypeError);
    }
    const response = make();
    const text = response.text();
    assert(response.body!.locked);
    assertEquals(await text, "abc");
  }
});

Deno.test("nothing gives away the bytes that the maker passed in", async () => {
  const mine = bytes("abc");
  const read = await new Response(mine).bytes();
  read.fill(0);
  const chunk = (await new Response(mine).body!.getReader().read()).value!;
  structuredClone(chunk, { transfer: [chunk.buffer] });
  const response = new Response(mine);
  const copy = response.clone();
  const piece = (await response.body!.getReader().read()).value!;
  piece.fill(0);
  assertEquals([new TextDecoder().decode(mine), await copy.text()], ["abc", "abc"]);
});

Deno.test("clone: the same, twice", async () => {
  for (
    const make of [
      () => "abc",
      () => bytes("abc"),
      () => pieces("a", "bc"),
      () => ReadableStream.from([bytes("abc")]),
    ]
  ) {
    const response = new Response(make(), { status: 201, statusText: "x", headers: { "x-a": "b" } });
    const copy = response.clone();
    copy.headers.set("x-a", "c");
    assertEquals([response.headers.get("x-a"), copy.status, copy.statusText], ["b", 201, "x"]);
    assertEquals([response.bodyUsed, copy.bodyUsed], [false, false]);
    assertEquals(await copy.text(), "abc");
    assertEquals([response.bodyUsed, copy.bodyUsed], [false, true]);
    assertEquals(await response.clone().text(), "abc");
    assertEquals(await response.text(), "abc");
  }
  assertEquals(Response.json(1).clone().headers.get("content-type"), "application/json");
});

Deno.test("toWeb: there and back", async () => {
  for (const [name, make, text] of BODIES) {
    for (const init of INITS) {
      const response = new Response(make() as ResponseBody, init());
      const fields = [...response.headers];
      const web = response.toWeb();
      assert(web instanceof globalThis.Response);
      assertEquals([[...web.headers], web.status, web.statusText], [
        fields,
        response.status,
        response.statusText,
      ], name);
      const back = new Response(web.body, { status: web.status, headers: web.headers });
      assertEquals([[...back.headers], await back.text()], [fields, text], name);
    }
  }
  const untyped = Response.text("a");
  untyped.headers.delete("content-type");
  assertEquals(untyped.toWeb().headers.get("content-type"), null);
});

Deno.test("toWeb: a stream is read at the reader's pace, and cancelled when he leaves", async () => {
  let given = 0;
  let cancelled = false;
  const web = new Response((async function* () {
    try {
      for (;;) yield String(given++);
    } finally {
      cancelled = true;
    }
  })()).toWeb();
  const reader = web.body!.getReader();
  await reader.read();
  await new Promise((resolve) => setImmediate(resolve));
  assert(given <= 3, `${given} pieces were made`);
  await reader.cancel();
  await new Promise((resolve) => setImmediate(resolve));
  assert(cancelled);
});

Deno.test("the stream of a part is passed on: what a BYOB reader left is not lost", async () => {
  const response = new Response(pieces("abcdef", "gh"));
  const reader = response.body!.getReader({ mode: "byob" });
  const { value } = await reader.read(new Uint8Array(2));
  assertEquals(new TextDecoder().decode(value), "ab");
  reader.releaseLock();
  const rest = new Response(response.body);
  assertEquals(await rest.text(), "cdefgh");
});
