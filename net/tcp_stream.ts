/**
 * A TCP connection to read from and write to.
 * @module
 */
import { Runtime } from "../runtime/runtime.ts";
import type { Future } from "../runtime/task/future.ts";
import type { Poll } from "../runtime/task/poll.ts";
import { abortable, type WaitOptions } from "./abortable.ts";
import { SocketAddr } from "./addr.ts";
import { StreamCore } from "./stream_core.ts";
import { ReadFuture, ShutdownFuture, WriteFuture } from "./stream_futures.ts";
import { type ConnectOptions, connectTransport } from "./tcp_connect.ts";
import type { Transport } from "./transport.ts";
import { ConditionFuture } from "./watchers.ts";

/** The most that {@link TcpStream.setKeepAlive} takes, seconds; the limit of Linux. */
const MAX_KEEP_ALIVE = 32_767;

/** Where a stream or a listener lives. */
export interface RuntimeOption {
  /** Whose turns move it. Default: the runtime whose task is being polled, else the process's own. */
  readonly runtime?: Runtime | undefined;
}

/** The runtime that is meant. */
export function runtimeOf(options: RuntimeOption): Runtime {
  return options.runtime ?? Runtime.current();
}

/** An address as people write it: `127.0.0.1:80`, `[::1]:80`, `localhost:80` (which is 127.0.0.1). */
export function intoAddr(addr: SocketAddr | string): SocketAddr {
  return typeof addr === "string" ? SocketAddr.parse(addr.replace(/^localhost:/i, "127.0.0.1:")) : addr;
}

/**
 * A TCP connection as a stream of bytes in both directions, each of which ends on its own.
 *
 * One read and one write may wait at a time; a second one is refused (`ERR_BUSY`). What arrives and is not read is
 * held up to {@link READ_HIGH_WATER}; then the peer has to wait. After a failure, what had arrived can still be
 * read, then every call throws the same `IoError`; after `close` or `abort`, every call throws a `ClosedError`.
 * A stream that is not closed keeps its descriptor: write `using`, or close it.
 *
 * A call that waits keeps its turn until it ends or is cancelled. Aborting a task cancels what its generator waits
 * for; an `async` function cannot be stopped, and what it waits for goes on unseen, takes bytes, and keeps others out
 * with `ERR_BUSY`. Give such a call a `signal`.
 *
 * @example
 * ```ts
 * import { TcpListener, TcpStream } from "@millrace/millrace/net";
 * import { Runtime } from "@millrace/millrace/runtime";
 *
 * await using runtime = new Runtime();
 * using listener = TcpListener.bind("127.0.0.1:0", { runtime });
 * await runtime.run(function* () {
 *   using client = yield* TcpStream.connect(listener.localAddr);
 *   using server = yield* listener.accept();
 *   yield* client.writeAll(new TextEncoder().encode("ping"));
 *   yield* client.shutdown();
 *
 *   const into = new Uint8Array(16);
 *   const count = yield* server.read(into);
 *   if (new TextDecoder().decode(into.subarray(0, count)) !== "ping") throw new Error("ping was expected");
 *   if ((yield* server.read(into)) !== 0) throw new Error("then the end");
 * });
 * ```
 */
export class TcpStream implements Disposable, AsyncDisposable {
  readonly #core: StreamCore;
  #localAddr: SocketAddr | undefined;

  /**
   * A stream over a transport that is connected already, of whatever kind.
   *
   * @param transport Before its first turn; it belongs to the stream now.
   */
  constructor(transport: Transport) {
    this.#core = new StreamCore(transport);
  }

