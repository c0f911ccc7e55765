import { assert, assertEquals, assertInstanceOf, assertStrictEquals } from "@std/assert";
import { IoError, Runtime, sleep } from "../runtime/mod.ts";
import { hostError } from "./host_error.ts";
import { HOST_BACKLOG, type HostConn, HostTransport } from "./host_transport.ts";
import { commit, pattern, Recorder } from "./support_test.ts";

/** A host connection of which the test decides when what happens. */
class FakeConn implements HostConn {
  readonly localAddr: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };
  readonly remoteAddr: Deno.NetAddr = { transport: "tcp", hostname: "::1", port: 2 };
  readonly reads: { into: Uint8Array; done: PromiseWithResolvers<number | null> }[] = [];
  readonly writes: { bytes: Uint8Array; done: PromiseWithResolvers<number> }[] = [];
  readonly end: PromiseWithResolvers<void> = Promise.withResolvers<void>();
  closed = 0;
  ends = 0;

  read(into: Uint8Array): Promise<number | null> {
    const done = Promise.withResolvers<number | null>();
    this.reads.push({ into, done });
    return done.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    const done = Promise.withResolvers<number>();
    this.writes.push({ bytes: bytes.slice(), done });
    return done.promise;
  }

  closeWrite(): Promise<void> {
    this.ends++;
    return this.end.promise;
  }

  close(): void {
    this.closed++;
  }

  /** The read that waits gets `count` bytes. */
  bring(count: number | null): Promise<void> {
    const { into, done } = this.reads.shift()!;
    if (count !== null) into.set(pattern(count));
    done.resolve(count);
    return settled();
  }

  /** The write that waits takes `count` bytes. */
  take(count: number): Promise<void> {
    this.writes.shift()!.done.resolve(count);
    return settled();
  }
}

async function settled(): Promise<void> {
  for (let index = 0; index < 20; index++) await Promise.resolve();
}

async function open(): Promise<[FakeConn, Recorder]> {
  const conn = new FakeConn();
  const recorder = new Recorder(new HostTransport(new Runtime(), conn));
  await settled();
  return [conn, recorder];
}

Deno.test("host: a read that ends while paused is held, and comes with resumeReading", async () => {
  const [conn, it] = await open();
  it.call((transport) => transport.pauseReading());
  await conn.bring(5);
  assertEquals([it.count, conn.reads.length], [0, 0]);
  it.call((transport) => transport.resumeReading());
  assertEquals(it.count, 0);
  await settled();
  assertEquals([it.received, conn.reads.length], [pattern(5), 1]);
});

Deno.test("host: pausing and resuming while a read is under way starts no second one", async () => {
  const [conn, it] = await open();
  for (let index = 0; index < 3; index++) {
    it.call((transport) => transport.pauseReading());
    it.call((transport) => transport.resumeReading());
    await settled();
  }
  assertEquals(conn.reads.length, 1);
});

Deno.test("host: the read buffer grows while it is filled, shrinks afterwards, and is never written twice", async () => {
  const [conn, it] = await open();
  const sizes: number[] = [];
  for (let index = 0; index < 4; index++) {
    sizes.push(conn.reads[0].into.length);
    await conn.bring(conn.reads[0].into.length);
  }
  assertEquals(sizes, [2048, 8192, 32_768, 65_536]);
  const before = conn.reads[0].into;
  await conn.bring(1);
  assertEquals(conn.reads[0].into.length, 16_384);
  assert(conn.reads[0].into.buffer !== before.buffer);
  const small = conn.reads[0].into;
  await conn.bring(10_000);
  assertEquals(conn.reads[0].into.byteOffset - small.byteOffset, 10_000);
  assertEquals(it.chunks.length, 6);
});

Deno.test("host: writes of one turn are one call; short ones go on; onDrain when all is out", async () => {
  const [conn, it] = await open();
  it.call((transport) => commit(transport, pattern(10)));
  it.call((transport) => commit(transport, pattern(30).slice(10)));
  await settled();
  assertEquals(conn.writes[0].bytes, pattern(30));
  await conn.take(7);
  assertEquals(conn.writes[0].bytes, pattern(30).slice(7));
  await conn.take(23);
  assertEquals([conn.writes.length, it.events], [0, []]);
});

