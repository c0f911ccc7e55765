import { assert, assertEquals, assertFalse, assertGreaterOrEqual, assertThrows } from "@std/assert";
import { IoError } from "../ffi/errors.ts";
import type { Native } from "../ffi/native.ts";
import { type Event, Events } from "./event.ts";
import { Interest } from "./interest.ts";
import { Selector } from "./selector.ts";
import { connected, listen, ok, pattern, receive, testBoth } from "./support_test.ts";

const { READABLE, WRITABLE, LEVEL } = Interest;

function select(selector: Selector, timeoutMs = 0): Event[] {
  const events = new Events();
  assertEquals(selector.select(events, timeoutMs), events.length);
  return [...events];
}

/** A selector and both ends of a connection; closes all of it. */
function withPair(
  lib: Native,
  body: (selector: Selector, client: number, server: number) => void,
): void {
  using selector = new Selector(lib);
  const { client, server } = connected(lib);
  body(selector, client, server);
  ok(lib.close(client));
  ok(lib.close(server));
}

testBoth("nothing is ready: no event, at once", (lib) => {
  withPair(lib, (selector, _client, server) => {
    assertEquals(select(selector), []);
    selector.register(server, 1, READABLE);
    assertEquals(select(selector), []);
  });
});

testBoth("a timeout ends the wait, fractions of a millisecond count", (lib) => {
  using selector = new Selector(lib);
  const before = performance.now();
  assertEquals(select(selector, 0.3), []);
  assertEquals(select(selector, 12), []);
  if (lib.path !== "scripted") assertGreaterOrEqual(performance.now() - before, 12);
});

testBoth("a listener with a connection is readable", (lib) => {
  using selector = new Selector(lib);
  const { fd, address } = listen(lib);
  selector.register(fd, 42, READABLE);
  assertEquals(select(selector), []);
  const client = ok(lib.tcpConnect(address));
  const [event, ...others] = select(selector, 1000);
  assertEquals([event.token, event.readable, event.writable, others], [42, true, false, []]);
  const server = ok(lib.accept(fd));
  for (const handle of [client, server, fd]) ok(lib.close(handle));
});

testBoth("readable, writable: only what was asked for, both in one event", (lib) => {
  withPair(lib, (selector, client, server) => {
    selector.register(server, 1, READABLE | WRITABLE);
    const [first] = select(selector, 1000);
    assertEquals([first.readable, first.writable, first.readClosed, first.closed, first.error], [
      false,
      true,
      false,
      false,
      false,
    ]);
    lib.send(client, pattern(1), 0, 1);
    const [second] = select(selector, 1000);
    assertEquals([second.token, second.readable, second.writable], [1, true, true]);
    selector.register(client, 2, READABLE);
    assertEquals(select(selector), [], "there is room to write, but nobody asked");
  });
});

testBoth("edge: one event per change, not per look; new data is a change even unread", (lib) => {
  withPair(lib, (selector, client, server) => {
    selector.register(server, 1, READABLE);
    lib.send(client, pattern(3), 0, 3);
    assertEquals(select(selector, 1000).length, 1);
    assertEquals(select(selector), []);
    lib.send(client, pattern(3), 0, 3);
    assertEquals(select(selector, 1000).length, 1);
    assertEquals(select(selector), []);
    assertEquals(receive(lib, server).length, 6);
    assertEquals(select(selector), []);
  });
});

testBoth("level: as long as it lasts", (lib) => {
  withPair(lib, (selector, client, server) => {
    selector.register(server, 1, READABLE | LEVEL);
    lib.send(client, pattern(3), 0, 3);
    for (let look = 0; look < 3; look++) assertEquals(select(selector, 1000).length, 1);
    receive(lib, server);
    assertEquals(select(selector), []);
  });
});

testBoth("registering something that is ready already is an edge", (lib) => {
  withPair(lib, (selector, client, server) => {
    lib.send(client, pattern(1), 0, 1);
    receive(lib, server, 0 + 1);
    lib.send(client, pattern(1), 0, 1);
    selector.register(server, 1, READABLE);
    assertEquals(select(selector, 1000).map((event) => event.token), [1]);
  });
});

testBoth("reregister changes token and interest and reports anew what is so", (lib) => {
  withPair(lib, (selector, client, server) => {
    selector.register(server, 1, READABLE);
    lib.send(client, pattern(1), 0, 1);
    assertEquals(select(selector, 1000).map((event) => event.token), [1]);
    selector.reregister(server, 7, READABLE);
    assertEquals(select(selector, 1000).map((event) => event.token), [7]);
    selector.reregister(server, 8, WRITABLE);
    const [event] = select(selector, 1000);
    assertEquals([event.token, event.readable, event.writable], [8, false, true]);
  });
});

testBoth("deregister: no more events, register again works", (lib) => {
  withPair(lib, (selector, client, server) => {
    selector.register(server, 1, READABLE);
    lib.send(client, pattern(1), 0, 1);
    selector.deregister(server);
    assertEquals(select(selector), []);
    selector.register(server, 2, READABLE);
    assertEquals(select(selector, 1000).map((event) => event.token), [2]);
  });
});

testBoth("half-close is readClosed, and readable; the end of both is closed", (lib) => {
  withPair(lib, (selector, client, server) => {
    selector.register(server, 1, READABLE);
    lib.shutdown(client, 1);
    const [half] = select(selector, 1000);
    assertEquals([half.readClosed, half.readable, half.closed], [true, true, false]);
    lib.shutdown(server, 1);
    const [full] = select(selector, 1000);
    assertEquals([full.readClosed, full.closed], [true, true]);
  });
});