  /**
   * Connect to an address: a {@link SocketAddr}, or text with a numeric host or `localhost`. Nothing happens before
   * the first poll, but the timeout counts from this call. Cancel safe: nothing stays open.
   *
   * @throws {IoError} `ECONNREFUSED`, `EHOSTUNREACH`, `ETIMEDOUT` and so on, syscall `connect`, with the address.
   * @throws {TimeoutError} phase `connect`, after `timeoutMs`. @throws The signal's reason, unchanged.
   * @throws {TypeError} At the call, for a text that is no address. @throws {RangeError} At the call, for a bad
   * `timeoutMs` or port.
   *
   * @example
   * ```ts
   * import { TcpStream } from "@millrace/millrace/net";
   * import { IoError, Runtime } from "@millrace/millrace/runtime";
   *
   * await using runtime = new Runtime();
   * try {
   *   // The discard port: nobody listens there.
   *   await runtime.run(TcpStream.connect("127.0.0.1:9", { runtime, timeoutMs: 1000 }));
   *   throw new Error("not reached");
   * } catch (error) {
   *   if (!(error instanceof IoError) || error.code !== "ECONNREFUSED") throw error;
   * }
   * ```
   */
  static connect(addr: SocketAddr | string, options: ConnectOptions & RuntimeOption = {}): Future<TcpStream> {
    return connectTransport(
      runtimeOf(options),
      intoAddr(addr),
      options,
      (transport) => new TcpStream(transport),
    );
  }

  /** This side's address. @throws {ClosedError} When the connection is gone and nobody had asked before. */
  get localAddr(): SocketAddr {
    return this.#localAddr ??= this.#core.transport.localAddr();
  }

  /** The peer's address. @throws {IoError} `ENOTCONN` when the connection was broken before it became a stream. */
  get peerAddr(): SocketAddr {
    return this.#core.peer ?? this.#core.transport.peerAddr();
  }

  // ---- reading ----

