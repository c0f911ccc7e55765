import { assert, assertEquals, assertFalse, assertGreater, assertNotEquals, assertThrows } from "@std/assert";
import {
  FLAG_MORE,
  FLAG_REPORT,
  KIND_LISTENER,
  KIND_READINESS,
  KIND_STREAM,
  LEVEL,
  OP_ACCEPT,
  OP_ADD,
  OP_MODIFY,
  OP_READY,
  OP_RECEIVE,
  OP_SEND,
  OP_SHUTDOWN,
  OPTION_LINGER,
  OPTION_SEND_BUFFER,
  READABLE,
  RECEIVE_MAX,
  WRITABLE,
} from "../ffi/abi.ts";
import { errno } from "../ffi/errno.ts";
import type { Bytes, Native } from "../ffi/native.ts";
import { Reactor } from "./reactor.ts";
import {
  connected,
  listen,
  ok,
  pattern,
  receive,
  Recorder,
  testBoth,
  turnUntil,
  untilReadable,
} from "./support_test.ts";

/** A reactor with one end of a connection on it; the other end is the test's. */
interface Rig {
  readonly lib: Native;
  readonly reactor: Reactor;
  readonly client: number;
  readonly server: number;
  readonly source: Recorder;
  readonly token: number;
}

function withStream(lib: Native, body: (rig: Rig) => void, receiveBuffer?: number): void {
  const reactor = new Reactor(lib);
  const { client, server } = connected(lib, receiveBuffer);
  const source = new Recorder();
  const token = reactor.add(source, server, READABLE, KIND_STREAM);
  body({ lib, reactor, client, server, source, token });
  if (reactor.size > 0) reactor.close(token, server);
  reactor.dispose();
  ok(lib.close(client));
}

function queueText(reactor: Reactor, fd: number, token: number, bytes: Bytes, flags = 0): void {
  reactor.reserve(bytes.length);
  const from = reactor.outputAt;
  reactor.output.set(bytes, from);
  reactor.queueSend(fd, token, from, from + bytes.length, flags);
}

testBoth("a new reactor has no sources and no work, and closes what it opened", (lib) => {
  const before = lib.liveHandles();
  const reactor = new Reactor(lib);
  assertEquals([reactor.size, reactor.hasWork, reactor.turn(0)], [0, false, 0]);
  assertEquals(lib.liveHandles(), before + 2);
  reactor.dispose();
  reactor.dispose();
  reactor.wake();
  assertEquals(lib.liveHandles(), before);
});

testBoth("a listener's connections come as descriptors", (lib) => {
  const reactor = new Reactor(lib);
  const { fd, address } = listen(lib);
  const source = new Recorder();
  const token = reactor.add(source, fd, READABLE | LEVEL, KIND_LISTENER);
  assertEquals([reactor.size, reactor.hasWork], [1, true]);
  const clients = [1, 2, 3].map(() => ok(lib.tcpConnect(address)));
  turnUntil(reactor, () => source.results(OP_ACCEPT).length === 3);
  const accepted = source.results(OP_ACCEPT);
  assertEquals(new Set(accepted).size, 3);
  assertEquals(lib.send(clients[0], pattern(2), 0, 2), 2);
  assertEquals(receive(lib, accepted[0]), pattern(2));
  reactor.close(token, fd);
  reactor.dispose();
  for (const handle of [...clients, ...accepted]) ok(lib.close(handle));
});

testBoth("a storm of connections is taken in batches, none is lost under level triggering", (lib) => {
  const reactor = new Reactor(lib);
  const { fd, address } = listen(lib);
  const source = new Recorder();
  const token = reactor.add(source, fd, READABLE | LEVEL, KIND_LISTENER);
  const clients = Array.from({ length: 100 }, () => ok(lib.tcpConnect(address)));
  reactor.turn(1_000_000);
  assertEquals(source.results(OP_ACCEPT).length, 64);
  turnUntil(reactor, () => source.results(OP_ACCEPT).length === 100);
  reactor.close(token, fd);
  reactor.dispose();
  for (const handle of [...clients, ...source.results(OP_ACCEPT)]) ok(lib.close(handle));
});