Deno.test("host: trySend takes what the backlog has room for and keeps none of the caller's bytes", async () => {
  const [conn, it] = await open();
  const bytes = pattern(HOST_BACKLOG + 100);
  assertEquals(it.call((transport) => transport.trySend(bytes, 0, bytes.length)), HOST_BACKLOG);
  assert(it.transport.isBlocked);
  assertEquals(it.transport.trySend(bytes, 0, 1), 0);
  bytes.fill(0);
  await settled();
  assertEquals(conn.writes[0].bytes, pattern(HOST_BACKLOG));
  await conn.take(HOST_BACKLOG);
  assertEquals([it.events, it.transport.isBlocked], [["drain"], false]);
});

Deno.test("host: endWriting waits for what is unsent, and blocks until it is done", async () => {
  const [conn, it] = await open();
  it.call((transport) => commit(transport, pattern(10)));
  it.call((transport) => transport.endWriting());
  it.call((transport) => commit(transport, pattern(10)));
  assert(it.transport.isBlocked);
  await settled();
  assertEquals(conn.ends, 0);
  await conn.take(10);
  assertEquals([conn.ends, conn.writes.length, it.events], [1, 0, []]);
  conn.end.resolve();
  await settled();
  assertEquals(it.events, ["drain"]);
});

Deno.test("host: ending a connection that is gone is no error, another failure is", async () => {
  for (const [code, event] of [["ENOTCONN", "drain"], ["EIO", "close"]]) {
    const [conn, it] = await open();
    it.call((transport) => transport.endWriting());
    await settled();
    conn.end.reject(Object.assign(new Error("no"), { code }));
    await settled();
    assertEquals(it.events, [event]);
  }
});

Deno.test("host: close waits for what is unsent, abort does not", async () => {
  const [conn, it] = await open();
  it.call((transport) => commit(transport, pattern(10)));
  it.call((transport) => transport.close());
  await settled();
  assertEquals(conn.closed, 0);
  await conn.take(10);
  assertEquals([conn.closed, it.events], [1, ["close"]]);

  const [other, its] = await open();
  its.call((transport) => commit(transport, pattern(10)));
  await settled();
  its.call((transport) => transport.close());
  its.call((transport) => transport.abort());
  assertEquals([other.closed, its.events], [1, []]);
  other.writes[0].done.reject(new Error("closed meanwhile"));
  other.reads[0].done.reject(new Error("closed meanwhile"));
  await settled();
  assertEquals([its.events, its.error], [["close"], undefined]);
});

Deno.test("host: a failed write or read ends it with an IoError that names the peer", async () => {
  for (const which of ["reads", "writes"] as const) {
    const [conn, it] = await open();
    it.call((transport) => commit(transport, pattern(10)));
    await settled();
    conn[which][0].done.reject(Object.assign(new Error("broken"), { code: "EPIPE" }));
    await settled();
    assertInstanceOf(it.error, IoError);
    assertEquals([it.error.code, it.error.syscall, it.error.address], [
      "EPIPE",
      which === "reads" ? "recv" : "send",
      "[::1]:2",
    ]);
    assertEquals([conn.closed, it.events], [1, ["close"]]);
  }
});

Deno.test("host: a handler is called by the runtime's clock, and in its context", async () => {
  const runtime = new Runtime();
  const conn = new FakeConn();
  const transport = new HostTransport(runtime, conn);
  const before = runtime.time.nowMs();
  let deadlineMs = 0;
  transport.handler = {
    onData: () => deadlineMs = sleep(0).deadlineMs,
    onEnd() {},
    onDrain() {},
    onClose() {},
  };
  await settled();
  await new Promise((resolve) => setTimeout(resolve, 5));
  await conn.bring(1);
  assert(runtime.time.nowMs() >= before + 4);
  assertEquals(deadlineMs, runtime.time.nowMs());
});

Deno.test("host errors: by code, by class, or left alone", () => {
  const byCode = hostError("listen", Object.assign(new Error("x"), { code: "EADDRINUSE" }), "127.0.0.1:1");
  assertInstanceOf(byCode, IoError);
  assertEquals([byCode.code, byCode.address, (byCode.cause as Error).message], [
    "EADDRINUSE",
    "127.0.0.1:1",
    "x",
  ]);
  const byClass = hostError("connect", new Deno.errors.ConnectionRefused("x"));
  assertEquals((byClass as IoError).code, "ECONNREFUSED");
  const unknownCode = hostError(
    "recv",
    Object.assign(new Deno.errors.ConnectionReset("x"), { code: "EODD" }),
  );
  assertEquals((unknownCode as IoError).code, "ECONNRESET");
  for (const error of [new Deno.errors.NotCapable("run with --allow-net"), byCode]) {
    assertStrictEquals(hostError("listen", error), error);
  }
  assertEquals(hostError("listen", "odd").message, "listen failed: odd");
});
