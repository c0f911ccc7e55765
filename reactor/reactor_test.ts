import { assert, assertEquals, assertGreater, assertNotEquals } from "@std/assert";
import {
  FLAG_MORE,
  FLAG_REPORT,
  KIND_LISTENER,
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
import type { Bytes } from "../ffi/native.ts";
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
  withStream,
} from "./support_test.ts";

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
