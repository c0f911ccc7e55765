/**
 * What the tests of this folder share: every case runs on the operating system and on its scripted twin.
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { ADDRESS_BYTES, KIND_READINESS, KIND_STREAM, READABLE } from "../ffi/abi.ts";
import { EAGAIN } from "../ffi/errno.ts";
import { native } from "../ffi/load.ts";
import type { Bytes, Native } from "../ffi/native.ts";
import { requireNative, testIf } from "../tests/support/skip.ts";
import { Reactor } from "./reactor.ts";
import { ScriptedNative } from "./scripted.ts";
import type { Source } from "./source.ts";

const reason = requireNative();
// Opened here, outside of any test: it stays open as long as the process, which is no leak of a test.
if (reason === undefined) native();

/** Room in one direction of a scripted connection, as large as the system's. */
export const CAPACITY: number = 1 << 20;

/** Run `body` on both; each time no descriptor may be left, and none used after it was closed. */
export function testBoth(name: string, body: (native: Native) => void | Promise<void>): void {
  Deno.test(`${name} (scripted)`, async () => {
    const scripted = new ScriptedNative({ capacity: CAPACITY });
    await body(scripted);
    assertEquals(scripted.misuses, []);
    assertEquals(scripted.liveHandles(), 0, "descriptors leaked");
  });
  testIf(reason, `${name} (native)`, async () => {
    const before = native().liveHandles();
    await body(native());
    assertEquals(native().liveHandles(), before, "descriptors leaked");
  });
}

/** 127.0.0.1 with a port, as it crosses the border. */
export function loopback(port = 0): Bytes {
  const bytes = new Uint8Array(ADDRESS_BYTES);
  bytes.set([4, 0, port >> 8, port & 0xff, 0, 0, 0, 0, 127, 0, 0, 1]);
  return bytes;
}

/** Pass a result on that must not be an error. */
export function ok(result: number): number {
  assert(result >= 0, `a call failed with ${result}`);
  return result;
}

/** A listener on a port of its own, and its address. */
export function listen(lib: Native, receiveBuffer?: number): { fd: number; address: Bytes } {
  const fd = ok(lib.tcpListen(loopback(), 128, 0));
  if (receiveBuffer !== undefined) ok(lib.setOption(fd, 3, receiveBuffer));
  const address = loopback();
  ok(lib.localAddress(fd, address));
  return { fd, address };
}

/** Accept one connection that is on its way. */
export function acceptOne(lib: Native, listener: number): number {
  for (let tries = 0; tries < 100_000; tries++) {
    const fd = lib.accept(listener);
    if (fd !== -EAGAIN) return ok(fd);
  }
  throw new Error("no connection came");
}

/** Two ends of one connection. */
export function connected(lib: Native, receiveBuffer?: number): { client: number; server: number } {
  const listener = listen(lib, receiveBuffer);
  const client = ok(lib.tcpConnect(listener.address));
  const server = acceptOne(lib, listener.fd);
  ok(lib.close(listener.fd));
  return { client, server };
}

/** Wait, blocking, until the descriptor is readable: what was sent may need a moment. */
export function untilReadable(lib: Native, fd: number): void {
  const selector = ok(lib.selectorOpen());
  ok(lib.selectorAdd(selector, fd, 0, READABLE | 4, KIND_READINESS));
  ok(lib.turn(selector, new Uint8Array(600 * 1024), 0, new Uint8Array(0), 0, 0, 2_000_000));
  ok(lib.close(selector));
}

/** Receive exactly what there is up to `length`. */
export function receive(lib: Native, fd: number, length = 65_536): Bytes {
  const bytes = new Uint8Array(length);
  untilReadable(lib, fd);
  return bytes.subarray(0, ok(lib.receive(fd, bytes, 0, length)));
}

/** One completion as it reached a source. */
export interface Seen {
  operation: number;
  result: number;
  flags: number;
  at: number;
}

/** Writes down what it is told, and calls `then`. */
export class Recorder implements Source {
  readonly seen: Seen[] = [];
  settled = 0;
  then: (seen: Seen) => void = () => {};

  complete(operation: number, result: number, flags: number, at: number): void {
    const seen = { operation, result, flags, at };
    this.seen.push(seen);
    this.then(seen);
  }

  settle(): void {
    this.settled++;
  }

  /** Results of one operation, in order. */
  results(operation: number): number[] {
    return this.seen.filter((seen) => seen.operation === operation).map((seen) => seen.result);
  }
}

/** Take turns until `done`; gives up after 40 turns, of 50 ms at most, in which nothing happened. */
export function turnUntil(reactor: Reactor, done: () => boolean): void {
  for (let idle = 0; !done();) {
    assert(idle < 40, "it did not happen");
    if (reactor.turn(50_000) === 0) idle++;
  }
}

/** `length` bytes that tell where they belong. */
export function pattern(length: number, seed = 0): Bytes {
  return new Uint8Array(length).map((_, index) => index * 31 + seed * 7 + (index >> 8) & 0xff);
}

/** A reactor with one end of a connection on it; the other end is the test's. */
export interface Rig {
  readonly lib: Native;
  readonly reactor: Reactor;
  readonly client: number;
  readonly server: number;
  readonly source: Recorder;
  readonly token: number;
}

/** Run `body` with such a rig, and close what is left of it. */
export function withStream(lib: Native, body: (rig: Rig) => void, receiveBuffer?: number): void {
  const reactor = new Reactor(lib);
  const { client, server } = connected(lib, receiveBuffer);
  const source = new Recorder();
  const token = reactor.add(source, server, READABLE, KIND_STREAM);
  body({ lib, reactor, client, server, source, token });
  if (reactor.size > 0) reactor.close(token, server);
  reactor.dispose();
  ok(lib.close(client));
}

/** Queue a send of `bytes`, as sockets do. */
export function queueText(reactor: Reactor, fd: number, token: number, bytes: Bytes, flags = 0): void {
  reactor.reserve(bytes.length);
  const from = reactor.outputAt;
  reactor.output.set(bytes, from);
  reactor.queueSend(fd, token, from, from + bytes.length, flags);
}