testBoth("received bytes lie in the arena, one behind the other, aligned to 8", (lib) => {
  withStream(lib, ({ lib, reactor, client, server, source, token }) => {
    const second = connected(lib);
    const other = new Recorder();
    const otherToken = reactor.add(other, second.server, READABLE, KIND_STREAM);
    lib.send(client, pattern(13), 0, 13);
    lib.send(second.client, pattern(21, 5), 0, 21);
    turnUntil(reactor, () => source.seen.length > 0 && other.seen.length > 0);
    for (const [recorder, bytes] of [[source, pattern(13)], [other, pattern(21, 5)]] as const) {
      const [{ operation, result, flags, at }] = recorder.seen;
      assertEquals([operation, result, flags, at % 8], [OP_RECEIVE, bytes.length, 0, 0]);
      assertEquals(reactor.input.subarray(at, at + result), bytes);
    }
    assertNotEquals(source.seen[0].at, other.seen[0].at);
    reactor.close(otherToken, second.server);
    ok(lib.close(second.client));
    assert(reactor.hasWork && token >= 0 && server >= 0);
  });
});

testBoth("the end of the stream is a result of 0", (lib) => {
  withStream(lib, ({ lib, reactor, client, source }) => {
    lib.shutdown(client, 1);
    turnUntil(reactor, () => source.seen.length > 0);
    assertEquals([source.seen[0].operation, source.seen[0].result], [OP_RECEIVE, 0]);
  });
});

testBoth("data and the end at once: the data says MORE, and the next receive is the end", (lib) => {
  withStream(lib, ({ lib, reactor, client, server, source, token }) => {
    reactor.turn(0);
    lib.send(client, pattern(9), 0, 9);
    lib.shutdown(client, 1);
    turnUntil(reactor, () => source.seen.length > 0);
    assertEquals(source.seen[0].result, 9);
    assertEquals(source.seen[0].flags & FLAG_MORE, FLAG_MORE, "an edge that says end must not be lost");
    reactor.queueReceive(server, token);
    turnUntil(reactor, () => source.seen.length > 1);
    assertEquals(source.results(OP_RECEIVE), [9, 0]);
  });
});

testBoth("a receive that fills its limit says MORE, and goes on when asked", (lib) => {
  const total = 5 * RECEIVE_MAX + 77;
  withStream(lib, ({ lib, reactor, client, server, source, token }) => {
    let sent = 0;
    const bytes = pattern(total);
    const received: number[] = [];
    let sum = 0;
    let full = 0;
    source.then = ({ result, flags, at }) => {
      assertEquals((flags & FLAG_MORE) !== 0, result === RECEIVE_MAX, `${result}`);
      if (result < 0) return;
      for (let index = 0; index < result; index++) {
        if (reactor.input[at + index] !== bytes[sum + index]) throw new Error(`wrong byte at ${sum + index}`);
      }
      sum += result;
      received.push(result);
      if ((flags & FLAG_MORE) === 0) return;
      full++;
      reactor.queueReceive(server, token);
    };
    turnUntil(reactor, () => {
      if (sent < total) sent += Math.max(0, lib.send(client, bytes, sent, total - sent));
      return sum === total;
    });
    assertGreater(full, 0, "no receive was full");
  }, 4 * RECEIVE_MAX);
});

testBoth("a reset comes as its errno", (lib) => {
  const reactor = new Reactor(lib);
  const { client, server } = connected(lib);
  const source = new Recorder();
  const token = reactor.add(source, server, READABLE, KIND_STREAM);
  reactor.turn(0);
  lib.setOption(client, OPTION_LINGER, 0);
  ok(lib.close(client));
  turnUntil(reactor, () => source.seen.length > 0);
  assertEquals(source.results(OP_RECEIVE), [-errno("ECONNRESET")]);
  reactor.close(token, server);
  reactor.dispose();
});

testBoth("a send that is taken whole is silent, unless a report was asked for", (lib) => {
  withStream(lib, ({ lib, reactor, client, server, source, token }) => {
    queueText(reactor, server, token, pattern(5));
    reactor.turn(0);
    assertEquals(receive(lib, client), pattern(5));
    assertEquals(source.results(OP_SEND), []);
    queueText(reactor, server, token, pattern(6), FLAG_REPORT);
    reactor.turn(0);
    assertEquals(source.results(OP_SEND), [6]);
    assertEquals(receive(lib, client), pattern(6));
  });
});

