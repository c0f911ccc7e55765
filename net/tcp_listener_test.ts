import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { native } from "../ffi/load.ts";
import { ScriptedNative } from "../reactor/mod.ts";
import { ClosedError, PENDING, Runtime } from "../runtime/mod.ts";
import { VirtualClock } from "../runtime/time/clock.ts";
import { requireNoAsan, testIf } from "../tests/support/skip.ts";
import { ANY, BACKENDS, KINDS, pattern, readAll, until, withRuntime } from "./support_test.ts";
import { HostAcceptor, type HostListener } from "./host_acceptor.ts";
import type { HostConn } from "./host_transport.ts";
import { ACCEPT_RETRY_MS, listen, TcpListener, TcpStream, type Transport } from "./mod.ts";

for (const kind of KINDS) {
  const { backend, name, reason } = kind;
  const cases: readonly [string, (runtime: Runtime) => Promise<void>][] = [
    ["takers are served in order, one given up is passed over", async (runtime) => {
      using listener = TcpListener.bind(ANY, { runtime, backend });
      const takers = [1, 2, 3].map(() => runtime.spawn(listener.accept()));
      await until(() => runtime.executor.ready === 0);
      takers[1].abort();
      const clients: TcpStream[] = [];
      for (let index = 0; index < 2; index++) {
        clients.push(await runtime.run(TcpStream.connect(listener.localAddr, { runtime, backend })));
        await until(() => takers[2 * index].isFinished);
      }
      for (let index = 0; index < 2; index++) {
        const stream = await takers[2 * index];
        assert(stream.peerAddr.equals(clients[index].localAddr));
        stream.close();
        clients[index].close();
      }
      await assertRejects(async () => await takers[1]);
    }],

    ["a connection whose taker was given up is the next one's", async (runtime) => {
      using listener = TcpListener.bind(ANY, { runtime, backend });
      const woken = [0, 0];
      const context = (index: number) => ({ waker: { wake: () => void woken[index]++ }, spend: () => true });
      const [first, second] = [listener.accept(), listener.accept()];
      assertEquals([first.poll(context(0)), second.poll(context(1))], [PENDING, PENDING]);
      using _client = await runtime.run(TcpStream.connect(listener.localAddr, { runtime, backend }));
      await until(() => woken[0] > 0);
      assertEquals(second.poll(context(1)), PENDING);
      first.cancel();
      assert(woken[1] > 0);
      const stream = second.poll(context(1));
      assert(stream !== PENDING);
      stream.close();
    }],

    ["iteration ends on close", async (runtime) => {
      const listener = TcpListener.bind(ANY, { runtime, backend });
      const clients = [];
      for (let index = 0; index < 3; index++) {
        clients.push(await runtime.run(TcpStream.connect(listener.localAddr, { runtime, backend })));
      }
      let count = 0;
      for await (const stream of listener) {
        stream.close();
        if (++count === 3) setTimeout(() => listener.close(), 1);
      }
      assertEquals(count, 3);
      for (const client of clients) client.close();
    }],

    ["close: who waits and who comes later gets a ClosedError, untaken connections end", async (runtime) => {
      const listener = TcpListener.bind(ANY, { runtime, backend });
      const waiting = runtime.spawn(listener.accept());
      await until(() => runtime.executor.ready === 0);
      listener.close();
      listener.close();
      assertEquals((await assertRejects(async () => await waiting, ClosedError)).by, "local");
      await assertRejects(async () => await listener.accept(), ClosedError);

      const other = TcpListener.bind(ANY, { runtime, backend });
      using client = await runtime.run(TcpStream.connect(other.localAddr, { runtime, backend }));
      await new Promise((resolve) => setTimeout(resolve, 5));
      other.close();
      const into = new Uint8Array(1);
      const ended = await client.read(into).then(
        (count) => count === 0,
        (error: unknown) => (error as { code?: string }).code === "ECONNRESET",
      );
      assert(ended);
    }],

    ["the queue of untaken connections is bounded, and nobody is lost", async (runtime) => {
      using listener = TcpListener.bind(ANY, { runtime, backend, acceptQueue: 2 });
      const clients = [];
      for (let index = 0; index < 20; index++) {
        clients.push(await runtime.run(TcpStream.connect(listener.localAddr, { runtime, backend })));
        await clients[index].writeAll(new Uint8Array([index]));
      }
      const seen = [];
      for (const _ of clients) {
        const stream = await listener.accept();
        seen.push((await readAll(stream, 1))[0]);
        stream.close();
      }
      assertEquals(seen.sort((a, b) => a - b), clients.map((_, index) => index));
      for (const client of clients) client.close();
    }],
  ];
  for (const [title, body] of cases) {
    testIf(reason, `listener, ${name}: ${title}`, () => withRuntime(kind, body));
  }

  testIf(reason, `listener, ${name}: arguments are checked`, () =>
    withRuntime(kind, (runtime) => {
      assertThrows(() => TcpListener.bind("nowhere:80", { runtime, backend }), TypeError);
      assertThrows(() => TcpListener.bind(ANY, { runtime, backend, acceptQueue: 0 }), RangeError);
      assertThrows(() => TcpListener.bind(ANY, { runtime, backend, backlog: 1.5 }), RangeError);
      using listener = TcpListener.bind("localhost:0", { runtime, backend });
      assertEquals([listener.localAddr.ip, listener.backend], ["127.0.0.1", backend]);
      return Promise.resolve();
    }));
}

