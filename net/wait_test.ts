// Waiting with a signal, and waiting without taking: over every kind of socket.
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { ClosedError, IoError, PENDING } from "../runtime/mod.ts";
import { timeout } from "../runtime/time/timeout.ts";
import { testIf } from "../tests/support/skip.ts";
import {
  ANY,
  KINDS,
  pattern,
  readAll,
  type Streams,
  until,
  withRuntime,
  withStreams,
} from "./support_test.ts";
import { TcpListener, TcpStream } from "./mod.ts";

type Case = readonly [name: string, body: (streams: Streams) => Promise<void>];

const REASON = { reason: "enough" };

/** What a Promise is rejected with. */
function rejection(promise: PromiseLike<unknown>): PromiseLike<unknown> {
  return promise.then(() => undefined, (reason) => reason);
}

const CASES: readonly Case[] = [
  ["the read of an aborted async task is ended by its signal, and loses no byte", async (streams) => {
    const { runtime, client, server } = streams;
    for (let round = 0; round < 3; round++) {
      const controller = new AbortController();
      const { signal } = controller;
      const read = Promise.withResolvers<[PromiseLike<unknown>]>();
      const handle = runtime.spawn(async () => {
        const outcome = runtime.drive(server.read(new Uint8Array(10), { signal }));
        read.resolve([rejection(outcome)]);
        await outcome;
      });
      const [outcome] = await read.promise;
      await until(() => runtime.executor.ready === 0);
      handle.abort();
      await rejection(handle);
      controller.abort(REASON);
      // Its turn is free at once.
      assertEquals(server.tryRead(new Uint8Array(10)), PENDING);
      await client.writeAll(pattern(5, round));
      assertEquals(await readAll(server, 5), pattern(5, round));
      assertStrictEquals(await outcome, REASON);
    }
  }],

  ["a writeAll is ended by its signal, the next write goes on", async (streams) => {
    const { runtime, client, server, much } = streams;
    const controller = new AbortController();
    const writing = runtime.spawn(client.writeAll(pattern(much), { signal: controller.signal }));
    await new Promise((resolve) => setTimeout(resolve, 5));
    assert(!writing.isFinished);
    controller.abort(REASON);
    assertStrictEquals(await rejection(writing), REASON);
    const done = client.writeAll(new Uint8Array([255])).then(() => client.shutdown());
    const received = await readAll(server);
    await done;
    assertEquals(received.subarray(0, -1), pattern(received.length - 1));
    assertEquals(received.at(-1), 255);
    const aborted = AbortSignal.abort(REASON);
    assertStrictEquals(await rejection(server.write(pattern(1), { signal: aborted })), REASON);
  }],

  [
    "readable: bytes and the end, without taking any or the read's turn",
    async ({ runtime, client, server }) => {
      const waiting = [1, 2].map(() => runtime.spawn(server.readable()));
      const reading = runtime.spawn(server.read(new Uint8Array(2)));
      await until(() => runtime.executor.ready === 0);
      assert(!waiting[0].isFinished);
      await client.writeAll(pattern(5));
      assertEquals(await reading, 2);
      for (const handle of waiting) await handle;
      const into = new Uint8Array(10);
      let rest = 0;
      while (rest < 3) {
        await server.readable();
        const count = server.tryRead(into);
        if (count !== PENDING) rest += count;
      }
      const end = runtime.spawn(server.readable());
      await client.shutdown();
      await end;
      assertEquals(server.tryRead(into), 0);
      await server.readable();
    },
  ],

  ["readable is cancel safe, and ended by a signal", async ({ runtime, client, server }) => {
    for (let round = 0; round < 3; round++) {
      await assertRejects(() => runtime.run(timeout(1, server.readable())));
      const controller = new AbortController();
      const handle = runtime.spawn(server.readable({ signal: controller.signal }));
      await until(() => runtime.executor.ready === 0);
      controller.abort(REASON);
      assertStrictEquals(await rejection(handle), REASON);
    }
    await client.writeAll(pattern(5));
    await server.readable();
    assertEquals(await readAll(server, 5), pattern(5));
  }],

  ["writable and tryWrite move everything; readable and tryRead take it", async (streams) => {
    const { runtime, client, server, much } = streams;
    const length = Math.min(much, 4 << 20);
    const bytes = pattern(length);
    const writing = runtime.run(function* () {
      for (let sent = 0; sent < length;) {
        yield* client.writable();
        const count = client.tryWrite(bytes.subarray(sent, sent + 50_000));
        if (count !== PENDING) sent += count;
      }
      yield* client.shutdown();
    });
    const whole = new Uint8Array(length);
    let received = 0;
    await runtime.run(function* () {
      const into = new Uint8Array(65_536);
      for (;;) {
        yield* server.readable();
        const count = server.tryRead(into);
        if (count === PENDING) continue;
        if (count === 0) return;
        whole.set(into.subarray(0, count), received);
        received += count;
      }
    });
    await writing;
    assertEquals(received, length);
    assertEquals(whole, bytes);
  }],

  ["close wakes who waits to be able to, and the call says why", async ({ runtime, client, much }) => {
    const bytes = pattern(much);
    for (let sent = 0; sent < 2 * much;) {
      const count = client.tryWrite(bytes);
      if (count === PENDING) break;
      sent += count;
    }
    const waiting = [runtime.spawn(client.readable()), runtime.spawn(client.writable())];
    await until(() => runtime.executor.ready === 0);
    client.close();
    for (const handle of waiting) await handle;
    await assertRejects(async () => await client.write(pattern(1)), ClosedError);
  }],

  ["after shutdown every write is the same ClosedError", async ({ runtime, client, server }) => {
    await client.shutdown();
    const writes: (() => unknown)[] = [
      () => client.tryWrite(pattern(1)),
      () => client.tryWrite(pattern(100_000)),
      () => client.tryWrite(new Uint8Array(0)),
      () => runtime.run(client.write(pattern(1))),
      () => runtime.run(client.writeAll(pattern(100_000))),
      () => runtime.run(client.writeAll(new Uint8Array(0))),
    ];
    for (const write of writes) {
      const error = await assertRejects(async () => await write(), ClosedError);
      assertEquals([error.by, error.code], ["local", "ERR_CLOSED"]);
    }
    await runtime.run(client.writable());
    await server.writeAll(pattern(7));
    assertEquals(await readAll(client, 7), pattern(7));
  }],

  ["a connection that broke is readable and writable", async ({ runtime, client, server }) => {
    await client.writeAll(pattern(1));
    server.close();
    await assertRejects(async () => {
      for (;;) {
        await client.writable();
        client.tryWrite(pattern(1000));
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    }, IoError);
    await runtime.run(client.readable());
    await runtime.run(client.writable());
  }],
];

for (const kind of KINDS) {
  for (const [name, body] of CASES) {
    testIf(kind.reason, `wait, ${kind.name}: ${name}`, () => withStreams(kind, body));
  }

  const { backend } = kind;
  testIf(
    kind.reason,
    `wait, ${kind.name}: an accept is ended by its signal, the connection is the next one's`,
    () =>
      withRuntime(kind, async (runtime) => {
        using listener = TcpListener.bind(ANY, { runtime, backend });
        const controller = new AbortController();
        const first = runtime.spawn(listener.accept({ signal: controller.signal }));
        const second = runtime.spawn(listener.accept());
        await until(() => runtime.executor.ready === 0);
        controller.abort(REASON);
        assertStrictEquals(await rejection(first), REASON);
        using client = await runtime.run(TcpStream.connect(listener.localAddr, { runtime, backend }));
        using server = await second;
        assert(server.peerAddr.equals(client.localAddr));
      }),
  );
}