testBoth("sends of one source that lie together are one, others stay apart and in order", (lib) => {
  withStream(lib, ({ lib, reactor, client, server, source, token }) => {
    queueText(reactor, server, token, pattern(5));
    queueText(reactor, server, token, pattern(7), FLAG_REPORT);
    reactor.turn(0);
    assertEquals(source.results(OP_SEND), [12]);
    assertEquals([...receive(lib, client)], [...pattern(5), ...pattern(7)]);

    queueText(reactor, server, token, pattern(1), FLAG_REPORT);
    reactor.queue(OP_MODIFY, server, token, READABLE, KIND_STREAM);
    queueText(reactor, server, token, pattern(2), FLAG_REPORT);
    reactor.turn(0);
    assertEquals(source.results(OP_SEND), [12, 1, 2]);
  });
});

testBoth("a short send is reported, its rest is in sentOutput, and room is an event", (lib) => {
  withStream(lib, ({ lib, reactor, client, server, source, token }) => {
    lib.setOption(server, OPTION_SEND_BUFFER, 4096);
    const chunk = pattern(400_000);
    let sent = 0;
    let rest: Bytes | undefined;
    source.then = ({ operation, result }) => {
      if (operation !== OP_SEND) return;
      const taken = Math.max(result, 0);
      sent -= chunk.length - taken;
      rest = reactor.sentOutput.slice(taken, chunk.length);
      reactor.queue(OP_MODIFY, server, token, READABLE | WRITABLE, KIND_STREAM);
    };
    for (let round = 0; rest === undefined; round++) {
      assert(round < 100, "no send was short");
      queueText(reactor, server, token, chunk);
      sent += chunk.length;
      reactor.turn(0);
    }
    assertEquals(rest, chunk.subarray(chunk.length - rest.length));
    source.seen.length = 0;
    while (source.results(OP_READY).length === 0) {
      sent -= receive(lib, client).length;
      reactor.turn(0);
      if (sent === 0) turnUntil(reactor, () => source.results(OP_READY).length > 0);
    }
    assertEquals(source.results(OP_READY)[0], WRITABLE);
    while (sent > 0) sent -= receive(lib, client).length;
    assertEquals(sent, 0, "exactly what was taken arrived");
  });
});

testBoth("ending the writing half is an operation; one that fails is reported", (lib) => {
  withStream(lib, ({ lib, reactor, client, server, source, token }) => {
    queueText(reactor, server, token, pattern(3));
    reactor.queue(OP_SHUTDOWN, server, token, 0, 0);
    reactor.turn(0);
    assertEquals(receive(lib, client), pattern(3));
    assertEquals(receive(lib, client).length, 0);
    assertEquals(source.results(OP_SHUTDOWN), []);
    reactor.queue(OP_ADD, server, token, READABLE, KIND_STREAM);
    reactor.queue(77, server, token, 0, 0);
    reactor.turn(0);
    assertEquals(source.results(OP_ADD), [-errno("EEXIST")]);
    assertEquals(source.results(77), [-errno("EINVAL")]);
  });
});

testBoth("closing during the dispatch drops what was on its way to the closed one", (lib) => {
  const reactor = new Reactor(lib);
  const pairs = [connected(lib), connected(lib)];
  const sources = pairs.map(() => new Recorder());
  const tokens = pairs.map(({ server }, index) => reactor.add(sources[index], server, READABLE, KIND_STREAM));
  let closed = -1;
  sources.forEach((source, index) => {
    source.then = () => {
      if (closed >= 0) return;
      closed = 1 - index;
      reactor.close(tokens[closed], pairs[closed].server);
    };
  });
  for (const { client } of pairs) lib.send(client, pattern(4), 0, 4);
  reactor.turn(1_000_000);
  reactor.turn(0);
  assertEquals(sources.map((source) => source.seen.length).sort(), [0, 1]);
  assertEquals([sources[closed].seen.length, reactor.size], [0, 1]);
  reactor.close(tokens[1 - closed], pairs[1 - closed].server);
  reactor.dispose();
  for (const { client } of pairs) ok(lib.close(client));
});

testBoth("a descriptor and a place that are used again get nothing of the old one's", (lib) => {
  const reactor = new Reactor(lib);
  const first = connected(lib);
  const [old, next] = [new Recorder(), new Recorder()];
  const oldToken = reactor.add(old, first.server, READABLE, KIND_STREAM);
  reactor.turn(0);
  lib.send(first.client, pattern(3), 0, 3);
  reactor.close(oldToken, first.server);
  reactor.flush();
  ok(lib.close(first.client));
  const second = connected(lib);
  const token = reactor.add(next, second.server, READABLE, KIND_STREAM);
  assertNotEquals(token, oldToken);
  lib.send(second.client, pattern(4), 0, 4);
  turnUntil(reactor, () => next.seen.length > 0);
  assertEquals([old.seen, next.results(OP_RECEIVE)], [[], [4]]);
  reactor.close(token, second.server);
  reactor.dispose();
  ok(lib.close(second.client));
});