testBoth("a reset is an error, and the end of both directions", (lib) => {
  using selector = new Selector(lib);
  const { client, server } = connected(lib);
  selector.register(server, 1, WRITABLE | LEVEL);
  assertEquals(select(selector, 1000).map((event) => event.error), [false]);
  lib.setOption(client, 5, 0);
  ok(lib.close(client));
  const [event] = select(selector, 1000);
  assertEquals([event.error, event.closed, event.readClosed], [true, true, true]);
  ok(lib.close(server));
});

testBoth("a refused connection is reported to whoever waits for writing", (lib) => {
  using selector = new Selector(lib);
  const { fd, address } = listen(lib);
  ok(lib.close(fd));
  const client = lib.tcpConnect(address);
  if (client < 0) return;
  selector.register(client, 1, WRITABLE);
  const [event] = select(selector, 1000);
  assertEquals([event.writable, event.error, event.closed], [true, true, true]);
  ok(lib.close(client));
});

testBoth("room after a full pipe is an edge", (lib) => {
  withPair(lib, (selector, client, server) => {
    selector.register(client, 1, WRITABLE);
    const chunk = pattern(1 << 18);
    let total = 0;
    for (let count = 0; (count = lib.send(client, chunk, 0, chunk.length)) >= 0;) total += count;
    select(selector);
    assertEquals(select(selector), []);
    for (let taken = 0; taken < total;) taken += receive(lib, server).length;
    assertEquals(select(selector, 1000).map((event) => event.writable), [true]);
  });
});

testBoth("a descriptor that is closed reports no more, and its number may be registered again", (lib) => {
  using selector = new Selector(lib);
  const first = connected(lib);
  selector.register(first.server, 1, READABLE);
  lib.send(first.client, pattern(1), 0, 1);
  ok(lib.close(first.server));
  ok(lib.close(first.client));
  assertEquals(select(selector), []);
  const second = connected(lib);
  const reused = Math.min(second.client, second.server);
  assert([first.client, first.server].includes(reused), "descriptors are used again, the lowest first");
  const other = reused === second.client ? second.server : second.client;
  selector.register(reused, 2, READABLE);
  lib.send(other, pattern(1), 0, 1);
  assertEquals(select(selector, 1000).map((event) => event.token), [2]);
  ok(lib.close(second.client));
  ok(lib.close(second.server));
});

testBoth("many descriptors in one select, none twice, and those beyond the batch in the next", (lib) => {
  using selector = new Selector(lib);
  const pairs = Array.from({ length: 300 }, () => connected(lib));
  pairs.forEach(({ client, server }, token) => {
    selector.register(server, token, READABLE);
    lib.send(client, pattern(1), 0, 1);
  });
  const tokens: number[] = [];
  while (tokens.length < 300) {
    const events = select(selector, 1000);
    assert(events.length > 0, "an event was lost");
    tokens.push(...events.map((event) => event.token));
  }
  assertEquals(tokens.sort((a, b) => a - b), pairs.map((_, index) => index));
  for (const { client, server } of pairs) [client, server].forEach((fd) => ok(lib.close(fd)));
});

testBoth("a waker: before the select, several times, not at all, each with its token", (lib) => {
  using selector = new Selector(lib);
  const [one, two] = [selector.waker(7), selector.waker(8)];
  assertEquals(select(selector), []);
  one.wake();
  one.wake();
  assertEquals(select(selector, 1000).map((event) => [event.token, event.readable]), [[7, true]]);
  assertEquals(select(selector), []);
  two.wake();
  one.wake();
  assertEquals(select(selector, 1000).map((event) => event.token).sort(), [7, 8]);
  selector.close();
  one.wake();
});

testBoth("closing twice is closing once; a closed selector cannot be used", (lib) => {
  const selector = new Selector(lib);
  selector.waker(1);
  selector.close();
  selector.close();
  assertThrows(() => selector.select(new Events(), 0));
  if ("misuses" in lib) (lib.misuses as string[]).length = 0;
});

testBoth("arguments are checked", (lib) => {
  withPair(lib, (selector, _client, server) => {
    for (const token of [-1, 2 ** 30, 1.5, NaN]) {
      assertThrows(() => selector.register(server, token, READABLE), RangeError, `"${token}"`);
      assertThrows(() => selector.reregister(server, token, READABLE), RangeError, `"${token}"`);
      assertThrows(() => selector.waker(token), RangeError, `"${token}"`);
    }
    for (const interest of [0, LEVEL]) {
      assertThrows(() => selector.register(server, 1, interest), RangeError, "READABLE or WRITABLE");
    }
    const failed = (code: string, call: () => void) => {
      const error = assertThrows(call, IoError) as IoError;
      assertEquals([error.code, error.message.includes("descriptor")], [code, true]);
    };
    selector.register(server, 1, READABLE);
    failed("EEXIST", () => selector.register(server, 1, READABLE));
    selector.deregister(server);
    failed("ENOENT", () => selector.deregister(server));
    failed("ENOENT", () => selector.reregister(server, 1, READABLE));
    failed("EBADF", () => selector.register(99_999, 1, READABLE));
    if ("misuses" in lib) (lib.misuses as string[]).length = 0;
  });
});

testBoth("a NaN timeout is refused, it does not spin", (lib) => {
  using selector = new Selector(lib);
  assertThrows(() => selector.select(new Events(), NaN), RangeError, '"NaN"');
});

testBoth("the largest token comes back whole", (lib) => {
  withPair(lib, (selector, client, server) => {
    selector.register(server, 2 ** 30 - 1, READABLE);
    selector.register(client, 0, READABLE);
    lib.send(client, pattern(1), 0, 1);
    lib.send(server, pattern(1), 0, 1);
    assertEquals(select(selector, 1000).map((event) => event.token).sort(), [0, 2 ** 30 - 1]);
    assertFalse(select(selector).length > 0);
  });
});
