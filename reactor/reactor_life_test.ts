/** Who lives how long: closing, waking, parking, deferring, and sources that fail. */
import { assert, assertEquals, assertFalse, assertNotEquals, assertThrows } from "@std/assert";
import {
  KIND_LISTENER,
  KIND_READINESS,
  KIND_STREAM,
  OP_ACCEPT,
  OP_ADD,
  OP_MODIFY,
  OP_READY,
  OP_RECEIVE,
  READABLE,
} from "../ffi/abi.ts";
import { errno } from "../ffi/errno.ts";
import { Reactor } from "./reactor.ts";
import {
  connected,
  listen,
  ok,
  pattern,
  queueText,
  receive,
  Recorder,
  testBoth,
  turnUntil,
  untilReadable,
  withStream,
} from "./support_test.ts";

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
