/**
 * Opening a TCP connection: on the batched reactor, or on the host's sockets.
 * @module
 */
import { ADDRESS_BYTES, KIND_READINESS, OP_READY, WRITABLE } from "../ffi/abi.ts";
import { errno } from "../ffi/errno.ts";
import { expectResult, IoError } from "../ffi/errors.ts";
import type { Reactor } from "../reactor/reactor.ts";
import type { Source } from "../reactor/source.ts";
import { ClosedError, TimeoutError } from "../runtime/errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Context, Waker } from "../runtime/task/context.ts";
import { Future } from "../runtime/task/future.ts";
import { PENDING, type Poll } from "../runtime/task/poll.ts";
import { Alarm, checkDelay } from "../runtime/time/alarm.ts";
import { SocketAddr } from "./addr.ts";
import { type BackendOptions, chooseBackend } from "./backend.ts";
import { hostError } from "./host_error.ts";
import { HostTransport, sendAtOnce, toHostName } from "./host_transport.ts";
import { TcpSocket } from "./tcp_socket.ts";
import type { Transport } from "./transport.ts";

/** How a connection is opened. */
export interface ConnectOptions extends BackendOptions {
  /** Give up after this many milliseconds, 0 or more. Default: when the system does, minutes later. */
  readonly timeoutMs?: number | undefined;
  /** Give up when it aborts: the future throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** One attempt that is under way. */
interface Attempt {
  /** Is the outcome there? */
  readonly isSettled: boolean;
  /** The outcome; throws what went wrong. Once. */
  take(): Transport;
  /** Give up. */
  cancel(): void;
}

/** An attempt of the reactor: the outcome is known when the socket is writable. */
class NativeAttempt implements Attempt, Source {
  readonly #reactor: Reactor;
  readonly #addr: SocketAddr;
  readonly #onSettled: () => void;
  readonly #fd: number;
  readonly #token: number;
  #error: Error | undefined;
  isSettled = false;

  constructor(reactor: Reactor, addr: SocketAddr, onSettled: () => void) {
    this.#reactor = reactor;
    this.#addr = addr;
    this.#onSettled = onSettled;
    this.#fd = expectResult(reactor.native.tcpConnect(addr.encode()), "connect", addr.toString());
    this.#token = reactor.add(this, this.#fd, WRITABLE, KIND_READINESS);
  }

  complete(operation: number, result: number): void {
    if (this.isSettled) return;
    if (operation !== OP_READY) return this.#settle(new IoError("epoll_ctl", -result));
    const error = this.#reactor.native.socketError(this.#fd);
    if (error < 0) this.#settle(new IoError("connect", -error, this.#addr.toString()));
    else if ((result & WRITABLE) !== 0) this.#settle(this.#selfConnected());
  }

  /**
   * On Linux a socket can connect to itself: nobody listens on a port of the ephemeral range, and the system picks
   * that very port for this side (RFC 9293 §3.5, simultaneous open). To the caller that is nobody listening.
   */
  #selfConnected(): Error | undefined {
    const local = new Uint8Array(ADDRESS_BYTES);
    const { native } = this.#reactor;
    if (native.localAddress(this.#fd, local) < 0 || !SocketAddr.decode(local).equals(this.#addr)) {
      return undefined;
    }
    return new IoError("connect", errno("ECONNREFUSED"), this.#addr.toString());
  }

  #settle(error: Error | undefined): void {
    this.isSettled = true;
    this.#error = error;
    if (error !== undefined) this.#reactor.close(this.#token, this.#fd);
    this.#onSettled();
  }

