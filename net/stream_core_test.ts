import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import type { Bytes } from "../ffi/native.ts";
import { PENDING } from "../runtime/mod.ts";
import { SocketAddr } from "./addr.ts";
import { READ_HIGH_WATER, StreamCore } from "./stream_core.ts";
import { pattern } from "./support_test.ts";
import { MAX_BEGIN, type Transport, type TransportHandler } from "./transport.ts";

/** Writes down what it is told to do. */
class FakeTransport implements Transport {
  handler!: TransportHandler;
  readonly output: Bytes = new Uint8Array(MAX_BEGIN);
  readonly calls: string[] = [];
  isBlocked = false;
  isClosed = false;
  takes = Infinity;

  begin(): number {
    return 0;
  }

  commit(from: number, to: number): void {
    this.calls.push(`commit ${to - from}`);
  }

  trySend(_bytes: Bytes, start: number, end: number): number {
    this.calls.push(`trySend ${end - start}`);
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

Deno.test("small writes go out with the turn, large ones at once", () => {
  const [core, transport] = open();
  assertEquals(core.tryWrite(pattern(16_384), 0), 16_384);
  assertEquals(core.tryWrite(pattern(16_385), 0), 16_385);
  assertEquals(core.tryWrite(pattern(20_000), 10_000), 10_000);
  transport.takes = 0;
  assertEquals(core.tryWrite(pattern(16_385), 0), PENDING);
  transport.isBlocked = true;
  assertEquals(core.tryWrite(pattern(1), 0), PENDING);
  assertEquals(core.tryWrite(pattern(0), 0), 0);
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
  assertThrows(() => core.tryWrite(pattern(1), 0), Error, "in between");
});
