/** The faults of the twin, each by itself; that it behaves like the system without any is in native_test.ts. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import {
  KIND_LISTENER,
  KIND_READINESS,
  KIND_STREAM,
  LEVEL,
  LISTEN_REUSE_PORT,
  LISTEN_V6_ONLY,
  OP_ACCEPT,
  OP_RECEIVE,
  OPTION_RECEIVE_BUFFER,
  READABLE,
  WRITABLE,
} from "../ffi/abi.ts";
import { EAGAIN, errno } from "../ffi/errno.ts";
import { Events } from "./event.ts";
import { Reactor } from "./reactor.ts";
import { ScriptedNative } from "./scripted.ts";
import type { ScriptedOptions } from "./scripted_faults.ts";
import { Selector } from "./selector.ts";
import { listen, loopback, ok, pattern, Recorder, turnUntil } from "./support_test.ts";

const scratch = (): Uint8Array<ArrayBuffer> => new Uint8Array(1000);

/** A reactor that receives at one end of a pair; the results of the receives, and all bytes. */
function receiving(options: ScriptedOptions) {
  const native = new ScriptedNative(options);
  const reactor = new Reactor(native);
  const [client, server] = native.pair();
  const source = new Recorder();
  const token = reactor.add(source, server, READABLE, KIND_STREAM);
  const bytes: number[] = [];
  source.then = ({ result, flags, at }) => {
    if (result > 0) bytes.push(...reactor.input.subarray(at, at + result));
    if (flags !== 0) reactor.queueReceive(server, token);
  };
  reactor.turn(0);
  const end = () => {
    reactor.close(token, server);
    reactor.dispose();
    native.close(client);
    assertEquals([native.liveHandles(), native.misuses], [0, []]);
  };
  return { native, reactor, client, server, source, bytes, end };
}

Deno.test("maxReceive: bytes one by one, each in a turn of its own, none lost under edge triggering", () => {
  const { native, reactor, client, source, bytes, end } = receiving({ maxReceive: 1 });
  native.send(client, pattern(40), 0, 40);
  turnUntil(reactor, () => bytes.length === 40);
  assertEquals(bytes, [...pattern(40)]);
  assertEquals(source.results(OP_RECEIVE), new Array(40).fill(1));
  native.shutdown(client, 1);
  turnUntil(reactor, () => source.results(OP_RECEIVE).includes(0));
  end();
});

Deno.test("maxSend: short writes, and room again in the next turn", () => {
  const native = new ScriptedNative({ maxSend: 3 });
  using selector = new Selector(native);
  const [client, server] = native.pair();
  selector.register(client, 1, WRITABLE);
  const events = new Events();
  assertEquals(selector.select(events, 0), 1);
  let sent = 0;
  while (sent < 20) {
    const count = ok(native.send(client, pattern(20), sent, 20 - sent));
    assert(count > 0 && count <= 3);
    sent += count;
    if (sent < 20) assertEquals(selector.select(events, 0), 1, `after ${sent}`);
  }
  assertEquals(native.receive(server, scratch(), 0, 1000), 20);
  native.close(client);
  native.close(server);
});

Deno.test("wouldBlockEvery: readiness that turns out to be none, and comes again", () => {
  let blocked = 0;
  for (const wouldBlockEvery of [2, 3, 5]) {
    const { native, reactor, client, source, bytes, end } = receiving({ wouldBlockEvery });
    let sent = 0;
    for (let turns = 0; turns < 100; turns++) {
      if (sent < 30) sent += Math.max(native.send(client, pattern(30), sent, 5), 0);
      reactor.turn(0);
    }
    assertEquals(bytes, [...pattern(30)], `every ${wouldBlockEvery}`);
    blocked += source.results(OP_RECEIVE).filter((result) => result === -EAGAIN).length;
    end();
  }
  assert(blocked > 0);
});

Deno.test("wouldBlockEvery: an accept that would block is tried again", () => {
  const native = new ScriptedNative({ wouldBlockEvery: 1 });
  const reactor = new Reactor(native);
  const { fd, address } = listen(native);
  const source = new Recorder();
  const token = reactor.add(source, fd, READABLE, KIND_LISTENER);
  const client = native.tcpConnect(address);
  reactor.turn(0);
  assertEquals(source.seen, []);
  native.faults.wouldBlockEvery = 0;
  reactor.turn(0);
  const [accepted] = source.results(OP_ACCEPT);
  reactor.close(token, fd);
  reactor.dispose();
  [client, accepted].forEach((handle) => ok(native.close(handle)));
});

Deno.test("spuriousEvery: everything is reported although nothing is there", () => {
  const { native, reactor, source, end } = receiving({});
  native.faults.spuriousEvery = 1;
  assertEquals(reactor.turn(0) > 0, true);
  assertEquals(source.results(OP_RECEIVE), [-EAGAIN]);
  native.faults.spuriousEvery = 0;
  assertEquals(reactor.turn(0), 0);
  end();
});

