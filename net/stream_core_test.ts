import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { Bytes } from "../ffi/native.ts";
import { type Context, PENDING } from "../runtime/mod.ts";
import { SocketAddr } from "./addr.ts";
import { READ_HIGH_WATER, StreamCore } from "./stream_core.ts";
import { ReadFuture, WriteFuture } from "./stream_futures.ts";
import { pattern } from "./support_test.ts";
import { MAX_BEGIN, type Transport, type TransportHandler } from "./transport.ts";
import { ConditionFuture } from "./watchers.ts";

/** Writes down what it is told to do. */
class FakeTransport implements Transport {
  handler!: TransportHandler;
  readonly output: Bytes = new Uint8Array(MAX_BEGIN);
  readonly calls: string[] = [];
  isBlocked = false;
  isClosed = false;
  takes = Infinity;
  /** The largest offset that it was given. */
  highest = 0;
  onSend: () => void = () => {};

  begin(): number {
    return 0;
  }

  commit(from: number, to: number): void {
    this.calls.push(`commit ${to - from}`);
  }

  trySend(_bytes: Bytes, start: number, end: number): number {
    this.calls.push(`trySend ${end - start}`);
    this.highest = Math.max(this.highest, end);
    this.onSend();
    return Math.min(this.takes, end - start);
  }

  pauseReading(): void {
    this.calls.push("pause");
  }

  resumeReading(): void {
    this.calls.push("resume");
  }

  endWriting(): void {
    this.calls.push("end");
  }

  close(): void {
    this.calls.push("close");
  }

  abort(): void {
    this.calls.push("abort");
  }

  localAddr(): SocketAddr {
    return SocketAddr.parse("127.0.0.1:1");
  }

  peerAddr(): SocketAddr {
    return SocketAddr.parse("127.0.0.1:2");
  }
}

function open(): [StreamCore, FakeTransport] {
  const transport = new FakeTransport();
  return [new StreamCore(transport), transport];
}

/** A context that is never out of budget, and how often it was woken. */
function polling(): { context: Context; woken: () => number } {
  let woken = 0;
  return { context: { waker: { wake: () => void woken++ }, spend: () => true }, woken: () => woken };
}

Deno.test("unread bytes: reading pauses at 64 KiB and goes on below half", () => {
  const [core, { calls }] = open();
  core.onData(pattern(65_535), 0, 65_535);
  assertEquals(calls, []);
  core.onData(pattern(1), 0, 1);
  assertEquals(calls, ["pause"]);
  // What was on its way still comes, and pauses nothing twice.
  core.onData(pattern(1000), 0, 1000);
  assertEquals(calls, ["pause"]);
  const into = new Uint8Array(READ_HIGH_WATER / 2 + 1000);
  assertEquals(core.tryRead(into), into.length);
  assertEquals(calls, ["pause"]);
  assertEquals(core.tryRead(new Uint8Array(1)), 1);
  assertEquals(calls, ["pause", "resume"]);
  assertEquals(core.tryRead(new Uint8Array(READ_HIGH_WATER)), READ_HIGH_WATER / 2 - 1);
  assertEquals(core.tryRead(into), PENDING);
});

Deno.test("a small piece that nobody waits for is copied, a large or awaited one is held as it came", () => {
  for (
    const [length, waits, copied] of [[100, false, true], [100, true, false], [20_000, false, false]] as const
  ) {
    const [core] = open();
    if (waits) core.reader.waker = { wake() {} };
    const bytes = new Uint8Array(length);
    core.onData(bytes, 0, length);
    // The arena is never overwritten; here it is, to see whether the stream looks at it.
    bytes.fill(1);
    const into = new Uint8Array(1);
    core.tryRead(into);
    assertEquals(into[0], copied ? 0 : 1);
  }
});

Deno.test("an arena is not kept alive by a small rest, nor by what came for a read that was given up", () => {
  const arena = new Uint8Array(524_288);
  let mark = 0;
  /** Does the stream look at the arena? It is never overwritten; here it is, to see that. */
  const isPinned = (core: StreamCore): boolean => {
    arena.fill(++mark);
    const into = new Uint8Array(1);
    assertEquals(core.tryRead(into), 1);
    return into[0] === mark;
  };
  const { context } = polling();

  const [core] = open();
  const read = new ReadFuture(core, new Uint8Array(1));
  assertEquals(read.poll(context), PENDING);
  core.onData(arena, 100, 120);
  assertEquals(read.poll(context), 1);
  assertEquals(isPinned(core), false);

  const [other] = open();
  other.onData(arena, 0, 20_000);
  assertEquals(other.tryRead(new Uint8Array(20_000 - 16_384)), 20_000 - 16_384);
  // 16 KiB are kept as they came, one byte less is copied.
  assertEquals([isPinned(other), isPinned(other)], [true, false]);

  const [third] = open();
  const given = new ReadFuture(third, new Uint8Array(1));
  assertEquals(given.poll(context), PENDING);
  third.onData(arena, 0, 20);
  third.onData(arena, 20, 40);
  given.cancel();
  assertEquals(third.tryRead(new Uint8Array(20)), 20);
  assertEquals(isPinned(third), false);
});

Deno.test("reading byte by byte copies a rest once", () => {
  const [core] = open();
  core.onData(pattern(524_288), 0, 16_384);
  let copies = 0;
  const slice = Uint8Array.prototype.slice;
  Uint8Array.prototype.slice = function (...range) {
    copies++;
    return slice.apply(this, range);
  };
  try {
    for (let index = 0; index < 16_384; index++) core.tryRead(new Uint8Array(1));
  } finally {
    Uint8Array.prototype.slice = slice;
  }
  assertEquals(copies, 1);
});

