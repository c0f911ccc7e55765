/**
 * `ScriptedNative`: the operating system as a twin in memory, for tests. Reactor, selector, sockets and servers
 * run on it unchanged; every fault that a network can bring is a field.
 * @module
 */
import {
  ADDRESS_BYTES,
  LISTEN_REUSE_PORT,
  LISTEN_V6_ONLY,
  MAX_OPERATIONS,
  OPTION_KEEP_ALIVE,
  OPTION_LINGER,
  OPTION_NO_DELAY,
  OPTION_RECEIVE_BUFFER,
  OPTION_SEND_BUFFER,
  READABLE,
  SUBMIT_ONLY,
  WAIT_FOREVER,
  WRITABLE,
} from "../ffi/abi.ts";
import { EAGAIN, errno } from "../ffi/errno.ts";
import type { Bytes, Native } from "../ffi/native.ts";
import { type ScriptedFaults, scriptedFaults, type ScriptedOptions } from "./scripted_faults.ts";
import { type VirtualEvent, VirtualFile, VirtualSelector } from "./scripted_selector.ts";
import { VirtualListener, VirtualSocket, VirtualWaker } from "./scripted_socket.ts";
import { Transit } from "./scripted_transit.ts";
import { ScriptedTurn } from "./scripted_turn.ts";

const EADDRINUSE = errno("EADDRINUSE");
const EAFNOSUPPORT = errno("EAFNOSUPPORT");
const EBADF = errno("EBADF");
const EINVAL = errno("EINVAL");
const EMFILE = errno("EMFILE");
const ENOTCONN = errno("ENOTCONN");

/** Events that one turn takes: EVENT_BATCH of epoll.c. */
const EVENT_BATCH = 256;
const FIRST_DESCRIPTOR = 3;
const FIRST_EPHEMERAL_PORT = 49_152;

/**
 * A `Native` without an operating system: listeners, connections, selectors, wakers; deterministic.
 *
 * Descriptors are numbered as on POSIX, the lowest free one first. Readiness follows epoll, errors follow Linux.
 *
 * @example
 * ```ts
 * import { Reactor, ScriptedNative } from "@millrace/millrace/reactor";
 *
 * const native = new ScriptedNative({ maxReceive: 1 });
 * const [client, server] = native.pair();
 * native.send(client, new Uint8Array([1, 2, 3]), 0, 3);
 * if (native.receive(server, new Uint8Array(8), 0, 8) !== 1) throw new Error("one byte at a time");
 *
 * const reactor = new Reactor(native);
 * reactor.dispose();
 * native.close(client);
 * native.close(server);
 * if (native.liveHandles() !== 0) throw new Error("a descriptor leaked");
 * ```
 */
export class ScriptedNative implements Native {
  /** Not a file. */
  readonly path = "scripted";
  /** What goes wrong from now on. */
  readonly faults: ScriptedFaults;
  /** Calls that named a descriptor which was not open: closing twice, using after closing. Should stay empty. */
  readonly misuses: string[] = [];
  readonly #options: ScriptedOptions;
  readonly #files: (VirtualFile | undefined)[] = [];
  readonly #transit: Transit;
  readonly #carry = (deliver: () => void): void => this.#transit.fly(deliver);
  #handles = 0;
  #calls = 0;
  #port = FIRST_EPHEMERAL_PORT;
  #spread = 0;

  /** Without options, nothing goes wrong and time is virtual. */
  constructor(options: ScriptedOptions = {}) {
    this.#options = options;
    this.faults = scriptedFaults(options);
    this.#transit = new Transit(options.hostTime ?? false, () => this.faults.delayTurns);
  }

  // ---- the script ----