Deno.test("interruptEvery: a turn that ends with nothing; what was ready is still there in the next", () => {
  const { native, reactor, client, bytes, end } = receiving({});
  native.faults.interruptEvery = 1;
  native.send(client, pattern(4), 0, 4);
  assertEquals(reactor.turn(-1), 0);
  native.faults.interruptEvery = 0;
  assertEquals(reactor.turn(0), 1);
  assertEquals(bytes, [...pattern(4)]);
  end();
});

Deno.test("delayTurns: bytes and ends arrive some turns later, in order, also when the delay shrinks", () => {
  const { native, reactor, client, source, bytes, end } = receiving({ delayTurns: 3 });
  native.send(client, pattern(4), 0, 4);
  native.faults.delayTurns = 0;
  native.send(client, pattern(8), 4, 4);
  native.shutdown(client, 1);
  assertEquals([reactor.turn(0), reactor.turn(0), bytes], [0, 0, []]);
  reactor.turn(0);
  assertEquals(bytes, [...pattern(8)]);
  turnUntil(reactor, () => source.results(OP_RECEIVE).includes(0));
  end();
});

Deno.test("delayTurns: a wait and a park last until what is on its way arrives", async () => {
  const { native, reactor, client, bytes, end } = receiving({ delayTurns: 5 });
  native.send(client, pattern(4), 0, 4);
  assertEquals([reactor.turn(-1), bytes.length], [1, 4]);
  native.send(client, pattern(4), 0, 4);
  assertEquals(await reactor.park(-1), 1);
  reactor.turn(0);
  const parked = reactor.park(-1);
  native.send(client, pattern(4), 0, 4);
  assertEquals(await parked, 1);
  reactor.turn(0);
  assertEquals(bytes.length, 12);
  end();
});

Deno.test("delayTurns: connecting takes turns, too; pass lets them go by", () => {
  const native = new ScriptedNative({ delayTurns: 2 });
  const { fd, address } = listen(native);
  const client = native.tcpConnect(address);
  assertEquals(native.accept(fd), -EAGAIN);
  assertEquals(native.send(client, pattern(1), 0, 1), -EAGAIN);
  assertEquals(native.peerAddress(client, scratch()), -errno("ENOTCONN"));
  native.pass(2);
  const server = ok(native.accept(fd));
  assertEquals(native.send(client, pattern(1), 0, 1), 1);
  [client, server, fd].forEach((handle) => ok(native.close(handle)));
});

Deno.test("resetAfter: the connection breaks at byte n, for both, and what came before was received", () => {
  for (const at of [0, 1, 7]) {
    const native = new ScriptedNative();
    const [client, server] = native.pair();
    native.resetAfter(server, at);
    if (at > 0) {
      assertEquals(native.send(client, pattern(10), 0, 10), 10);
      assertEquals(native.receive(server, scratch(), 0, 1000), at);
    }
    for (const fd of [server, client]) {
      assertEquals(native.receive(fd, scratch(), 0, 1000), -errno("ECONNRESET"));
      assertEquals(native.receive(fd, scratch(), 0, 1000), 0);
      assertEquals(native.send(fd, scratch(), 0, 1), -errno("EPIPE"));
      ok(native.close(fd));
    }
  }
  assertThrows(() => new ScriptedNative().resetAfter(3, 1), RangeError, '"3"');
});

Deno.test("maxHandles: EMFILE for opening and for accepting; the connection waits", () => {
  const native = new ScriptedNative();
  const reactor = new Reactor(native);
  const { fd, address } = listen(native);
  const source = new Recorder();
  const token = reactor.add(source, fd, READABLE | LEVEL, KIND_LISTENER);
  const client = native.tcpConnect(address);
  native.faults.maxHandles = native.liveHandles();
  for (const result of [native.selectorOpen(), native.wakerOpen(), native.tcpConnect(address)]) {
    assertEquals(result, -errno("EMFILE"));
  }
  assertEquals(native.tcpListen(loopback(), 1, 0), -errno("EMFILE"));
  assertThrows(() => new Reactor(native), Error, "EMFILE");
  reactor.turn(0);
  assertEquals(source.results(OP_ACCEPT), [-errno("EMFILE")]);
  native.faults.maxHandles = Infinity;
  reactor.turn(0);
  const accepted = source.results(OP_ACCEPT)[1];
  reactor.close(token, fd);
  reactor.dispose();
  [client, accepted].forEach((handle) => ok(native.close(handle)));
  assertEquals(native.liveHandles(), 0);
});

Deno.test("a reactor that cannot have its waker closes its selector again", () => {
  const native = new ScriptedNative({ maxHandles: 1 });
  assertThrows(() => new Reactor(native), Error, "EMFILE");
  assertEquals(native.liveHandles(), 0);
});