Deno.test("a full queue pauses the acceptor: the rest waits in the system's", async () => {
  const scripted = new ScriptedNative({ hostTime: true });
  await using runtime = new Runtime({ native: scripted });
  const listener = TcpListener.bind(ANY, { runtime, acceptQueue: 4 });
  const address = listener.localAddr.encode();
  const fds: number[] = [];
  // More than one batch of the system's, which is 64.
  for (let index = 0; index < 200; index++) fds.push(scripted.tcpConnect(address));
  const before = scripted.liveHandles();
  for (let turns = 0; turns < 20; turns++) await new Promise((resolve) => setTimeout(resolve, 0));
  const accepted = scripted.liveHandles() - before;
  assert(accepted >= 4 && accepted < 4 + 64, `${accepted} connections were accepted`);
  for (const _ of fds) (await listener.accept()).close();
  listener.close();
  for (const fd of fds) scripted.close(fd);
  await until(() => runtime.reactor.size === 0 && !runtime.reactor.hasWork);
});

Deno.test("out of descriptors: the listener rests, and accepts again when there are some", () => {
  const scripted = new ScriptedNative();
  const clock = new VirtualClock();
  const runtime = new Runtime({ native: scripted, clock });
  const accepted: Transport[] = [];
  const errors: string[] = [];
  const onAcceptError = (error: Error) => void errors.push(error.message);
  const acceptor = listen(runtime, ANY, { onAcceptError }, (transport) => void accepted.push(transport));
  const client = scripted.tcpConnect(acceptor.localAddr.encode());
  const limit = scripted.liveHandles();
  scripted.faults.maxHandles = limit;
  let attempts = 0;
  const accept = scripted.accept.bind(scripted);
  scripted.accept = (fd) => (attempts++, accept(fd));
  for (let turns = 0; turns < 50; turns++) runtime.turn();
  assertEquals([accepted.length, attempts], [0, 1]);
  clock.advance(ACCEPT_RETRY_MS + 1);
  for (let turns = 0; turns < 50; turns++) runtime.turn();
  assertEquals([accepted.length, attempts], [0, 2]);
  // Paused and resumed while it rests: it rests on.
  acceptor.pause();
  acceptor.resume();
  for (let turns = 0; turns < 50; turns++) runtime.turn();
  assertEquals(attempts, 2);
  const message = `accept ${acceptor.localAddr} failed: too many open files in this process (EMFILE)`;
  assertEquals(errors, [message, message]);
  scripted.faults.maxHandles = Infinity;
  clock.advance(ACCEPT_RETRY_MS + 1);
  for (let turns = 0; turns < 5; turns++) runtime.turn();
  assertEquals(accepted.length, 1);
  accepted[0].close();
  acceptor.close();
  for (let turns = 0; turns < 5; turns++) runtime.turn();
  scripted.close(client);
  runtime.close();
  assertEquals([scripted.liveHandles(), scripted.misuses], [0, []]);
});