  /** Two connected sockets, without a listener. */
  pair(): [number, number] {
    const [one, other] = [this.#socket(), this.#socket()];
    const fds: [number, number] = [this.#open(one), this.#open(other)];
    VirtualSocket.join(one, other);
    return fds;
  }

  /** Break the connection once `fd` has received `bytes` in all: both ends see a reset. */
  resetAfter(fd: number, bytes: number): void {
    const file = this.#files[fd];
    if (!(file instanceof VirtualSocket)) throw new RangeError(`descriptor "${fd}" is not a connection`);
    file.resetAt = bytes;
    if (bytes === 0) file.break();
  }

  /** Let `turns` pass outside of a turn: what is on its way arrives. */
  pass(turns = 1): void {
    for (let index = 0; index < turns; index++) this.#transit.pass();
  }

  /** Let virtual time pass: parks whose timeout is over end. */
  elapse(ms: number): void {
    this.#transit.elapse(ms);
  }

  // ---- the library ----

  /** See {@link Native.liveHandles}. */
  liveHandles(): number {
    return this.#handles;
  }

  /** See {@link Native.raiseDescriptorLimit}. */
  raiseDescriptorLimit(): number {
    return Math.min(this.faults.maxHandles, 0x7fffffff);
  }

  // ---- the selector ----

  /** See {@link Native.selectorOpen}. */
  selectorOpen(): number {
    return this.#open(new VirtualSelector((selector) => this.#transit.endParks(selector)));
  }

  /** See {@link Native.selectorAdd}. */
  selectorAdd(selector: number, fd: number, token: number, interest: number, kind: number): number {
    const list = this.#find(selector, VirtualSelector, "selectorAdd");
    const file = this.#find(fd, VirtualFile, "selectorAdd");
    return list && file ? list.add(fd, file, token, interest, kind) : -EBADF;
  }

  /** See {@link Native.selectorModify}. */
  selectorModify(selector: number, fd: number, token: number, interest: number, kind: number): number {
    const list = this.#find(selector, VirtualSelector, "selectorModify");
    const file = this.#find(fd, VirtualFile, "selectorModify");
    return list && file ? list.modify(fd, token, interest, kind) : -EBADF;
  }

  /** See {@link Native.selectorRemove}. */
  selectorRemove(selector: number, fd: number): number {
    const list = this.#find(selector, VirtualSelector, "selectorRemove");
    const file = this.#find(fd, VirtualFile, "selectorRemove");
    return list && file ? list.remove(fd) : -EBADF;
  }

  /** See {@link Native.park}; a park on what never comes stays until {@link elapse}. */
  park(selector: number, timeoutMs: number): Promise<number> {
    const list = this.#find(selector, VirtualSelector, "park");
    return list === undefined ? Promise.resolve(-EBADF) : this.#transit.park(list, timeoutMs);
  }

  /** See {@link Native.turn}. A wait without limit for what can never come throws: a program would hang. */
  turn(
    selector: number,
    memory: Bytes,
    operations: number,
    input: Bytes,
    at: number,
    end: number,
    timeoutUs: number,
  ): number {
    if (operations < 0 || operations > MAX_OPERATIONS) return -EINVAL;
    const turn = new ScriptedTurn(this, selector, memory, input, at, end);
    turn.runOperations(operations);
    if (timeoutUs === SUBMIT_ONLY) return turn.count;
    const list = this.#find(selector, VirtualSelector, "turn");
    if (list === undefined) return -EBADF;
    this.#transit.pass();
    const { turns } = this.#transit;
    const { interruptEvery, spuriousEvery } = this.faults;
    if (interruptEvery > 0 && turns % interruptEvery === 0) return turn.count;
    let events: readonly VirtualEvent[] = list.take(EVENT_BATCH);
    if (spuriousEvery > 0 && turns % spuriousEvery === 0) {
      events = [...events, ...list.spurious(EVENT_BATCH - events.length)];
    }
    if (events.length === 0 && turn.count === 0 && timeoutUs !== 0) {
      this.#wait(list, timeoutUs);
      events = list.take(EVENT_BATCH);
    }
    turn.runEvents(events);
    return turn.count;
  }

  #wait(list: VirtualSelector, timeoutUs: number): void {
    this.#transit.passUntilReady(list);
    if (list.hasReady) return;
    if (timeoutUs === WAIT_FOREVER) throw new Error("this turn would wait for ever: nothing is on its way");
    if (this.#options.hostTime) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, timeoutUs / 1000);
    }
    this.#options.onWait?.(timeoutUs / 1000);
  }

  // ---- wakers ----

  /** See {@link Native.wakerOpen}. */
  wakerOpen(): number {
    return this.#open(new VirtualWaker());
  }

  /** See {@link Native.wake}. */
  wake(waker: number): number {
    const file = this.#find(waker, VirtualWaker, "wake");
    file?.wake();
    return file ? 0 : -EBADF;
  }

  // ---- sockets ----

  /** See {@link Native.tcpListen}; connections may queue without limit. */
  tcpListen(address: Bytes, _backlog: number, flags: number): number {
    if (address[0] !== 4 && address[0] !== 6) return -EAFNOSUPPORT;
    const own = address.slice(0, ADDRESS_BYTES);
    if (portOf(own) === 0) this.#assignPort(own);
    const shared = (listener: VirtualListener) => (listener.flags & flags & LISTEN_REUSE_PORT) !== 0;
    if (this.#listeners(own).some((listener) => !shared(listener))) return -EADDRINUSE;
    return this.#open(new VirtualListener(own, flags));
  }

  /** See {@link Native.tcpConnect}. */
  tcpConnect(address: Bytes): number {
    if (address[0] !== 4 && address[0] !== 6) return -EAFNOSUPPORT;
    const client = this.#socket();
    const fd = this.#open(client);
    if (fd < 0) return fd;
    const target = address.slice(0, ADDRESS_BYTES);
    client.localAddress.set(target);
    this.#assignPort(client.localAddress);
    this.#carry(() => {
      const listeners = this.#listeners(target);
      if (listeners.length === 0) return client.refuse();
      const server = this.#socket();
      server.localAddress = target;
      VirtualSocket.join(client, server);
      listeners[this.#spread++ % listeners.length].arrive(server);
    });
    return fd;
  }

  /** See {@link Native.accept}. */
  accept(listener: number): number {
    const file = this.#find(listener, VirtualListener, "accept");
    if (file === undefined) return this.#files[listener] ? -EINVAL : -EBADF;
    if (file.queue.length === 0 || this.#mustBlock(file, READABLE)) return -EAGAIN;
    const fd = this.#open(file.queue[0]);
    if (fd >= 0) file.queue.shift();
    return fd;
  }

  /** See {@link Native.receive}. */
  receive(fd: number, bytes: Bytes, at: number, length: number): number {
    const file = this.#find(fd, VirtualSocket, "receive");
    if (file === undefined) return -EBADF;
    if ((file.readiness & READABLE) !== 0 && this.#mustBlock(file, READABLE)) return -EAGAIN;
    const count = file.receive(bytes, at, Math.min(length, this.faults.maxReceive));
    if (count > 0 && count === this.faults.maxReceive) this.#transit.hold(file, READABLE);
    return count;
  }

  /** See {@link Native.send}. */
  send(fd: number, bytes: Bytes, at: number, length: number): number {
    const file = this.#find(fd, VirtualSocket, "send");
    if (file === undefined) return -EBADF;
    if ((file.readiness & WRITABLE) !== 0 && this.#mustBlock(file, WRITABLE)) return -EAGAIN;
    const count = file.send(bytes, at, Math.min(length, this.faults.maxSend));
    if (count >= 0 && count < length) this.#transit.hold(file, WRITABLE);
    return count;
  }

  /** See {@link Native.shutdown}. */
  shutdown(fd: number, how: number): number {
    return this.#find(fd, VirtualSocket, "shutdown")?.shutdown(how) ?? -EBADF;
  }

  /** See {@link Native.close}. */
  close(fd: number): number {
    const file = this.#find(fd, VirtualFile, "close");
    if (file === undefined) return -EBADF;
    this.#files[fd] = undefined;
    this.#handles--;
    this.#transit.forget(file);
    for (const watch of [...file.watches]) watch.selector.remove(fd);
    file.close();
    return 0;
  }

  /** See {@link Native.socketError}. */
  socketError(fd: number): number {
    return this.#find(fd, VirtualSocket, "socketError")?.takeError() ?? -EBADF;
  }

  /** See {@link Native.localAddress}. */
  localAddress(fd: number, address: Bytes): number {
    const file = this.#find(fd, VirtualFile, "localAddress");
    if (file instanceof VirtualSocket) address.set(file.localAddress);
    else if (file instanceof VirtualListener) address.set(file.address);
    else return file === undefined ? -EBADF : -EINVAL;
    return 0;
  }

  /** See {@link Native.peerAddress}. */
  peerAddress(fd: number, address: Bytes): number {
    const file = this.#find(fd, VirtualSocket, "peerAddress");
    if (file === undefined) return -EBADF;
    if (file.peer === undefined) return -ENOTCONN;
    address.set(file.peer.localAddress);
    return 0;
  }

  /** See {@link Native.setOption}. Linger 0 and the receive buffer have an effect. */
  setOption(fd: number, option: number, value: number): number {
    const file = this.#find(fd, VirtualFile, "setOption");
    if (file === undefined) return -EBADF;
    if (option === OPTION_LINGER || option === OPTION_RECEIVE_BUFFER) {
      if (!(file instanceof VirtualSocket)) return 0;
      if (option === OPTION_LINGER) file.lingerZero = value === 0;
      else file.capacity = value;
      return 0;
    }
    return [OPTION_NO_DELAY, OPTION_KEEP_ALIVE, OPTION_SEND_BUFFER].includes(option) ? 0 : -EINVAL;
  }

  // ---- inside ----

  #socket(): VirtualSocket {
    return new VirtualSocket(this.#options.capacity ?? 65_536, this.#carry);
  }

  #open(file: VirtualFile): number {
    if (this.#handles >= this.faults.maxHandles) return -EMFILE;
    let fd = FIRST_DESCRIPTOR;
    while (this.#files[fd] !== undefined) fd++;
    this.#files[fd] = file;
    this.#handles++;
    return fd;
  }

  #find<F extends VirtualFile>(
    fd: number,
    kind: abstract new (...args: never[]) => F,
    call: string,
  ): F | undefined {
    const file = this.#files[fd];
    if (file instanceof kind) return file;
    if (file === undefined) this.misuses.push(`${call}(${fd})`);
    return undefined;
  }

  #assignPort(address: Bytes): void {
    address[2] = this.#port >> 8;
    address[3] = this.#port & 0xff;
    this.#port = this.#port === 65_535 ? FIRST_EPHEMERAL_PORT : this.#port + 1;
  }

  /** Listeners that a connection to `address` reaches. */
  #listeners(address: Bytes): VirtualListener[] {
    return this.#files.filter((file): file is VirtualListener =>
      file instanceof VirtualListener && portOf(file.address) === portOf(address) && reaches(file, address)
    );
  }

  /** The would-block storm: what was refused can be had in the next turn, and is reported there. */
  #mustBlock(file: VirtualFile, bits: number): boolean {
    const { wouldBlockEvery } = this.faults;
    if (wouldBlockEvery === 0) return false;
    this.#calls = (this.#calls + 1) % wouldBlockEvery;
    if (this.#calls === 0) this.#transit.hold(file, bits);
    return this.#calls === 0;
  }
}

function portOf(address: Bytes): number {
  return address[2] << 8 | address[3];
}

/** The same address, or a listener on all of them. */
function reaches({ address: own, flags }: VirtualListener, address: Bytes): boolean {
  if (own.subarray(8).every((byte) => byte === 0)) {
    return own[0] === address[0] || (own[0] === 6 && (flags & LISTEN_V6_ONLY) === 0);
  }
  return own[0] === address[0] && own.subarray(8).every((byte, index) => byte === address[index + 8]);
}
