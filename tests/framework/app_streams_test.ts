/**
 * Handlers that give streams, blobs and bytes, and responses that cannot be sent; on both faces.
 * @module
 */
import { assertEquals, assertRejects, assertStrictEquals, assertStringIncludes } from "@std/assert";
import { type App, Controller, createApp, Get, HttpCode, Module, Post } from "@millrace/millrace/framework";
import { Response as OurResponse } from "@millrace/millrace/http";
import { Runtime } from "@millrace/millrace/runtime";
import { appOf, send } from "./support.ts";

/** Streams that were given up. */
const cancelled: string[] = [];

function streamOf(name: string, ...pieces: string[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(generate(name, ...pieces)).pipeThrough(new TextEncoderStream());
}

async function* generate(name: string, ...pieces: string[]): AsyncGenerator<string> {
  try {
    for (const piece of pieces) yield await Promise.resolve(piece);
  } finally {
    cancelled.push(name);
  }
}

// deno-lint-ignore require-yield
async function* failing(): AsyncGenerator<string> {
  await Promise.resolve();
  throw new Error("stream is hunter2");
}

const usedUp = new globalThis.Response("once");
await usedUp.text();

@Controller("/give")
class Give {
  readonly #shared: OurResponse = OurResponse.text("shared");

  @Get("/stream")
  stream(): ReadableStream<Uint8Array> {
    return streamOf("stream", "a", "b");
  }
  @Get("/generator")
  generator(): AsyncGenerator<string> {
    return generate("generator", "a", "é");
  }
  @Post("/iterable")
  iterable(): AsyncIterable<string> {
    return { [Symbol.asyncIterator]: () => generate("iterable", "x") };
  }
  @Get("/blob")
  blob(): Blob {
    return new Blob(["<p>"], { type: "text/html" });
  }
  @Get("/plain-blob")
  plainBlob(): Blob {
    return new Blob(["abc"]);
  }
  @Get("/buffer")
  buffer(): ArrayBuffer {
    return Uint8Array.of(104, 105).buffer;
  }
  @Get("/view")
  view(): DataView {
    return new DataView(Uint8Array.of(0, 104, 105, 0).buffer, 1, 2);
  }
  @Get("/words")
  words(): Uint16Array {
    return Uint16Array.of(0x6968);
  }
  @Get("/none")
  @HttpCode(204)
  none(): AsyncGenerator<string> {
    const dropped = generate("none", "dropped");
    void dropped.next();
    return dropped;
  }
  @Get("/map")
  map(): Map<string, string> {
    return new Map([["secret", "hunter2"]]);
  }
  @Get("/map-with-json")
  mapWithJson(): Map<string, string> {
    return Object.assign(new Map<string, string>(), { toJSON: () => "own form" });
  }
  @Get("/set")
  set(): Set<number> {
    return new Set([1]);
  }
  @Get("/url")
  url(): URL {
    return new URL("http://a/");
  }
  @Get("/failing")
  failing(): AsyncGenerator<string> {
    return failing();
  }
  @Get("/failing-response")
  failingResponse(): OurResponse {
    return new OurResponse(failing(), { headers: { "content-type": "application/x-ndjson" } });
  }
  @Get("/shared")
  shared(): OurResponse {
    return this.#shared;
  }
  @Get("/used")
  used(): Response {
    return usedUp;
  }
}

Deno.test("app: bytes, blobs and streams go out as they are", async () => {
  const octets = "application/octet-stream";
  const app = appOf([Give]);
  assertEquals(await send(app, "GET /give/stream"), [200, "ab", octets]);
  assertEquals(await send(app, "GET /give/generator"), [200, "aé", octets]);
  assertEquals(await send(app, "POST /give/iterable"), [201, "x", octets]);
  assertEquals(await send(app, "GET /give/blob"), [200, "<p>", "text/html"]);
  assertEquals(await send(app, "GET /give/plain-blob"), [200, "abc", octets]);
  assertEquals(await send(app, "GET /give/buffer"), [200, "hi", octets]);
  assertEquals(await send(app, "GET /give/view"), [200, "hi", octets]);
  assertEquals(await send(app, "GET /give/words"), [200, "hi", octets]);
  assertEquals(await send(app, "GET /give/url"), [200, '"http://a/"', "application/json"]);
  assertEquals(await send(app, "GET /give/map-with-json"), [200, '"own form"', "application/json"]);
  cancelled.length = 0;
  assertEquals(await send(app, "GET /give/none"), [204, "", null]);
  assertEquals(cancelled, ["none"]);
});

Deno.test("app: the content of a HEAD answer is given up", async () => {
  cancelled.length = 0;
  let given = 0;
  @Controller()
  class Site {
    @Get("/ours")
    ours(): OurResponse {
      return new OurResponse(new ReadableStream({ cancel: () => void given++ }));
    }
    @Get("/platform")
    platform(): Response {
      return new globalThis.Response(new ReadableStream({ cancel: () => void given++ }));
    }
    @Get("/value")
    value(): ReadableStream {
      return new ReadableStream({ cancel: () => void given++ });
    }
  }
  const app = appOf([Site]);
  for (const path of ["/ours", "/platform", "/value"]) {
    given = 0;
    const response = await app.fetch(new Request(`http://localhost${path}`, { method: "HEAD" }));
    assertEquals([response.status, response.body, given], [200, null, 1], path);
  }
});

Deno.test("app: a Map or Set has no form in JSON, and the error says so", async () => {
  const seen: string[] = [];
  const app = appOf([Give], { onError: (error) => void seen.push(String(error)) });
  for (const path of ["/give/map", "/give/set"]) {
    const [status, text] = await send(app, `GET ${path}`);
    assertEquals([status, JSON.parse(text).message], [500, "Internal Server Error"]);
  }
  assertEquals(seen, [
    "TypeError: a handler gave a Map, which JSON makes {} of; give Object.fromEntries(map)",
    "TypeError: a handler gave a Set, which JSON makes {} of; give [...set]",
  ]);
});

@Module({ controllers: [Give] })
class GiveModule {}

/** The same checks over `fetch` of the app and over a socket. */
async function onBothFaces(
  check: (ask: (path: string) => Promise<Response>, seen: string[]) => Promise<void>,
): Promise<void> {
  const seen: string[] = [];
  const make = (): App =>
    createApp(GiveModule, {
      onError: (error, { method, path }) => void seen.push(`${method} ${path} ${error}`),
    });
  const app = make();
  await check((path) => app.fetch(new Request(`http://localhost${path}`)), seen);
  await app.close();
  const runtime = new Runtime();
  try {
    const served = make();
    const server = await served.listen({ port: 0, runtime, backend: "host" });
    await check((path) => fetch(server.url + path), seen);
    await served.close();
    await runtime.quiesce();
  } finally {
    runtime.close();
  }
}

Deno.test("app: a response whose content was used is a 500 in JSON", () =>
  onBothFaces(async (ask, seen) => {
    assertEquals(await (await ask("/give/shared")).text(), "shared");
    for (const path of ["/give/shared", "/give/used"]) {
      const response = await ask(path);
      const { statusCode, message, path: shown } = await response.json();
      assertEquals([response.status, statusCode, message, shown], [500, 500, "Internal Server Error", path]);
      assertStringIncludes(seen.splice(0).join(), `GET ${path} TypeError: `);
    }
  }));

Deno.test("app: onError hears of a stream that breaks off after the head", () =>
  onBothFaces(async (ask, seen) => {
    for (const path of ["/give/failing", "/give/failing-response"]) {
      await assertRejects(async () => await (await ask(path)).text());
      assertEquals(seen.splice(0), [`GET ${path} Error: stream is hunter2`]);
    }
  }));

Deno.test("app: fetch gives a platform's response on as it is: its length stays known", async () => {
  const own = new globalThis.Response("<p>", { headers: { "content-type": "text/html" } });
  @Controller()
  class Site {
    @Get()
    get(): Response {
      return own;
    }
  }
  assertStrictEquals(await appOf([Site]).fetch(new Request("http://localhost/")), own);
});
