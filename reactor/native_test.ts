/** The twin must be what the operating system is: the functions of `Native` themselves, on both. */
import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  ADDRESS_BYTES,
  KIND_READINESS,
  LEVEL,
  LISTEN_REUSE_PORT,
  OP_SEND,
  OPTION_KEEP_ALIVE,
  OPTION_LINGER,
  OPTION_NO_DELAY,
  OPTION_RECEIVE_BUFFER,
  OPTION_SEND_BUFFER,
  OUTPUT_BYTES,
  READABLE,
  SUBMIT_ONLY,
} from "../ffi/abi.ts";
import { EAGAIN, errno } from "../ffi/errno.ts";
import { native } from "../ffi/load.ts";
import { requireNative, testIf } from "../tests/support/skip.ts";
import {
  acceptOne,
  connected,
  listen,
  loopback,
  ok,
  pattern,
  receive,
  testBoth,
  untilReadable,
} from "./support_test.ts";
import { TurnMemory } from "./turn_memory.ts";

const BAD = 99_999;

testBoth("liveHandles counts what is open", (lib) => {
  const before = lib.liveHandles();
  const fds = [lib.selectorOpen(), lib.wakerOpen(), listen(lib).fd];
  assertEquals(lib.liveHandles(), before + 3);
  const { client, server } = connected(lib);
  assertEquals(lib.liveHandles(), before + 5);
  for (const fd of [...fds, client, server]) ok(lib.close(fd));
  assertEquals(lib.liveHandles(), before);
});

testIf(requireNative(), "closing what is not open is said, and not counted", () => {
  const lib = native();
  const before = lib.liveHandles();
  assertEquals([lib.close(BAD), lib.close(-1)], [-errno("EBADF"), -errno("EBADF")]);
  assertEquals(lib.liveHandles(), before);
});

testBoth("bytes arrive as they were sent, in both directions", (lib) => {
  const { client, server } = connected(lib);
  const sent = pattern(5000);
  assertEquals(lib.send(client, sent, 100, 4900), 4900);
  assertEquals(receive(lib, server), sent.subarray(100));
  assertEquals(lib.send(server, sent, 0, 3), 3);
  const into = new Uint8Array(10);
  untilReadable(lib, client);
  assertEquals(lib.receive(client, into, 2, 8), 3);
  assertEquals([...into], [0, 0, ...sent.subarray(0, 3), 0, 0, 0, 0, 0]);
  ok(lib.close(client));
  ok(lib.close(server));
});

testBoth("nothing there is would-block, a full pipe is a short send and then would-block", (lib) => {
  const { client, server } = connected(lib);
  assertEquals(lib.receive(server, new Uint8Array(8), 0, 8), -EAGAIN);
  const chunk = new Uint8Array(1 << 20);
  let total = 0;
  let result = 0;
  while ((result = lib.send(client, chunk, 0, chunk.length)) >= 0) total += result;
  assertEquals(result, -EAGAIN);
  assert(total > 0);
  let received = 0;
  while (received < total) received += receive(lib, server).length;
  assertEquals(received, total);
  ok(lib.close(client));
  ok(lib.close(server));
});

testBoth("no listener: the connection is refused, and says so once", (lib) => {
  const listener = listen(lib);
  ok(lib.close(listener.fd));
  const client = lib.tcpConnect(listener.address);
  if (client === -errno("ECONNREFUSED")) return;
  ok(client);
  untilReadable(lib, client);
  assertEquals(lib.socketError(client), -errno("ECONNREFUSED"));
  assertEquals(lib.socketError(client), 0);
  ok(lib.close(client));
});

testBoth("a port that is taken, and one that is shared", (lib) => {
  const first = listen(lib);
  assertEquals(lib.tcpListen(first.address, 1, 0), -errno("EADDRINUSE"));
  assertEquals(lib.tcpListen(first.address, 1, LISTEN_REUSE_PORT), -errno("EADDRINUSE"));
  ok(lib.close(first.fd));
  const shared = ok(lib.tcpListen(loopback(), 1, LISTEN_REUSE_PORT));
  const address = loopback();
  ok(lib.localAddress(shared, address));
  const other = ok(lib.tcpListen(address, 1, LISTEN_REUSE_PORT));
  ok(lib.close(shared));
  ok(lib.close(other));
});