  /**
   * Read what is there, waiting for the first byte: 1 to `into.length` bytes, or 0 at the end of what the peer
   * sends. Cancel safe: a read that is given up has taken nothing.
   *
   * @throws {RangeError} At the call, for an empty `into`: its answer would look like the end.
   * @throws {TypeError} When `into` was transferred, or shrank to nothing, while the read waited: nothing is lost.
   * @throws {IoError} `ECONNRESET`, `ETIMEDOUT`, syscall `recv`. @throws {ClosedError} After `close`.
   * @throws {MillraceError} `ERR_BUSY` while another read waits. @throws The signal's reason, unchanged.
   */
  read(into: Uint8Array, options: WaitOptions = {}): Future<number> {
    checkRoom(into);
    return abortable(new ReadFuture(this.#core, into), options);
  }

  /**
   * Wait until a {@link tryRead} is worth trying: bytes, the end, or an error are there. Any number may wait, and
   * nothing is taken: who comes late may find `PENDING` again. Cancel safe.
   *
   * @example
   * ```ts
   * import { TcpListener, TcpStream } from "@millrace/millrace/net";
   * import { PENDING, Runtime } from "@millrace/millrace/runtime";
   *
   * await using runtime = new Runtime();
   * using listener = TcpListener.bind("127.0.0.1:0", { runtime });
   * await runtime.run(function* () {
   *   using client = yield* TcpStream.connect(listener.localAddr);
   *   using server = yield* listener.accept();
   *   yield* client.writeAll(new Uint8Array(3));
   *
   *   const into = new Uint8Array(16);
   *   let count = server.tryRead(into);
   *   while (count === PENDING) {
   *     yield* server.readable();
   *     count = server.tryRead(into);
   *   }
   *   if (count !== 3) throw new Error("3 bytes were sent");
   * });
   * ```
   */
  readable(options: WaitOptions = {}): Future<void> {
    const core = this.#core;
    return abortable(new ConditionFuture(core.readable, () => core.isReadable), options);
  }

  /**
   * Read what is there, without waiting: 1 to `into.length` bytes, 0 at the end, or `PENDING` if nothing is there,
   * in which case {@link readable} waits for it. Throws as {@link read} does.
   */
  tryRead(into: Uint8Array): Poll<number> {
    checkRoom(into);
    const attempt = {};
    this.#core.reader.claim(attempt);
    try {
      return this.#core.tryRead(into);
    } finally {
      this.#core.reader.release(attempt);
    }
  }

  // ---- writing ----

  /**
   * Write some of `bytes`, waiting until the peer takes any: 1 to `bytes.length`, at most 4 MiB at once, 0 only for
   * none at all. They may be reused afterwards, but not before. Cancel safe: a write that is given up has sent
   * nothing.
   *
   * An error of bytes that were taken is thrown by a later call.
   *
   * @throws {IoError} `EPIPE`, `ECONNRESET`, syscall `send` or `recv`. @throws {ClosedError} After `close` or
   * `shutdown`. @throws {MillraceError} `ERR_BUSY` while another write waits. @throws {TypeError} When the buffer
   * was transferred or shrank while the write waited: what was sent before that stays sent. @throws The signal's
   * reason, unchanged.
   */
  write(bytes: Uint8Array, options: WaitOptions = {}): Future<number> {
    return abortable(new WriteFuture(this.#core, bytes, 0), options);
  }

  /**
   * Write all of `bytes`, waiting as often as the peer makes it, and letting others have their turn every 4 MiB.
   * NOT cancel safe: given up half way, it has sent a prefix of unknown length. Throws as {@link write} does.
   */
  writeAll(bytes: Uint8Array, options: WaitOptions = {}): Future<void> {
    const write: Future<unknown> = new WriteFuture(this.#core, bytes, bytes.length);
    return abortable(write as Future<void>, options);
  }

  /**
   * Wait until a {@link tryWrite} is worth trying: the peer takes bytes, or there is an error. Any number may wait;
   * who comes late may find `PENDING` again. Cancel safe.
   */
  writable(options: WaitOptions = {}): Future<void> {
    const core = this.#core;
    return abortable(new ConditionFuture(core.writable, () => core.isWritable), options);
  }

  /**
   * Write some of `bytes` without waiting: how many, or `PENDING` if none, in which case {@link writable} waits.
   * Throws as {@link write} does.
   */
  tryWrite(bytes: Uint8Array): Poll<number> {
    const attempt = {};
    this.#core.writer.claim(attempt);
    try {
      return this.#core.tryWrite(bytes, 0, bytes.length);
    } finally {
      this.#core.writer.release(attempt);
    }
  }

  /**
   * End the writing half: the peer sees the end after everything that was written. Ready when the system has all of
   * it; reading goes on. A second call does the same as the first. Cancel safe: the end is sent nevertheless.
   * Throws as {@link write} does.
   */
  shutdown(): Future<void> {
    return new ShutdownFuture(this.#core);
  }

  // ---- options ----

  /** Send small writes at once (`true`, as streams begin) or let the system gather them (Nagle's algorithm). */
  setNoDelay(on: boolean): void {
    this.#core.checkAlive();
    this.#core.transport.setNoDelay?.(on);
  }

  /**
   * Probe the peer after so many seconds of silence, an integer from 0 to 32,767; 0 switches it off, as streams
   * begin. On the host's sockets the system chooses the seconds.
   */
  setKeepAlive(seconds: number): void {
    if (!Number.isInteger(seconds) || seconds < 0 || seconds > MAX_KEEP_ALIVE) {
      throw new RangeError(`seconds "${seconds}" is not an integer from 0 to ${MAX_KEEP_ALIVE}`);
    }
    this.#core.checkAlive();
    this.#core.transport.setKeepAlive?.(seconds);
  }

  // ---- ending ----

  /**
   * Close: what was written still goes out, what arrived and was not read is dropped, calls that wait throw a
   * `ClosedError`. Does not wait; a peer that never reads holds the descriptor until {@link abort}. As everywhere,
   * closing before the peer's last bytes are read may reset the connection: shut down and read to the end first.
   */
  close(): void {
    this.#core.end("close");
  }

  /** Close at once: what was written and has not gone out is dropped, the peer sees a reset. */
  abort(): void {
    this.#core.end("abort");
  }

  /** Same as {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** {@link close}, and wait until everything has gone out. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    const { gone } = this.#core;
    if (this.#core.isGone) return;
    // No task: the runtime that is current here may have been closed.
    await new Promise<void>((resolve) => gone.add(resolve, { wake: resolve }));
  }
}

function checkRoom(into: Uint8Array): void {
  if (into.length === 0) {
    throw new RangeError("read(into): an empty buffer has no room, wanted 1 byte or more");
  }
}