  abandon(): void {
    if (this.#error === undefined) this.#settle(new ClosedError("the runtime", "local"));
  }

  take(): Transport {
    if (this.#error !== undefined) throw this.#error;
    this.#reactor.remove(this.#token);
    return new TcpSocket(this.#reactor, this.#fd, true);
  }

  cancel(): void {
    if (this.#error === undefined) this.#reactor.close(this.#token, this.#fd);
  }
}

/** An attempt of the host. */
class HostAttempt implements Attempt {
  readonly #runtime: Runtime;
  readonly #scopeId: number;
  #conn: Deno.TcpConn | undefined;
  #error: Error | undefined;
  #cancelled = false;

  constructor(runtime: Runtime, addr: SocketAddr, onSettled: () => void) {
    this.#runtime = runtime;
    this.#scopeId = addr.scopeId;
    // Without the permission this rejects, too.
    Deno.connect({ hostname: toHostName(addr), port: addr.port }).then((conn) => {
      if (this.#cancelled) return conn.close();
      sendAtOnce(conn);
      this.#conn = conn;
      onSettled();
    }, (error) => {
      this.#error = hostError("connect", error, addr.toString());
      if (!this.#cancelled) onSettled();
    });
  }

  get isSettled(): boolean {
    return this.#conn !== undefined || this.#error !== undefined;
  }

  take(): Transport {
    if (this.#error !== undefined) throw this.#error;
    return new HostTransport(this.#runtime, this.#conn!, this.#scopeId);
  }

  cancel(): void {
    this.#cancelled = true;
    this.#conn?.close();
  }
}

/** See {@link connectTransport}. */
class Connect<T> extends Future<T> {
  readonly #runtime: Runtime;
  readonly #addr: SocketAddr;
  readonly #options: ConnectOptions;
  readonly #onConnect: (transport: Transport) => T;
  readonly #alarm: Alarm | undefined;
  readonly #wake = (): void => this.#waker?.wake();
  #attempt: Attempt | undefined;
  #waker: Waker | undefined;

  constructor(
    runtime: Runtime,
    addr: SocketAddr,
    options: ConnectOptions,
    onConnect: (transport: Transport) => T,
  ) {
    super();
    const { timeoutMs = Infinity } = options;
    checkDelay("timeoutMs", timeoutMs);
    this.#runtime = runtime;
    this.#addr = addr;
    this.#options = options;
    this.#onConnect = onConnect;
    if (timeoutMs !== Infinity) this.#alarm = new Alarm(runtime.time, runtime.time.refresh() + timeoutMs);
  }

  override poll(cx: Context): Poll<T> {
    this.#waker = cx.waker;
    const { signal } = this.#options;
    if (signal?.aborted) this.#giveUp(signal.reason);
    this.#attempt ??= this.#start(signal);
    if (this.#attempt.isSettled) {
      if (!cx.spend()) return PENDING;
      this.#release();
      return this.#onConnect(this.#attempt.take());
    }
    if (this.#alarm?.poll(cx.waker)) this.#giveUp(new TimeoutError("connect", this.#options.timeoutMs!));
    return PENDING;
  }

  #start(signal: AbortSignal | undefined): Attempt {
    const runtime = this.#runtime;
    const attempt = chooseBackend(runtime, this.#options) === "native"
      ? new NativeAttempt(runtime.reactor, this.#addr, this.#wake)
      : new HostAttempt(runtime, this.#addr, this.#wake);
    signal?.addEventListener("abort", this.#wake);
    return attempt;
  }

  #giveUp(reason: unknown): never {
    this.cancel();
    throw reason;
  }

  #release(): void {
    this.#alarm?.cancel();
    this.#options.signal?.removeEventListener("abort", this.#wake);
    this.#waker = undefined;
  }

  override cancel(): void {
    this.#release();
    this.#attempt?.cancel();
  }
}

/**
 * Open a connection and hand the bare transport to `onConnect`, which sets its handler and whose result is the
 * future's value: what client protocols are built on. `TcpStream.connect` is the form for programs.
 *
 * Nothing happens before the first poll, but the timeout counts from this call. Cancel safe: the attempt is
 * given up, and nothing stays open.
 *
 * @throws {IoError} `ECONNREFUSED`, `EHOSTUNREACH`, `ETIMEDOUT` and so on, syscall `connect`, with the address.
 * @throws {TimeoutError} phase `connect`. @throws The signal's reason, unchanged.
 * @throws {RangeError} At the call, when `timeoutMs` is below 0 or not a number.
 *
 * @example
 * ```ts
 * import { connectTransport, listen, SocketAddr } from "@millrace/millrace/net";
 * import { Runtime } from "@millrace/millrace/runtime";
 *
 * await using runtime = new Runtime();
 * const acceptor = listen(runtime, SocketAddr.parse("127.0.0.1:0"), {}, (transport) => transport.close());
 * const ended = Promise.withResolvers<void>();
 * await runtime.run(connectTransport(runtime, acceptor.localAddr, {}, (transport) => {
 *   transport.handler = {
 *     onData() {},
 *     onEnd: () => transport.close(),
 *     onDrain() {},
 *     onClose: () => ended.resolve(),
 *   };
 * }));
 * await ended.promise;
 * acceptor.close();
 * ```
 */
export function connectTransport<T>(
  runtime: Runtime,
  addr: SocketAddr,
  options: ConnectOptions,
  onConnect: (transport: Transport) => T,
): Future<T> {
  return new Connect(runtime, addr, options, onConnect);
}