testBoth("addresses of both ends", (lib) => {
  const listener = listen(lib);
  assertNotEquals(listener.address[2] << 8 | listener.address[3], 0);
  const client = ok(lib.tcpConnect(listener.address));
  const server = acceptOne(lib, listener.fd);
  const read = (call: "localAddress" | "peerAddress", fd: number) => {
    const bytes = new Uint8Array(ADDRESS_BYTES).fill(0xaa);
    ok(lib[call](fd, bytes));
    return bytes;
  };
  assertEquals(read("peerAddress", client), listener.address);
  assertEquals(read("localAddress", server), listener.address);
  assertEquals(read("localAddress", client), read("peerAddress", server));
  assertEquals([...read("localAddress", client).subarray(8, 12)], [127, 0, 0, 1]);
  for (const fd of [client, server, listener.fd]) ok(lib.close(fd));
});

testBoth("a family that is neither 4 nor 6", (lib) => {
  const address = loopback();
  address[0] = 5;
  assertEquals(lib.tcpListen(address, 1, 0), -errno("EAFNOSUPPORT"));
  assertEquals(lib.tcpConnect(address), -errno("EAFNOSUPPORT"));
});

testBoth("half-close: the end comes after the data, the other direction goes on", (lib) => {
  const { client, server } = connected(lib);
  assertEquals(lib.send(client, pattern(3), 0, 3), 3);
  assertEquals(lib.shutdown(client, 1), 0);
  assertEquals(receive(lib, server).length, 3);
  untilReadable(lib, server);
  assertEquals(lib.receive(server, new Uint8Array(8), 0, 8), 0);
  assertEquals(lib.receive(server, new Uint8Array(8), 0, 8), 0);
  assertEquals(lib.send(server, pattern(5), 0, 5), 5);
  assertEquals(receive(lib, client).length, 5);
  assertEquals(lib.send(client, pattern(1), 0, 1), -errno("EPIPE"));
  assertEquals(lib.shutdown(client, 3), -errno("EINVAL"));
  ok(lib.close(client));
  ok(lib.close(server));
});

testBoth("reading can be ended on this side alone", (lib) => {
  const { client, server } = connected(lib);
  assertEquals(lib.shutdown(server, 0), 0);
  assertEquals(lib.receive(server, new Uint8Array(8), 0, 8), 0);
  assertEquals(lib.send(server, pattern(2), 0, 2), 2);
  assertEquals(receive(lib, client).length, 2);
  ok(lib.close(client));
  ok(lib.close(server));
});

for (const [why, before] of [["linger 0", true], ["unread bytes", false]] as const) {
  testBoth(`closing with ${why} is a reset for the peer, reported once`, (lib) => {
    const { client, server } = connected(lib);
    if (before) {
      ok(lib.setOption(server, OPTION_LINGER, 0));
    } else {
      lib.send(client, pattern(10), 0, 10);
      untilReadable(lib, server);
    }
    ok(lib.close(server));
    untilReadable(lib, client);
    assertEquals(lib.receive(client, new Uint8Array(8), 0, 8), -errno("ECONNRESET"));
    assertEquals(lib.receive(client, new Uint8Array(8), 0, 8), 0);
    assertEquals(lib.send(client, pattern(1), 0, 1), -errno("EPIPE"));
    ok(lib.close(client));
  });
}

testBoth("sending to a peer that is gone: taken once, then broken", (lib) => {
  const { client, server } = connected(lib);
  ok(lib.close(server));
  untilReadable(lib, client);
  assertEquals(lib.send(client, pattern(4), 0, 4), 4);
  for (let tries = 0; tries < 1000; tries++) {
    const result = lib.send(client, pattern(4), 0, 4);
    if (result === 4) continue;
    assertEquals(result, -errno("EPIPE"));
    break;
  }
  ok(lib.close(client));
});

testBoth("a listener that closes resets those whom nobody accepted", (lib) => {
  const listener = listen(lib);
  const client = ok(lib.tcpConnect(listener.address));
  ok(lib.close(listener.fd));
  untilReadable(lib, client);
  const result = lib.receive(client, new Uint8Array(8), 0, 8);
  assert(result === -errno("ECONNRESET") || result === -errno("ECONNREFUSED"), `${result}`);
  ok(lib.close(client));
});

testBoth("options are taken, unknown ones refused", (lib) => {
  const { client, server } = connected(lib);
  for (
    const [option, value] of [
      [OPTION_NO_DELAY, 0],
      [OPTION_NO_DELAY, 1],
      [OPTION_KEEP_ALIVE, 30],
      [OPTION_KEEP_ALIVE, 0],
      [OPTION_RECEIVE_BUFFER, 65_536],
      [OPTION_SEND_BUFFER, 65_536],
      [OPTION_LINGER, 5],
      [OPTION_LINGER, -1],
    ]
  ) {
    assertEquals(lib.setOption(client, option, value), 0, `option ${option}`);
  }
  assertEquals(lib.setOption(client, 99, 1), -errno("EINVAL"));
  ok(lib.close(client));
  ok(lib.close(server));
});

