import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import type { Bytes } from "../ffi/native.ts";
import { ScriptedNative } from "../reactor/mod.ts";
import { IoError, Runtime, TimeoutError } from "../runtime/mod.ts";
import { testIf } from "../tests/support/skip.ts";
import { SocketAddr } from "./addr.ts";
import { ANY, BACKENDS, KINDS, until, withRuntime } from "./support_test.ts";
import { TcpListener, TcpStream } from "./mod.ts";

/** An address at which nobody listens: somebody did a moment ago. */
function deserted(runtime: Runtime, backend: "native" | "host"): SocketAddr {
  const listener = TcpListener.bind(ANY, { runtime, backend });
  listener.close();
  return listener.localAddr;
}

for (const { backend, name, ...kind } of KINDS) {
  testIf(
    kind.reason,
    `connect, ${name}: nobody listens`,
    () =>
      withRuntime({ backend, name, ...kind }, async (runtime) => {
        const addr = deserted(runtime, backend);
        await new Promise((resolve) => setTimeout(resolve, 5));
        const error = await assertRejects(
          () => runtime.run(TcpStream.connect(addr, { runtime, backend })),
          IoError,
        );
        assertEquals(error.message, `connect ${addr} failed: connection refused (ECONNREFUSED)`);
        assertEquals([error.syscall, error.code, error.address], [
          "connect",
          "ECONNREFUSED",
          addr.toString(),
        ]);
      }),
  );

  testIf(
    kind.reason,
    `connect, ${name}: given up before it has begun`,
    () =>
      withRuntime({ backend, name, ...kind }, async (runtime) => {
        const reason = new Error("changed my mind");
        const signal = AbortSignal.abort(reason);
        const error = await assertRejects(() =>
          runtime.run(TcpStream.connect(ANY, { runtime, backend, signal }))
        );
        assert(error === reason);
      }),
  );

  testIf(
    kind.reason,
    `connect, ${name}: cancelled under way and when it is there, nothing stays open`,
    () =>
      withRuntime({ backend, name, ...kind }, async (runtime) => {
        using listener = TcpListener.bind(ANY, { runtime, backend });
        for (let waits = 0; waits < 5; waits++) {
          const handle = runtime.spawn(TcpStream.connect(listener.localAddr, { runtime, backend }));
          for (let index = 0; index < waits; index++) await new Promise((resolve) => setTimeout(resolve, 0));
          if (handle.isFinished) (await handle).close();
          else handle.abort();
          await handle.then((stream) => stream.close(), () => {});
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
      }),
  );
}

/** A network that swallows everything: a socket that is connecting never becomes writable. */
class BlackHole extends ScriptedNative {
  readonly #far: number[] = [];

  override tcpConnect(): number {
    const [own, far] = this.pair();
    this.#far.push(far);
    while (this.send(own, new Uint8Array(65_536), 0, 65_536) > 0);
    return own;
  }

  end(): void {
    for (const fd of this.#far) this.close(fd);
  }
}

async function inBlackHole(body: (runtime: Runtime, addr: SocketAddr) => Promise<void>): Promise<void> {
  const native = new BlackHole({ hostTime: true });
  const runtime = new Runtime({ native });
  await body(runtime, SocketAddr.parse("192.0.2.1:80"));
  await until(() => runtime.reactor.size === 0 && !runtime.reactor.hasWork, "closing");
  await runtime[Symbol.asyncDispose]();
  native.end();
  assertEquals([native.liveHandles(), native.misuses], [0, []]);
}

Deno.test("connect: a timeout is a TimeoutError of phase connect", () =>
  inBlackHole(async (runtime, addr) => {
    const before = performance.now();
    const error = await assertRejects(
      () => runtime.run(TcpStream.connect(addr, { runtime, timeoutMs: 20 })),
      TimeoutError,
    );
    assertEquals([error.phase, error.afterMs], ["connect", 20]);
    assert(performance.now() - before >= 20);
  }));

Deno.test("connect: a signal ends it with its reason, and is not listened to afterwards", () =>
  inBlackHole(async (runtime, addr) => {
    const controller = new AbortController();
    let listeners = 0;
    const { signal } = controller;
    const [add, remove] = [signal.addEventListener.bind(signal), signal.removeEventListener.bind(signal)];
    signal.addEventListener = (type: string, listener: EventListener) => (listeners++, add(type, listener));
    signal.removeEventListener = (
      type: string,
      listener: EventListener,
    ) => (listeners--, remove(type, listener));
    const handle = runtime.spawn(TcpStream.connect(addr, { runtime, signal }));
    await until(() => listeners === 1);
    const reason = { not: "an error" };
    controller.abort(reason);
    const error = await handle.then(() => undefined, (error) => error);
    assert(error === reason);
    assertEquals(listeners, 0);
  }));

Deno.test("connect: arguments are checked at the call", () => {
  using runtime = new Runtime();
  assertThrows(() => TcpStream.connect("example.org:80", { runtime }), TypeError);
  assertThrows(() => TcpStream.connect("127.0.0.1:99999", { runtime }), RangeError);
  assertThrows(() => TcpStream.connect(ANY, { runtime, timeoutMs: -1 }), RangeError);
  assertThrows(() => TcpStream.connect(ANY, { runtime, timeoutMs: NaN }), RangeError);
});

Deno.test("connect: a socket that reached itself is a refusal", async () => {
  class Mirror extends ScriptedNative {
    target: Bytes | undefined;

    override tcpConnect(address: Bytes): number {
      this.target = address.slice();
      return super.tcpConnect(address);
    }

    override localAddress(fd: number, address: Bytes): number {
      if (this.target === undefined) return super.localAddress(fd, address);
      address.set(this.target);
      return 0;
    }
  }
  const native = new Mirror({ hostTime: true });
  const runtime = new Runtime({ native });
  const listener = TcpListener.bind(ANY, { runtime });
  const error = await assertRejects(
    () => runtime.run(TcpStream.connect(listener.localAddr, { runtime })),
    IoError,
  );
  assertEquals(error.code, "ECONNREFUSED");
  listener.close();
  await until(() => runtime.reactor.size === 0 && !runtime.reactor.hasWork, "closing");
  await runtime[Symbol.asyncDispose]();
  assertEquals(native.liveHandles(), 0);
});

Deno.test("connect: out of descriptors is EMFILE", async () => {
  const native = new ScriptedNative({ hostTime: true });
  const runtime = new Runtime({ native });
  void runtime.reactor;
  native.faults.maxHandles = native.liveHandles();
  const error = await assertRejects(
    () => runtime.run(TcpStream.connect("127.0.0.1:80", { runtime })),
    IoError,
  );
  assertEquals([error.code, error.syscall, error.address], ["EMFILE", "connect", "127.0.0.1:80"]);
  await runtime[Symbol.asyncDispose]();
  assertEquals(native.liveHandles(), 0);
});

Deno.test("connect on the host: a connection that refuses setNoDelay is handed out, and closed once", async () => {
  const runtime = new Runtime();
  const { connect } = Deno;
  const conns: Deno.TcpConn[] = [];
  let closed = 0;
  try {
    Deno.connect = (async (options: Deno.ConnectOptions) => {
      const conn = await connect(options);
      conns.push(conn);
      conn.setNoDelay = () => {
        throw new Error("invalid argument");
      };
      const close = conn.close.bind(conn);
      conn.close = () => (closed++, close());
      return conn;
    }) as typeof Deno.connect;
    using listener = TcpListener.bind(ANY, { runtime, backend: "host" });
    using client = await runtime.run(TcpStream.connect(listener.localAddr, { runtime, backend: "host" }));
    using server = await runtime.run(listener.accept());
    assert(server.peerAddr.equals(client.localAddr));
  } finally {
    Deno.connect = connect;
  }
  await until(() => closed === 1, "closing");
  assertEquals(conns.length, 1);
  runtime.close();
});

const linkLocal = Deno.networkInterfaces().find(({ address, scopeid }) =>
  address.startsWith("fe80:") && scopeid
);
const withoutLinkLocal = linkLocal === undefined ? "this machine has no link-local IPv6 address" : undefined;

for (const kind of BACKENDS) {
  testIf(
    kind.reason ?? withoutLinkLocal,
    `connect, ${kind.name}: a link-local address keeps its interface`,
    () =>
      withRuntime(kind, async (runtime) => {
        const { backend } = kind;
        const ip = `${linkLocal!.address}%${linkLocal!.scopeid}`;
        using listener = TcpListener.bind(SocketAddr.v6(ip, 0), { runtime, backend });
        using client = await runtime.run(TcpStream.connect(listener.localAddr, { runtime, backend }));
        using server = await listener.accept();
        for (
          const addr of [
            listener.localAddr,
            client.localAddr,
            client.peerAddr,
            server.localAddr,
            server.peerAddr,
          ]
        ) {
          assertEquals([addr.ip, addr.scopeId], [linkLocal!.address, linkLocal!.scopeid]);
        }
      }),
  );
}
