import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { ClosedError, IoError, MillraceError, PENDING, TimeoutError } from "../runtime/mod.ts";
import { timeout } from "../runtime/time/timeout.ts";
import { requireAll, testIf } from "../tests/support/skip.ts";
import { BACKENDS, KINDS, pattern, readAll, type Streams, until, withStreams } from "./support_test.ts";
import { READ_HIGH_WATER, type TcpStream } from "./mod.ts";

type Case = readonly [name: string, body: (streams: Streams) => Promise<void>];

/** Write `length` bytes of the pattern and end, one megabyte at most at a time. */
async function sendPattern(stream: TcpStream, length: number, seed: number): Promise<void> {
  // 251 divides the piece: the pattern goes on where the piece before has ended.
  const piece = pattern(251 * 4096, seed);
  for (let sent = 0; sent < length; sent += piece.length) {
    await stream.writeAll(piece.subarray(0, Math.min(piece.length, length - sent)));
  }
  await stream.shutdown();
}

/** Read to the end and compare with the pattern; the number of bytes. */
async function checkPattern(stream: TcpStream, seed: number, room: number): Promise<number> {
  const into = new Uint8Array(room);
  let length = 0;
  for (;;) {
    const count = await stream.read(into);
    if (count === 0) return length;
    for (let at = 0; at < count; at++) {
      if (into[at] !== (length + at + seed) % 251) throw new Error(`byte ${length + at} is wrong`);
    }
    length += count;
  }
}