testBoth("the limit of descriptors is a positive number", (lib) => {
  assert(lib.raiseDescriptorLimit() > 16);
});

testBoth("the interest list: known, unknown, twice, itself", (lib) => {
  const selector = ok(lib.selectorOpen());
  const waker = ok(lib.wakerOpen());
  const change = (call: "selectorAdd" | "selectorModify", fd: number) =>
    lib[call](selector, fd, 1, READABLE, 0);
  assertEquals(change("selectorModify", waker), -errno("ENOENT"));
  assertEquals(lib.selectorRemove(selector, waker), -errno("ENOENT"));
  assertEquals(change("selectorAdd", waker), 0);
  assertEquals(change("selectorAdd", waker), -errno("EEXIST"));
  assertEquals(change("selectorModify", waker), 0);
  assertEquals(lib.selectorRemove(selector, waker), 0);
  assertEquals(change("selectorAdd", selector), -errno("EINVAL"));
  ok(lib.close(waker));
  ok(lib.close(selector));
});

testBoth("park: nothing, a wake, a selector that is level-triggered", async (lib) => {
  const selector = ok(lib.selectorOpen());
  const waker = ok(lib.wakerOpen());
  ok(lib.selectorAdd(selector, waker, 1, READABLE | LEVEL, KIND_READINESS));
  assertEquals(await lib.park(selector, 0), 0);
  const parked = lib.park(selector, -1);
  ok(lib.wake(waker));
  assertEquals(await parked, 1);
  // It does not take what it reports.
  assertEquals(await lib.park(selector, -1), 1);
  ok(lib.close(waker));
  assertEquals(await lib.park(selector, 0), 0);
  ok(lib.close(selector));
});

Deno.test("a descriptor that is not open: EBADF everywhere, and noted as misuse", async () => {
  const { ScriptedNative } = await import("./scripted.ts");
  const lib = new ScriptedNative();
  const bytes = new Uint8Array(ADDRESS_BYTES);
  const selector = lib.selectorOpen();
  const results = [
    lib.accept(BAD),
    lib.receive(BAD, bytes, 0, 1),
    lib.send(BAD, bytes, 0, 1),
    lib.shutdown(BAD, 1),
    lib.close(BAD),
    lib.socketError(BAD),
    lib.localAddress(BAD, bytes),
    lib.peerAddress(BAD, bytes),
    lib.setOption(BAD, OPTION_NO_DELAY, 1),
    lib.wake(BAD),
    lib.selectorAdd(selector, BAD, 0, 1, 0),
    lib.selectorModify(selector, BAD, 0, 1, 0),
    lib.selectorRemove(selector, BAD),
    await lib.park(BAD, 0),
  ];
  assertEquals(results, results.map(() => -errno("EBADF")));
  assertEquals(lib.misuses.length, results.length);
  lib.close(selector);
});

testIf(requireNative(), "lengths and offsets that no buffer has are refused by the library itself", () => {
  const lib = native();
  const { client, server } = connected(lib);
  const bytes = new Uint8Array(8);
  for (const [at, length] of [[-1, 4], [0, -4], [4, -1]]) {
    assertEquals(lib.send(client, bytes, at, length), -errno("EINVAL"));
    assertEquals(lib.receive(server, bytes, at, length), -errno("EINVAL"));
  }
  const memory = new TurnMemory();
  const selector = ok(lib.selectorOpen());
  for (const [a, b] of [[-1, 4], [0, -1], [OUTPUT_BYTES - 3, 4], [0x7fffffff, 0x7fffffff]]) {
    memory.push(OP_SEND, client, 7, a, b);
    assertEquals(lib.turn(selector, memory.block, 1, bytes, 0, 8, SUBMIT_ONLY), 1);
    assertEquals([...memory.completions.subarray(0, 3)], [7, OP_SEND, -errno("EINVAL")]);
    memory.clear();
  }
  for (const [at, end] of [[-1, 8], [8, 0]]) {
    assertEquals(lib.turn(selector, memory.block, 0, bytes, at, end, 0), -errno("EINVAL"));
  }
  for (const fd of [client, server, selector]) ok(lib.close(fd));
});