testBoth(
  "a receive that waits for the turn is not carried out on a descriptor that was used again",
  (lib) => {
    const reactor = new Reactor(lib);
    const first = connected(lib);
    const token = reactor.add(new Recorder(), first.server, READABLE, KIND_STREAM);
    reactor.turn(0);
    reactor.queueReceive(first.server, token);
    reactor.close(token, first.server);
    reactor.flush();
    ok(lib.close(first.client));
    const second = connected(lib);
    for (const [from, to] of [[second.client, second.server], [second.server, second.client]]) {
      assertEquals(lib.send(from, pattern(6), 0, 6), 6);
      untilReadable(lib, to);
    }
    assert([second.client, second.server].includes(first.server));
    reactor.turn(0);
    assertEquals(receive(lib, second.server), pattern(6));
    assertEquals(receive(lib, second.client), pattern(6));
    reactor.dispose();
    ok(lib.close(second.client));
    ok(lib.close(second.server));
  },
);

testBoth("a connection accepted for a listener that is gone does not leak", (lib) => {
  const reactor = new Reactor(lib);
  const [one, two] = [listen(lib), listen(lib)];
  const sources = [new Recorder(), new Recorder()];
  const tokens = [one, two].map(({ fd }, index) => reactor.add(sources[index], fd, READABLE, KIND_LISTENER));
  const closeBoth = () => {
    if (reactor.size === 0) return;
    reactor.close(tokens[0], one.fd);
    reactor.close(tokens[1], two.fd);
  };
  sources.forEach((source) => source.then = closeBoth);
  const clients = [one, two, one, two].map(({ address }) => ok(lib.tcpConnect(address)));
  const before = lib.liveHandles();
  turnUntil(reactor, () => reactor.size === 0);
  // One reached a source; the others were accepted by the turn and had nowhere to go.
  const accepted = sources.flatMap((source) => source.results(OP_ACCEPT));
  assertEquals(accepted.length, 1);
  assertEquals(lib.liveHandles(), before + 1);
  reactor.dispose();
  for (const handle of [...clients, ...accepted]) ok(lib.close(handle));
});

testBoth("wake ends the wait, before it and during a park; several are one", async (lib) => {
  const reactor = new Reactor(lib);
  reactor.wake();
  reactor.wake();
  assertEquals(reactor.turn(-1), 1);
  assertEquals(reactor.turn(0), 0);
  const parked = reactor.park(-1);
  reactor.wake();
  assertEquals(await parked, 1);
  assertEquals(reactor.turn(0), 1);
  assertEquals(await reactor.park(0), 0);
  reactor.dispose();
});

testBoth("park ends when something arrives; the turn after it receives", async (lib) => {
  const reactor = new Reactor(lib);
  const { client, server } = connected(lib);
  const source = new Recorder();
  const token = reactor.add(source, server, READABLE, KIND_STREAM);
  reactor.turn(0);
  const parked = reactor.park(-1);
  assertEquals(reactor.turn(0), 0, "turns may be taken beside a park");
  lib.send(client, pattern(3), 0, 3);
  assertEquals(await parked, 1);
  reactor.turn(0);
  assertEquals(source.results(OP_RECEIVE), [3]);
  reactor.close(token, server);
  reactor.dispose();
  ok(lib.close(client));
});

testBoth("a readiness source gets readiness and no bytes", (lib) => {
  const reactor = new Reactor(lib);
  const { client, server } = connected(lib);
  const source = new Recorder();
  const token = reactor.add(source, server, READABLE, KIND_READINESS);
  lib.send(client, pattern(3), 0, 3);
  turnUntil(reactor, () => source.seen.length > 0);
  assertEquals(source.results(OP_READY), [READABLE]);
  assertEquals(receive(lib, server).length, 3);
  reactor.close(token, server);
  reactor.dispose();
  ok(lib.close(client));
});

