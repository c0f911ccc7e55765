import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { type BodySource, collect, noting, sourceOf, streamOf } from "./body.ts";
import { latin1, textOf } from "./testing/wire.ts";

function listed(...pieces: Uint8Array<ArrayBuffer>[]): BodySource & { cancelled: unknown[] } {
  const cancelled: unknown[] = [];
  return {
    cancelled,
    read: () => Promise.resolve(pieces.shift()),
    cancel: (reason) => void cancelled.push(reason),
  };
}

Deno.test("a stream of ours that nobody has read is its source", () => {
  const source = listed(latin1("a"));
  const stream = streamOf(source);
  assertEquals(sourceOf(stream) === source, true);
  assertEquals(stream.locked, true);
  assertThrows(() => sourceOf(stream), TypeError);
});

Deno.test("a stream of ours that was read in part is more than its source", async () => {
  const stream = streamOf(listed(latin1("abc"), latin1("d")));
  const reader = stream.getReader({ mode: "byob" });
  assertEquals(textOf((await reader.read(new Uint8Array(1))).value!), "a");
  reader.releaseLock();
  const source = sourceOf(stream);
  assertEquals([textOf((await source.read())!), textOf((await source.read())!)], ["bc", "d"]);
  assertEquals(await source.read(), undefined);
});

Deno.test("a part of a larger buffer is copied before a stream gives it away", async () => {
  const arena = latin1("0123456789");
  const reader = streamOf(listed(arena.subarray(1, 3))).getReader();
  const { value } = await reader.read();
  assertEquals([textOf(value!), value!.buffer.byteLength, arena.length], ["12", 2, 10]);
  assertEquals((await reader.read()).done, true);
});

Deno.test("closing reaches a BYOB reader", async () => {
  const reader = streamOf(listed()).getReader({ mode: "byob" });
  assertEquals((await reader.read(new Uint8Array(4))).done, true);
});

Deno.test("cancel goes through with its reason", async () => {
  for (
    const wrap of [
      (source: BodySource) => streamOf(source),
      (source: BodySource) => streamOf(sourceOf(streamOf(source))),
    ]
  ) {
    const source = listed(latin1("a"));
    await wrap(source).cancel("enough");
    assertEquals(source.cancelled, ["enough"]);
  }
});

Deno.test("a foreign stream: its pieces without the empty ones, its failure, its cancel", async () => {
  let reason: unknown;
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => ["", "a", "", "b"].forEach((text) => controller.enqueue(latin1(text))),
    cancel: (why) => void (reason = why),
  });
  const source = sourceOf(stream);
  assertEquals([textOf((await source.read())!), textOf((await source.read())!)], ["a", "b"]);
  source.cancel("enough");
  assertEquals([await source.read(), reason], [undefined, "enough"]);
  const failing = sourceOf(
    new ReadableStream({ start: (controller) => controller.error(new RangeError("no")) }),
  );
  await assertRejects(() => failing.read(), RangeError);
  failing.cancel("a failed one can be cancelled, too");
  await assertRejects(
    () => sourceOf(ReadableStream.from(["text"]) as unknown as ReadableStream).read(),
    TypeError,
  );
});

Deno.test("collect: nothing, one piece, several; pieces of an arena do not keep it", async () => {
  assertEquals((await collect(listed())).length, 0);
  const one = latin1("abc");
  assertEquals(await collect(listed(one)) === one, true);
  assertEquals(textOf(await collect(listed(latin1("a"), latin1("bc"), latin1("d")))), "abcd");
  const arena = latin1("0123456789");
  assertEquals((await collect(listed(arena.subarray(3, 5)))).buffer.byteLength, 2);
});

Deno.test("noting: told at each read and at cancel, before the source is", async () => {
  const log: string[] = [];
  const source = noting({
    read: () => {
      log.push("read");
      return Promise.resolve(undefined);
    },
    cancel: (reason) => void log.push(`cancel ${reason}`),
  }, () => log.push("noted"));
  await source.read();
  source.cancel("x");
  assertEquals(log, ["noted", "read", "noted", "cancel x"]);
});