const CASES: readonly Case[] = [
  ["echo", async ({ client, server }) => {
    await client.writeAll(pattern(1000));
    await server.writeAll(await readAll(server, 1000));
    assertEquals(await readAll(client, 1000), pattern(1000));
  }],

  ["much through both ways at once arrives intact", async ({ client, server, much }) => {
    const length = much > 1 << 20 ? 64 << 20 : much;
    const [, , atServer, atClient] = await Promise.all([
      sendPattern(client, length, 0),
      sendPattern(server, length, 7),
      checkPattern(server, 0, 65_536),
      checkPattern(client, 7, 30_000),
    ]);
    assertEquals([atServer, atClient], [length, length]);
  }],

  ["one byte at a time", async ({ client, server }) => {
    await client.writeAll(pattern(300));
    await client.shutdown();
    assertEquals(await readAll(server, Infinity, 1), pattern(300));
  }],

  ["half-close: the end is seen, the other direction goes on, then ends too", async ({ client, server }) => {
    await client.writeAll(pattern(10));
    await client.shutdown();
    await client.shutdown();
    assertEquals(await readAll(server), pattern(10));
    assertEquals(await server.read(new Uint8Array(1)), 0);
    await server.writeAll(pattern(20));
    await server.shutdown();
    assertEquals(await readAll(client), pattern(20));
    const error = await assertRejects(async () => await client.write(pattern(1)), ClosedError);
    assertEquals(error.by, "local");
  }],

  ["a peer that is not read stops the sender; nothing is lost", async ({ client, server, much }) => {
    let sent = 0;
    const bytes = pattern(much);
    const step = () => {
      const count = client.tryWrite(bytes.subarray(sent));
      if (count !== PENDING) sent += count;
    };
    for (let turns = 0; turns < 100; turns++) {
      step();
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
    assert(sent < much, "the sender was never stopped");
    const [, received] = await Promise.all([client.writeAll(bytes.subarray(sent)), readAll(server, much)]);
    assertEquals(received, bytes);
  }],

  ["a read that is given up loses no byte", async ({ runtime, client, server }) => {
    for (let round = 0; round < 5; round++) {
      const error = await runtime.run(function* () {
        try {
          return yield* timeout(1, server.read(new Uint8Array(10)));
        } catch (error) {
          return error;
        }
      });
      assertInstanceOf(error, TimeoutError);
      // Given up after its bytes have come, before it was polled for them.
      const handle = runtime.spawn(server.read(new Uint8Array(10)));
      await new Promise((resolve) => setTimeout(resolve, 1));
      await client.writeAll(pattern(5, round));
      handle.abort();
      await assertRejects(async () => await handle);
      assertEquals(await readAll(server, 5), pattern(5, round));
    }
  }],

  [
    "a write that is given up has sent a prefix, and the next one goes on",
    async ({ runtime, client, server, much }) => {
      const handle = runtime.spawn(client.writeAll(pattern(much)));
      await new Promise((resolve) => setTimeout(resolve, 5));
      assert(!handle.isFinished);
      handle.abort();
      await assertRejects(async () => await handle);
      const done = client.writeAll(new Uint8Array([255])).then(() => client.shutdown());
      const received = await readAll(server);
      await done;
      assert(received.length <= much);
      assertEquals(received.at(-1), 255);
      assertEquals(received.subarray(0, -1), pattern(received.length - 1));
    },
  ],

  ["one reader and one writer at a time", async ({ runtime, client, server, much }) => {
    const reading = runtime.spawn(server.read(new Uint8Array(10)));
    await new Promise((resolve) => setTimeout(resolve, 1));
    const busy = await assertRejects(async () => await server.read(new Uint8Array(10)), MillraceError);
    assertEquals(busy.code, "ERR_BUSY");
    assertThrows(() => server.tryRead(new Uint8Array(10)), MillraceError, "another read");
    const writing = runtime.spawn(server.writeAll(pattern(much)));
    await new Promise((resolve) => setTimeout(resolve, 5));
    await assertRejects(async () => await server.write(pattern(10)), MillraceError, "another write");
    assertThrows(() => server.tryWrite(pattern(10)), MillraceError, "another write");
    // The first ones were not disturbed.
    await client.writeAll(pattern(3));
    assertEquals(await reading, 3);
    assertEquals(await readAll(client, much), pattern(much));
    await writing;
  }],

  ["try forms: PENDING, a count, 0 at the end", async ({ client, server }) => {
    const into = new Uint8Array(10);
    assertEquals(server.tryRead(into), PENDING);
    assertEquals(client.tryWrite(pattern(4)), 4);
    let count = server.tryRead(into);
    await until(() => (count = count === PENDING ? server.tryRead(into) : count) !== PENDING);
    assertEquals(count, 4);
    await client.shutdown();
    await until(() => server.tryRead(into) === 0);
    assertThrows(() => client.tryWrite(pattern(1)), ClosedError);
  }],

  ["empty buffers: no room is a mistake, nothing to write is nothing", async ({ client, server }) => {
    assertThrows(() => server.read(new Uint8Array(0)), RangeError);
    assertThrows(() => server.tryRead(new Uint8Array(0)), RangeError);
    assertEquals(await client.write(new Uint8Array(0)), 0);
    await client.writeAll(new Uint8Array(0));
  }],

  ["close delivers what was written", async ({ client, server, much }) => {
    const bytes = pattern(Math.min(much, 4 << 20));
    let sent = 0;
    await until(() => {
      const count = client.tryWrite(bytes.subarray(sent, sent + 16_384));
      if (count !== PENDING) sent += count;
      return count === PENDING || sent === bytes.length;
    });
    client.close();
    assertEquals(await readAll(server), bytes.subarray(0, sent));
  }],

  ["await using waits until everything has gone out", async ({ client, server }) => {
    const received = readAll(server);
    {
      await using stream = client;
      await stream.writeAll(pattern(100_000));
    }
    assertEquals(await received, pattern(100_000));
  }],

  ["abort drops what was written and not sent", async ({ client, server, much }) => {
    let sent = 0;
    let count: number | typeof PENDING = 0;
    while (count !== PENDING && sent < 2 * much) {
      sent += count;
      count = client.tryWrite(pattern(16_384));
    }
    client.abort();
    const into = new Uint8Array(65_536);
    let received = 0;
    try {
      for (let got = await server.read(into); got > 0; got = await server.read(into)) received += got;
    } catch (error) {
      assertEquals((error as IoError).code, "ECONNRESET");
    }
    assert(received < sent);
  }],

  ["after close everything throws ClosedError, also what was waiting", async ({ runtime, client, much }) => {
    const reading = runtime.spawn(client.read(new Uint8Array(10)));
    const writing = runtime.spawn(client.writeAll(pattern(much)));
    await new Promise((resolve) => setTimeout(resolve, 5));
    client.close();
    client.close();
    for (const handle of [reading, writing]) {
      assertEquals((await assertRejects(async () => await handle, ClosedError)).by, "local");
    }
    assertThrows(() => client.tryRead(new Uint8Array(1)), ClosedError);
    assertThrows(() => client.tryWrite(pattern(1)), ClosedError);
    assertThrows(() => client.setNoDelay(true), ClosedError);
    await assertRejects(async () => await client.shutdown(), ClosedError);
  }],

  ["writing after the peer closed is EPIPE or ECONNRESET, and stays so", async ({ client, server }) => {
    server.close();
    const error = await assertRejects(async () => {
      for (;;) {
        await client.writeAll(pattern(1000));
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
    }, IoError);
    assert(["EPIPE", "ECONNRESET"].includes(error.code));
    await assertRejects(async () => await client.write(pattern(1)), IoError);
  }],

  ["a busy stream lets other tasks have their turn", async ({ runtime, client, server }) => {
    await client.writeAll(pattern(2000));
    await client.shutdown();
    let others = 0;
    const other = runtime.spawn(function* () {
      for (;;) {
        others++;
        yield* pause();
      }
    });
    const whole = await runtime.run(function* () {
      const into = new Uint8Array(1);
      let count = 0;
      while ((yield* server.read(into)) > 0) count++;
      return count;
    });
    other.abort();
    assertEquals(whole, 2000);
    assert(others > 10, `${others} turns of the other task`);
  }],

  ["addresses and options", ({ client, server }) => {
    assert(client.localAddr.equals(server.peerAddr));
    assert(client.peerAddr.equals(server.localAddr));
    client.setNoDelay(false);
    client.setNoDelay(true);
    client.setKeepAlive(60);
    client.setKeepAlive(0);
    assertThrows(() => client.setKeepAlive(1.5), RangeError);
    assertThrows(() => client.setKeepAlive(-1), RangeError);
    client.close();
    assertEquals(client.localAddr.port, server.peerAddr.port);
    return Promise.resolve();
  }],

  ["shared memory can be written", async ({ client, server }) => {
    const shared = new Uint8Array(new SharedArrayBuffer(100_000));
    shared.set(pattern(100_000));
    await Promise.all([
      client.writeAll(shared),
      readAll(server, 100_000).then((received) => assertEquals(received, pattern(100_000))),
    ]);
  }],
];

// The host's own sockets cannot send a reset: for this one the peer is a native one.
const RESETS: readonly Case[] = [
  [
    "a reset is ECONNRESET with the peer's address, after what had come was read",
    async ({ client, server }) => {
      await client.writeAll(pattern(100));
      assertEquals(await readAll(server, 50, 50), pattern(50));
      client.abort();
      const into = new Uint8Array(100);
      let error: unknown;
      await until(() => {
        try {
          server.tryWrite(pattern(1));
          return false;
        } catch (thrown) {
          error = thrown;
          return true;
        }
      });
      assertInstanceOf(error, IoError);
      assertEquals([error.code, error.address], ["ECONNRESET", server.peerAddr.toString()]);
      assertEquals(server.tryRead(into), 50);
      assertThrows(() => server.tryRead(into), IoError);
      await assertRejects(async () => await server.read(into), IoError);
    },
  ],

  ["a reset while a read waits", async ({ client, server, runtime }) => {
    const reading = runtime.spawn(server.read(new Uint8Array(1)));
    await new Promise((resolve) => setTimeout(resolve, 1));
    client.abort();
    assertEquals((await assertRejects(async () => await reading, IoError)).code, "ECONNRESET");
  }],
];

function pause() {
  let waited = false;
  return {
    poll(cx: { waker: { wake(): void } }) {
      if (waited) return undefined;
      waited = true;
      cx.waker.wake();
      return PENDING;
    },
    *[Symbol.iterator](): Generator<typeof this, void> {
      yield this;
    },
  };
}

for (const kind of KINDS) {
  for (const [name, body] of CASES) {
    testIf(kind.reason, `stream, ${kind.name}: ${name}`, () => withStreams(kind, body));
  }
  for (const [name, body] of RESETS) {
    testIf(
      requireAll(kind.reason, BACKENDS[0].reason),
      `stream, ${kind.name}: ${name}`,
      () => withStreams(kind, body, "native"),
    );
  }
}

Deno.test("READ_HIGH_WATER is 64 KiB", () => assertEquals(READ_HIGH_WATER, 65_536));