testBoth("a token can be had before its descriptor is watched", (lib) => {
  const reactor = new Reactor(lib);
  const { client, server } = connected(lib);
  const source = new Recorder();
  const token = reactor.insert(source);
  lib.send(client, pattern(3), 0, 3);
  reactor.turn(0);
  assertEquals(source.seen, []);
  reactor.queue(OP_ADD, server, token, READABLE, KIND_STREAM);
  turnUntil(reactor, () => source.seen.length > 0);
  reactor.remove(token);
  lib.send(client, pattern(3), 0, 3);
  reactor.turn(0);
  assertEquals(source.seen.length, 1);
  ok(lib.close(server));
  reactor.dispose();
  ok(lib.close(client));
});

testBoth("what a source defers is settled after everything was handed out", (lib) => {
  withStream(lib, ({ lib, reactor, client, source }) => {
    const second = connected(lib);
    const other = new Recorder();
    const otherToken = reactor.add(other, second.server, READABLE, KIND_STREAM);
    const seenAtSettle: number[] = [];
    for (const recorder of [source, other]) {
      recorder.then = () => reactor.defer(recorder);
      recorder.settle = () => {
        recorder.settled++;
        seenAtSettle.push(source.seen.length + other.seen.length);
      };
    }
    lib.send(client, pattern(1), 0, 1);
    lib.send(second.client, pattern(1), 0, 1);
    turnUntil(reactor, () => source.settled + other.settled === 2);
    assertEquals(seenAtSettle, [2, 2]);
    reactor.defer(source);
    assert(reactor.hasWork);
    reactor.turn(0);
    assertEquals([source.settled, reactor.hasWork], [2, false]);
    reactor.close(otherToken, second.server);
    ok(lib.close(second.client));
  });
});

testBoth("one source that throws does not take the turn from the others", (lib) => {
  withStream(lib, ({ lib, reactor, client, source }) => {
    const second = connected(lib);
    const other = new Recorder();
    const otherToken = reactor.add(other, second.server, READABLE, KIND_STREAM);
    for (const recorder of [source, other]) {
      recorder.then = () => {
        throw new Error("a source fails");
      };
    }
    lib.send(client, pattern(1), 0, 1);
    lib.send(second.client, pattern(1), 0, 1);
    assertThrows(() => reactor.turn(1_000_000), Error, "a source fails");
    assertEquals([source.seen.length, other.seen.length], [1, 1]);
    reactor.close(otherToken, second.server);
    ok(lib.close(second.client));
  });
});

testBoth("one settle that throws does not lose the others", (lib) => {
  const reactor = new Reactor(lib);
  const sources = [new Recorder(), new Recorder(), new Recorder()];
  sources[1].settle = () => {
    throw new Error("a settle fails");
  };
  for (const source of sources) reactor.defer(source);
  assertThrows(() => reactor.turn(0), Error, "a settle fails");
  assertEquals([sources[0].settled, sources[2].settled], [1, 1]);
  assertFalse(reactor.hasWork);
  reactor.dispose();
});

testBoth("stamps tell submissions apart, onWork tells of the first thing to do", (lib) => {
  withStream(lib, ({ reactor, server, token }) => {
    reactor.turn(0);
    let works = 0;
    reactor.onWork = () => works++;
    const before = reactor.stamp;
    queueText(reactor, server, token, pattern(1));
    queueText(reactor, server, token, pattern(1));
    reactor.queue(OP_MODIFY, server, token, READABLE, KIND_STREAM);
    assertEquals([reactor.stamp, works], [before, 1]);
    reactor.flush();
    assertNotEquals(reactor.stamp, before);
    reactor.queue(OP_MODIFY, server, token, READABLE, KIND_STREAM);
    assertEquals(works, 2);
    reactor.onWork = undefined;
  });
});

testBoth("dispose carries out what is queued", (lib) => {
  const { client, server } = connected(lib);
  const reactor = new Reactor(lib);
  const token = reactor.add(new Recorder(), server, READABLE, KIND_STREAM);
  reactor.turn(0);
  queueText(reactor, server, token, pattern(8));
  reactor.close(token, server);
  reactor.dispose();
  assertEquals(receive(lib, client), pattern(8));
  assertEquals(receive(lib, client).length, 0);
  ok(lib.close(client));
});

testBoth("a would-block is a value", () => {
  assert(Reactor.isWouldBlock(-errno("EAGAIN")));
  assertFalse(Reactor.isWouldBlock(-errno("EPIPE")) || Reactor.isWouldBlock(0) || Reactor.isWouldBlock(11));
});