Deno.test("who waits to be able to write is woken by the end of the writing half, too", () => {
  const [core, transport] = open();
  transport.isBlocked = true;
  const writable = new ConditionFuture(core.writable, () => core.isWritable);
  const { context, woken } = polling();
  assertEquals(writable.poll(context), PENDING);
  core.shutDown();
  core.shutDown();
  assertEquals([woken(), writable.poll(context)], [1, undefined]);
  assertEquals(transport.calls, ["end"]);
});

Deno.test("small writes go out with the turn, large ones at once", () => {
  const [core, transport] = open();
  assertEquals(core.tryWrite(pattern(16_384), 0, 16_384), 16_384);
  assertEquals(core.tryWrite(pattern(16_385), 0, 16_385), 16_385);
  assertEquals(core.tryWrite(pattern(20_000), 10_000, 20_000), 10_000);
  transport.takes = 0;
  assertEquals(core.tryWrite(pattern(16_385), 0, 16_385), PENDING);
  transport.isBlocked = true;
  assertEquals(core.tryWrite(pattern(1), 0, 1), PENDING);
  assertEquals(core.tryWrite(pattern(0), 0, 0), 0);
  assertEquals(transport.calls, ["commit 16384", "trySend 16385", "commit 10000", "trySend 16385"]);
});

Deno.test("what comes after close is dropped", () => {
  const [core, { calls }] = open();
  core.end("close");
  core.onData(pattern(100_000), 0, 100_000);
  core.onEnd();
  core.onClose(undefined);
  core.end("close");
  core.end("abort");
  assertEquals(calls, ["close"]);
  assertThrows(() => core.tryRead(new Uint8Array(1)));
});

Deno.test("abort after close ends the wait for what cannot go out", () => {
  const [core, { calls }] = open();
  core.end("close");
  core.end("abort");
  assertEquals(calls, ["close", "abort"]);
});

Deno.test("an error that is not the system's is passed on as it is", () => {
  const [core] = open();
  const error = new Error("from a layer in between");
  core.onClose(error);
  try {
    core.tryRead(new Uint8Array(1));
  } catch (thrown) {
    assertStrictEquals(thrown, error);
  }
  assertThrows(() => core.tryWrite(pattern(1), 0, 1), Error, "in between");
});

Deno.test("memory that is not all there any more is neither sent nor read into", () => {
  const [core, transport] = open();
  const resizable = new ArrayBuffer(100_000, { maxByteLength: 100_000 });
  const tracking = new Uint8Array(resizable);
  const fixed = new Uint8Array(resizable, 50_000, 50_000);
  const moved = new Uint8Array(100);
  structuredClone(moved.buffer, { transfer: [moved.buffer] });
  resizable.resize(60_000);
  for (
    const [bytes, from, end] of [[tracking, 70_000, 100_000], [tracking, 0, 100_000], [fixed, 0, 50_000]]
  ) {
    assertThrows(
      () => core.tryWrite(bytes as Uint8Array, from as number, end as number),
      TypeError,
      "shrank",
    );
  }
  assertThrows(() => core.tryWrite(moved, 0, 100), TypeError, "transferred");
  assertThrows(() => core.tryWrite(moved, 0, 0), TypeError, "transferred");
  assertThrows(() => core.tryWrite(fixed, 0, 0), TypeError, "shrank");
  assertEquals(transport.calls, []);

  core.onData(pattern(5), 0, 5);
  assertThrows(() => core.tryRead(moved), TypeError, "transferred");
  assertThrows(() => core.tryRead(fixed), TypeError, "shrank");
  assertEquals(core.tryRead(new Uint8Array(9)), 5);
});

Deno.test("a buffer that shrinks or is transferred while a write waits ends it, and nothing else is sent", () => {
  for (const left of [1000, 70_000, 0]) {
    const [core, transport] = open();
    const { context } = polling();
    const buffer = new ArrayBuffer(100_000, { maxByteLength: 200_000 });
    const write = new WriteFuture(core, new Uint8Array(buffer), 100_000);
    transport.takes = 50_000;
    transport.onSend = () => transport.isBlocked = true;
    assertEquals(write.poll(context), PENDING);
    if (left === 0) structuredClone(buffer, { transfer: [buffer] });
    else buffer.resize(left);
    transport.isBlocked = false;
    assertThrows(() => write.poll(context), TypeError, "100000 bytes");
    assertEquals(transport.calls, ["trySend 100000"]);
    // The turn was given back.
    assertEquals(core.tryWrite(pattern(1), 0, 1), 1);
    core.writer.claim("the next one");
  }
});

Deno.test("a buffer that grows while a write waits: what it had is written", () => {
  const [core, transport] = open();
  const buffer = new ArrayBuffer(100_000, { maxByteLength: 200_000 });
  const write = new WriteFuture(core, new Uint8Array(buffer), 100_000);
  buffer.resize(200_000);
  assertEquals(write.poll(polling().context), 100_000);
  assertEquals(transport.calls, ["trySend 100000"]);
});

Deno.test("a huge buffer goes out in pieces, with a pause for the others after each", () => {
  const [core, transport] = open();
  const { context, woken } = polling();
  // Never touched, so never there.
  const bytes = new Uint8Array(2 ** 31 + 5_000_000);
  const write = new WriteFuture(core, bytes, bytes.length);
  let polls = 1;
  while (write.poll(context) === PENDING) polls++;
  assertEquals([polls, woken()], [514, 513]);
  assertEquals(transport.calls.slice(0, 2), ["trySend 4194304", "trySend 4194304"]);
  assertEquals(transport.calls.at(-1), `trySend ${5_000_000 - 4_194_304}`);
  assertEquals(transport.highest, 4_194_304);
});
