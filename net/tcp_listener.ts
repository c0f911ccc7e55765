/**
 * A listening TCP socket to accept streams from.
 * @module
 */
import { ClosedError } from "../runtime/errors.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Context, Waker } from "../runtime/task/context.ts";
import { Future } from "../runtime/task/future.ts";
import { PENDING, type Poll } from "../runtime/task/poll.ts";
import { abortable, type WaitOptions } from "./abortable.ts";
import type { SocketAddr } from "./addr.ts";
import type { BackendOptions } from "./backend.ts";
import { listen } from "./listen.ts";
import type { ListenOptions } from "./tcp_acceptor.ts";
import { intoAddr, runtimeOf, type RuntimeOption, TcpStream } from "./tcp_stream.ts";
import type { Acceptor, Backend, Transport } from "./transport.ts";

/** Default of {@link BindOptions.acceptQueue}. */
export const ACCEPT_QUEUE = 128;

/** How a {@link TcpListener} is opened. */
export interface BindOptions extends ListenOptions, BackendOptions, RuntimeOption {
  /**
   * Connections that are accepted and held before anybody takes them, 1 and more; above it they wait in the
   * system's queue. A batch of the system's may exceed it by 63. Default {@link ACCEPT_QUEUE}. Memory: what a
   * stream holds, each.
   */
  readonly acceptQueue?: number | undefined;
}

/** See `TcpListener.accept`. */
class AcceptFuture extends Future<TcpStream> {
  readonly #queue: AcceptQueue;
  waker: Waker | undefined;

  constructor(queue: AcceptQueue) {
    super();
    this.#queue = queue;
  }

  override poll(cx: Context): Poll<TcpStream> {
    const stream = this.#queue.take(this, cx);
    if (stream === PENDING) this.waker = cx.waker;
    return stream;
  }

  override cancel(): void {
    this.#queue.leave(this);
  }
}

/** Streams that wait for a taker, or takers that wait for a stream, first in, first out. */
class AcceptQueue {
  readonly #limit: number;
  readonly #streams: TcpStream[] = [];
  readonly #takers: AcceptFuture[] = [];
  #acceptor: Acceptor | undefined;
  #paused = false;
  isClosed = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  feedFrom(acceptor: Acceptor): void {
    this.#acceptor = acceptor;
  }

  push(transport: Transport): void {
    if (this.isClosed) return transport.abort();
    this.#streams.push(new TcpStream(transport));
    if (this.#streams.length >= this.#limit && !this.#paused) {
      this.#paused = true;
      this.#acceptor?.pause();
    }
    this.#wakeNext();
  }

  /** As many takers as there are streams: one that was woken may have been given up. */
  #wakeNext(): void {
    const count = Math.min(this.#streams.length, this.#takers.length);
    for (let index = 0; index < count; index++) this.#takers[index].waker?.wake();
  }

  take(taker: AcceptFuture, cx: Context): Poll<TcpStream> {
    if (this.isClosed) {
      this.leave(taker);
      throw new ClosedError("the listener", "local");
    }
    const ahead = this.#takers.indexOf(taker);
    // Those who came first are served first.
    const isServed = this.#streams.length > (ahead < 0 ? this.#takers.length : ahead);
    if (!isServed || !cx.spend()) {
      if (ahead < 0) this.#takers.push(taker);
      return PENDING;
    }
    if (ahead >= 0) this.#takers.splice(ahead, 1);
    const stream = this.#streams.shift()!;
    if (this.#paused && this.#streams.length <= this.#limit / 2) {
      this.#paused = false;
      this.#acceptor?.resume();
    }
    return stream;
  }

  leave(taker: AcceptFuture): void {
    const at = this.#takers.indexOf(taker);
    if (at < 0) return;
    this.#takers.splice(at, 1);
    this.#wakeNext();
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#acceptor?.close();
    // As the system does with those in its own queue.
    for (const stream of this.#streams.splice(0)) stream.abort();
    for (const taker of [...this.#takers]) taker.waker?.wake();
  }
}

/**
 * A listening TCP socket: await {@link accept}, or iterate, which ends when the listener is closed.
 *
 * @example
 * ```ts
 * import { TcpListener, TcpStream } from "@millrace/millrace/net";
 * import { Runtime } from "@millrace/millrace/runtime";
 *
 * await using runtime = new Runtime();
 * const listener = TcpListener.bind("127.0.0.1:0", { runtime });
 * using client = await runtime.run(TcpStream.connect(listener.localAddr, { runtime }));
 * for await (const stream of listener) {
 *   if (!stream.peerAddr.equals(client.localAddr)) throw new Error("our own client was expected");
 *   stream.close();
 *   listener.close();
 * }
 * ```
 */
export class TcpListener implements AsyncIterable<TcpStream>, Disposable, AsyncDisposable {
  readonly #runtime: Runtime;
  readonly #acceptor: Acceptor;
  readonly #queue: AcceptQueue;

  private constructor(runtime: Runtime, acceptor: Acceptor, queue: AcceptQueue) {
    this.#runtime = runtime;
    this.#acceptor = acceptor;
    this.#queue = queue;
  }

  /**
   * Listen on an address: a {@link SocketAddr}, or text with a numeric host or `localhost`; port 0 lets the system
   * choose. Connections come in from the next turn on.
   *
   * @throws {IoError} `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, syscall `listen`, with the address.
   * @throws {NativeLoadError} See {@link BackendOptions.backend}. @throws {TypeError} For a text that is no address.
   * @throws {RangeError} For a port, `backlog` or `acceptQueue` out of range.
   */
  static bind(addr: SocketAddr | string, options: BindOptions = {}): TcpListener {
    const limit = options.acceptQueue ?? ACCEPT_QUEUE;
    if (!Number.isInteger(limit) || limit < 1) {
      throw new RangeError(`acceptQueue "${limit}" is not an integer >= 1`);
    }
    const runtime = runtimeOf(options);
    const queue = new AcceptQueue(limit);
    const acceptor = listen(runtime, intoAddr(addr), options, (transport) => queue.push(transport));
    queue.feedFrom(acceptor);
    return new TcpListener(runtime, acceptor, queue);
  }

  /** Where it listens, with the port that the system chose. */
  get localAddr(): SocketAddr {
    return this.#acceptor.localAddr;
  }

  /** Whose sockets it hands out. */
  get backend(): Backend {
    return this.#acceptor.backend;
  }

  /**
   * The next connection. Several may wait; they are served in the order in which they were first polled. Cancel
   * safe: a connection that nobody took is the next one's. A call in an `async` function whose task was aborted
   * goes on unseen and takes a connection that nobody closes: give it a `signal`.
   *
   * @throws {ClosedError} When the listener is closed, before or meanwhile. @throws The signal's reason, unchanged.
   */
  accept(options: WaitOptions = {}): Future<TcpStream> {
    return abortable(new AcceptFuture(this.#queue), options);
  }

  /** Stop listening: those who wait get a `ClosedError`, connections that nobody took are reset. */
  close(): void {
    this.#queue.close();
  }

  /** Same as {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /**
   * {@link close}, and wait until the runtime waits for nothing any more if that was the last of its sockets: a test
   * that ends then leaves nothing behind. Sockets that are open still do not hold it up.
   */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#runtime.quiesce();
  }

  /** Connections until the listener is closed. Leaving the loop early leaves the listener open. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TcpStream, void, undefined> {
    while (!this.#queue.isClosed) {
      let stream: TcpStream;
      try {
        stream = await this.#runtime.drive(this.accept());
      } catch (error) {
        if (this.#queue.isClosed) return;
        throw error;
      }
      yield stream;
    }
  }
}