Deno.test("out of descriptors on the host: the same", async () => {
  const clock = new VirtualClock();
  const runtime = new Runtime({ clock });
  const addr: Deno.NetAddr = { transport: "tcp", hostname: "127.0.0.1", port: 1 };
  let attempts = 0;
  let closed = 0;
  const conn: HostConn = {
    read: () => Promise.resolve(null),
    write: (bytes) => Promise.resolve(bytes.length),
    closeWrite: () => Promise.resolve(),
    close: () => void closed++,
    localAddr: addr,
    remoteAddr: addr,
  };
  const hostListener: HostListener = {
    addr,
    close() {},
    accept() {
      attempts++;
      if (attempts === 4) return new Promise(() => {});
      const failure = Object.assign(new Error("Too many open files"), { code: "EMFILE" });
      return attempts === 3 ? Promise.resolve(conn) : Promise.reject(failure);
    },
  };
  const accepted: Transport[] = [];
  const errors: string[] = [];
  const onAcceptError = (error: Error) => void errors.push(error.message);
  const acceptor = new HostAcceptor(
    runtime,
    hostListener,
    { onAcceptError },
    (transport) => void accepted.push(transport),
  );
  const settle = () => new Promise((resolve) => setTimeout(resolve, 0));
  await settle();
  runtime.turn();
  assertEquals(attempts, 1);
  for (const expected of [2, 4]) {
    clock.advance(ACCEPT_RETRY_MS + 1);
    runtime.turn();
    await settle();
    assertEquals(attempts, expected);
  }
  const message = "accept 127.0.0.1:1 failed: too many open files in this process (EMFILE)";
  assertEquals([accepted.length, errors], [1, [message, message]]);
  accepted[0].abort();
  assertEquals(closed, 1);
  acceptor.close();
  await settle();
  runtime.close();
});

for (const kind of BACKENDS) {
  const count = kind.backend === "native" ? 2000 : 300;
  testIf(
    kind.reason,
    `${count} concurrent connections echo, ${kind.name}, and no descriptor is left`,
    () =>
      withRuntime(kind, async (runtime) => {
        const { backend } = kind;
        if (backend === "native") native().raiseDescriptorLimit();
        const listener = TcpListener.bind(ANY, { runtime, backend });
        const serving = (async () => {
          for await (const stream of listener) {
            runtime.spawn(function* () {
              const into = new Uint8Array(1024);
              for (let got = yield* stream.read(into); got > 0; got = yield* stream.read(into)) {
                yield* stream.writeAll(into.slice(0, got));
              }
              stream.close();
            });
          }
        })();
        const clients: TcpStream[] = [];
        for (let index = 0; index < count; index++) {
          clients.push(await runtime.run(TcpStream.connect(listener.localAddr, { runtime, backend })));
        }
        await Promise.all(clients.map(async (client, index) => {
          await client.writeAll(pattern(3000, index));
          assertEquals(await readAll(client, 3000, 1024), pattern(3000, index));
        }));
        for (const client of clients) client.close();
        listener.close();
        await serving;
      }),
  );

  const times = kind.backend === "native" ? 10_000 : 1000;
  testIf(
    kind.reason ?? requireNoAsan(),
    `${times} times connect and close, ${kind.name}`,
    () =>
      withRuntime(kind, async (runtime) => {
        const { backend } = kind;
        const listener = TcpListener.bind(ANY, { runtime, backend });
        let accepted = 0;
        const serving = runtime.spawn(function* () {
          while (accepted < times) {
            const stream = yield* listener.accept();
            accepted++;
            // The server closes first in every second case.
            if (accepted % 2 === 0) yield* stream.read(new Uint8Array(1));
            stream.close();
          }
        });
        await runtime.run(function* () {
          for (let index = 0; index < times; index++) {
            const client = yield* TcpStream.connect(listener.localAddr, { runtime, backend });
            if (index % 2 === 0) yield* client.read(new Uint8Array(1));
            client.close();
          }
        });
        await serving;
        assertEquals(accepted, times);
        listener.close();
      }),
  );
}
