import { assert, assertEquals } from "@std/assert";
import { Reactor, ScriptedNative } from "../reactor/mod.ts";
import type { Bytes } from "../ffi/native.ts";
import { commit, pattern } from "./support_test.ts";
import { TcpSocket } from "./tcp_socket.ts";
import type { TransportHandler } from "./transport.ts";

/** A reactor on the scripted twin, turned by hand, with sockets whose peers are bare descriptors. */
class Bench {
  readonly native: ScriptedNative = new ScriptedNative({ capacity: 1 << 20 });
  readonly reactor: Reactor = new Reactor(this.native);
  readonly #sockets: TcpSocket[] = [];
  readonly #peers: number[] = [];

  socket(handler: Partial<TransportHandler>): [socket: TcpSocket, peer: number] {
    const [own, peer] = this.native.pair();
    const socket = new TcpSocket(this.reactor, own);
    socket.handler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {}, ...handler };
    this.#sockets.push(socket);
    this.#peers.push(peer);
    return [socket, peer];
  }

  turns(count: number): void {
    for (let index = 0; index < count; index++) this.reactor.turn(0);
  }

  send(peer: number, bytes: Bytes): void {
    assertEquals(this.native.send(peer, bytes, 0, bytes.length), bytes.length);
  }

  end(): void {
    for (const socket of this.#sockets) socket.abort();
    this.turns(2);
    for (const peer of this.#peers) this.native.close(peer);
    this.reactor.dispose();
    assertEquals([this.native.misuses, this.native.liveHandles()], [[], 0]);
  }
}

Deno.test("a submission in the middle of one socket's begin does not run the handler of another", () => {
  const bench = new Bench();
  let inside = false;
  let received = 0;
  const [, far] = bench.socket({
    onData(_bytes, start, end) {
      assert(!inside, "onData came inside a call of another transport");
      received += end - start;
    },
  });
  const [near, nearPeer] = bench.socket({
    onData() {
      // More than fits one submission: the second begin submits what is queued, also the far one's next receive.
      inside = true;
      for (let index = 0; index < 4; index++) commit(near, pattern(100_000));
      inside = false;
    },
  });
  bench.turns(1);
  // More than one receive takes.
  bench.send(far, pattern(300_000));
  bench.send(nearPeer, pattern(10));
  bench.turns(10);
  assertEquals(received, 300_000);
  bench.end();
});

Deno.test("a handler that throws in onClose or onDrain keeps nobody else from being told", () => {
  const bench = new Bench();
  let closed = 0;
  const onClose = () => {
    closed++;
    throw new Error("a faulty handler");
  };
  const sockets = [1, 2, 3].map(() => bench.socket({ onClose })[0]);
  bench.turns(1);
  for (const socket of sockets) socket.close();
  let thrown = 0;
  for (let index = 0; index < 3; index++) {
    try {
      bench.turns(1);
    } catch {
      thrown++;
    }
  }
  assertEquals([closed, thrown], [3, 1]);
  bench.end();
});

Deno.test("a receive that was asked for is not carried out for a socket that was closed since", () => {
  const bench = new Bench();
  const [socket, peer] = bench.socket({
    onData() {
      socket.abort();
    },
  });
  bench.turns(1);
  bench.send(peer, pattern(300_000));
  bench.turns(5);
  bench.end();
});

Deno.test("a socket that was closed just before its reactor leaves nothing open and sends what it had", () => {
  const bench = new Bench();
  const told: string[] = [];
  const [socket, peer] = bench.socket({ onClose: (error) => told.push(`${error}`) });
  bench.turns(1);
  commit(socket, pattern(100));
  socket.close();
  bench.reactor.dispose();
  assertEquals(told, ["undefined"]);
  assertEquals(bench.native.receive(peer, new Uint8Array(200), 0, 200), 100);
  bench.native.close(peer);
  assertEquals([bench.native.misuses, bench.native.liveHandles()], [[], 0]);
});
