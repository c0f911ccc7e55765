import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import { ClosedError, IoError } from "../runtime/errors.ts";
import { requireAll, testIf } from "../tests/support/skip.ts";
import { BACKENDS, commit, KINDS, type Pair, pattern, until, withPair } from "./support_test.ts";
import { MAX_BEGIN } from "./transport.ts";

// One table of what a transport promises, run over every kind of socket.
type Case = readonly [name: string, body: (pair: Pair) => Promise<void>];

const CASES: readonly Case[] = [
  ["what is committed arrives, in order", async ({ client, server }) => {
    for (let index = 0; index < 10; index++) client.call((it) => commit(it, pattern(1000, index)));
    await until(() => server.count === 10_000);
    for (let index = 0; index < 10; index++) {
      assertEquals(server.received.subarray(index * 1000, index * 1000 + 1000), pattern(1000, index));
    }
  }],

  ["trySend and commit keep their order", async ({ client, server }) => {
    client.call((it) => commit(it, pattern(100)));
    let sent = 100;
    await until(() => {
      sent += client.call((it) => it.trySend(pattern(300), sent, 200));
      return sent === 200;
    });
    client.call((it) => commit(it, pattern(300).slice(200)));
    await until(() => server.count === 300);
    assertEquals(server.received, pattern(300));
  }],

  ["begin refuses more than MAX_BEGIN", ({ client }) => {
    assertThrows(() => client.transport.begin(MAX_BEGIN + 1), RangeError);
    return Promise.resolve();
  }],

  ["a peer that does not read blocks, onDrain comes, nothing is lost", async ({ client, server, much }) => {
    server.transport.pauseReading();
    const bytes = pattern(much);
    let sent = 0;
    const push = () => {
      sent += client.call((it) => it.trySend(bytes, sent, bytes.length));
    };
    push();
    assert(sent < bytes.length);
    assert(client.transport.isBlocked);
    assertEquals(client.transport.trySend(bytes, sent, sent + 1), 0);
    client.onEvent = push;
    // A few turns: what the system's buffers hold goes, then nothing moves.
    for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
    assert(sent < bytes.length);
    server.call((it) => it.resumeReading());
    await until(() => server.count === bytes.length);
    assert(client.events.includes("drain"));
    assert(!client.transport.isBlocked);
    assertEquals(server.received, bytes);
  }],

  ["what is committed while blocked goes out after what was", async ({ client, server, much }) => {
    server.transport.pauseReading();
    const bytes = pattern(much);
    for (let at = 0; at < bytes.length; at += MAX_BEGIN) {
      client.call((it) => commit(it, bytes.subarray(at, at + MAX_BEGIN)));
    }
    assert(client.transport.isBlocked);
    server.transport.resumeReading();
    await until(() => server.count === bytes.length);
    assertEquals(server.received, bytes);
  }],

  ["pauseReading holds data back, resumeReading brings it", async ({ client, server }) => {
    server.call((it) => it.pauseReading());
    await new Promise((resolve) => setTimeout(resolve, 2));
    commit(client.transport, pattern(100));
    await new Promise((resolve) => setTimeout(resolve, 5));
    assertEquals(server.count, 0);
    server.call((it) => it.resumeReading());
    await until(() => server.count === 100);
  }],

  ["half-close in both directions: onEnd once each, the other half goes on", async ({ client, server }) => {
    client.call((it) => commit(it, pattern(10)));
    client.call((it) => it.endWriting());
    await until(() => server.hasEnded);
    assertEquals(server.count, 10);
    assert(!server.transport.isClosed);
    server.call((it) => commit(it, pattern(20)));
    await until(() => client.count === 20);
    server.call((it) => it.endWriting());
    await until(() => client.hasEnded);
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
    assertEquals(server.events.filter((event) => event !== "drain"), ["end"]);
    assertEquals(client.events.filter((event) => event !== "drain"), ["end"]);
  }],

  ["paused while both sides end: no error, and what had come is still there", async ({ client, server }) => {
    server.call((it) => it.pauseReading());
    client.call((it) => commit(it, pattern(1000)));
    client.call((it) => it.endWriting());
    server.call((it) => it.endWriting());
    await until(() => client.hasEnded);
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
    assertEquals([server.isClosed, server.count], [false, 0]);
    server.call((it) => it.resumeReading());
    await until(() => server.hasEnded);
    assertEquals(server.received, pattern(1000));
  }],

  ["what is written after endWriting goes nowhere, and harms nothing", async ({ client, server }) => {
    client.call((it) => commit(it, pattern(5)));
    client.call((it) => it.endWriting());
    await until(() => server.hasEnded);
    client.call((it) => commit(it, pattern(7)));
    assertEquals(client.call((it) => it.trySend(pattern(9), 0, 9)), 0);
    server.call((it) => commit(it, pattern(3)));
    await until(() => client.received.length === 3);
    assertEquals([server.received.length, client.error, server.error], [5, undefined, undefined]);
  }],

  ["endWriting after a pause does not bring the end twice", async ({ client, server }) => {
    client.call((it) => it.endWriting());
    await until(() => server.hasEnded);
    server.call((it) => it.pauseReading());
    server.call((it) => it.resumeReading());
    for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setTimeout(resolve, 1));
    assertEquals(server.events.filter((event) => event === "end"), ["end"]);
  }],

  ["close delivers what was committed, then onClose without an error, not inside close", async (pair) => {
    const { client, server, much } = pair;
    server.transport.pauseReading();
    const bytes = pattern(much);
    for (let at = 0; at < bytes.length; at += MAX_BEGIN) {
      client.call((it) => commit(it, bytes.subarray(at, at + MAX_BEGIN)));
    }
    client.call((it) => it.close());
    assert(client.transport.isClosed);
    assert(!client.isClosed);
    server.transport.resumeReading();
    await until(() => server.hasEnded);
    assertEquals(server.received, bytes);
    await until(() => client.isClosed);
    assertEquals(client.error, undefined);
    client.call((it) => it.close());
    client.call((it) => it.abort());
  }],

  ["close of an idle connection: onClose comes later, once", async ({ client, server }) => {
    client.call((it) => it.close());
    assertEquals(client.events, []);
    await until(() => client.isClosed);
    await until(() => server.hasEnded);
    assertEquals(client.events, ["close"]);
    assertEquals(client.error, undefined);
  }],

  ["abort drops what has not gone out; onClose comes later, once", async ({ client, server, much }) => {
    server.transport.pauseReading();
    const bytes = pattern(much);
    for (let at = 0; at < bytes.length; at += MAX_BEGIN) {
      commit(client.transport, bytes.subarray(at, at + MAX_BEGIN));
    }
    client.call((it) => it.abort());
    assertEquals(client.isClosed, false);
    await until(() => client.isClosed);
    assertEquals(client.error, undefined);
    server.transport.resumeReading();
    await until(() => server.isClosed || server.hasEnded);
    assert(server.count < bytes.length);
  }],

  ["writing after the peer closed fails with EPIPE or ECONNRESET", async ({ client, server }) => {
    client.call((it) => it.close());
    await until(() => client.isClosed && server.hasEnded);
    server.onEvent = undefined;
    await until(() => {
      if (!server.isClosed) server.call((it) => commit(it, pattern(1000)));
      return server.isClosed;
    });
    assert(["EPIPE", "ECONNRESET"].includes((server.error as IoError).code));
  }],

  [
    "addresses: each side's is the other's peer; after the end they are refused",
    async ({ client, server }) => {
      assert(client.transport.localAddr().equals(server.transport.peerAddr()));
      assert(client.transport.peerAddr().equals(server.transport.localAddr()));
      client.call((it) => it.close());
      await until(() => client.isClosed);
      assertThrows(() => client.transport.localAddr(), ClosedError);
      assertThrows(() => client.transport.peerAddr(), ClosedError);
    },
  ],

  ["options can be set, and after the end do nothing", async ({ client }) => {
    client.call((it) => it.setNoDelay?.(false));
    client.call((it) => it.setKeepAlive?.(30));
    client.call((it) => it.setKeepAlive?.(0));
    client.call((it) => it.close());
    await until(() => client.isClosed);
    client.call((it) => it.setNoDelay?.(true));
  }],
];

// The host's own sockets cannot send a reset: for these the peer is a native one.
const RESETS: readonly Case[] = [
  ["a reset is an IoError ECONNRESET", async ({ client, server }) => {
    client.call((it) => it.abort());
    await until(() => server.isClosed);
    assertInstanceOf(server.error, IoError);
    assertEquals([server.error.code, server.error.syscall], ["ECONNRESET", "recv"]);
  }],

  ["a reset is noticed while paused", async ({ client, server }) => {
    server.transport.pauseReading();
    await new Promise((resolve) => setTimeout(resolve, 2));
    client.call((it) => it.abort());
    await until(() => server.isClosed);
    assertEquals((server.error as IoError).code, "ECONNRESET");
  }],
];

for (const kind of KINDS) {
  for (const [name, body] of CASES) {
    testIf(kind.reason, `transport, ${kind.name}: ${name}`, () => withPair(kind, body));
  }
  for (const [name, body] of RESETS) {
    testIf(
      requireAll(kind.reason, BACKENDS[0].reason),
      `transport, ${kind.name}: ${name}`,
      () => withPair(kind, body, "native"),
    );
  }
}