Deno.test("capacity: what one direction holds; it can be changed for an end", () => {
  const native = new ScriptedNative({ capacity: 10 });
  const [client, server] = native.pair();
  assertEquals(native.send(client, scratch(), 0, 1000), 10);
  assertEquals(native.send(client, scratch(), 0, 1000), -EAGAIN);
  native.setOption(client, OPTION_RECEIVE_BUFFER, 4);
  assertEquals(native.send(server, scratch(), 0, 1000), 4);
  [client, server].forEach((handle) => ok(native.close(handle)));
});

Deno.test("virtual time: a wait that nothing ends is over at once and reports its length", () => {
  const waited: number[] = [];
  const native = new ScriptedNative({ onWait: (ms) => waited.push(ms) });
  using selector = new Selector(native);
  assertEquals(selector.select(new Events(), 60_000), 0);
  assertEquals(selector.select(new Events(), 0), 0);
  assertEquals(selector.select(new Events(), 0.3), 0);
  assertEquals(selector.select(new Events(), 0.0001), 0);
  assertEquals(waited, [60_000, 0.3, 0.001]);
  assertThrows(() => selector.select(new Events(), -1), Error, "wait for ever");
});

Deno.test("virtual time: a park ends when elapse has come to its timeout", async () => {
  const native = new ScriptedNative();
  const reactor = new Reactor(native);
  let ended: number | undefined;
  const parked = reactor.park(100).then((result) => ended = result);
  native.elapse(99);
  await Promise.resolve();
  assertEquals(ended, undefined);
  native.elapse(1);
  assertEquals(await parked, 0);
  reactor.dispose();
});

Deno.test("host time: waits and parks last as long as they say", async () => {
  const native = new ScriptedNative({ hostTime: true });
  const reactor = new Reactor(native);
  const before = performance.now();
  assertEquals(reactor.turn(5000), 0);
  assert(performance.now() - before >= 4.9);
  assertEquals(await reactor.park(5), 0);
  assert(performance.now() - before >= 9);
  const parked = reactor.park(60_000);
  reactor.wake();
  assertEquals(await parked, 1);
  reactor.dispose();
});

Deno.test("descriptors: the lowest free one; closing ends their watches; misuse is written down", () => {
  const native = new ScriptedNative();
  const [client, server] = native.pair();
  assertEquals([client, server], [3, 4]);
  const selector = native.selectorOpen();
  native.selectorAdd(selector, client, 1, READABLE, KIND_READINESS);
  ok(native.close(client));
  assertEquals(native.wakerOpen(), 3);
  assertEquals(native.selectorAdd(selector, 3, 2, READABLE, KIND_READINESS), 0);
  assertEquals(native.misuses, []);
  [3, server, selector].forEach((handle) => ok(native.close(handle)));
  native.close(server);
  assertEquals(native.misuses, [`close(${server})`]);
});

Deno.test("listeners: every address, IPv4 through IPv6, shared ports in turn", () => {
  const native = new ScriptedNative();
  const at = (family: 4 | 6, port: number, any = false) => {
    const bytes = loopback(port);
    bytes[0] = family;
    if (any) bytes.fill(0, 8);
    return bytes;
  };
  const any = native.tcpListen(at(4, 80, true), 1, 0);
  const both = native.tcpListen(at(6, 81, true), 1, 0);
  const six = native.tcpListen(at(6, 82, true), 1, LISTEN_V6_ONLY);
  const shared = [1, 2].map(() => native.tcpListen(at(4, 83), 1, LISTEN_REUSE_PORT));
  const reaches = (family: 4 | 6, port: number): number[] => {
    const client = native.tcpConnect(at(family, port));
    const accepted = [any, both, six, ...shared].map((listener) => native.accept(listener));
    native.close(client);
    accepted.filter((fd) => fd >= 0).forEach((fd) => native.close(fd));
    return accepted.flatMap((fd, index) => fd >= 0 ? [index] : []);
  };
  assertEquals([reaches(4, 80), reaches(6, 80), reaches(4, 81), reaches(6, 81)], [[0], [], [1], [1]]);
  assertEquals([reaches(4, 82), reaches(6, 82)], [[], [2]]);
  assertEquals(new Set([...reaches(4, 83), ...reaches(4, 83)]), new Set([3, 4]));
  [any, both, six, ...shared].forEach((handle) => ok(native.close(handle)));
});

Deno.test("two runs of the same script are the same", () => {
  const run = () => {
    const { native, reactor, client, source, end } = receiving({
      maxReceive: 3,
      maxSend: 7,
      wouldBlockEvery: 4,
      spuriousEvery: 5,
      interruptEvery: 7,
      delayTurns: 2,
    });
    let sent = 0;
    for (let turns = 0; turns < 200; turns++) {
      if (sent < 100) sent += Math.max(native.send(client, pattern(100), sent, 100 - sent), 0);
      reactor.turn(0);
    }
    assertEquals(sent, 100);
    end();
    return source.seen;
  };
  const [first, second] = [run(), run()];
  assertEquals(first, second);
  assertEquals(first.reduce((sum, { result }) => sum + Math.max(result, 0), 0), 100);
});
