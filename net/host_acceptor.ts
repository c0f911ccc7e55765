/**
 * A listening socket of the host: the {@link Acceptor} for where the native library is missing.
 * @module
 */
import { errno } from "../ffi/errno.ts";
import { IoError, MillraceError } from "../runtime/errors.ts";
import type { Spawner } from "../runtime/task/spawner.ts";
import type { SocketAddr } from "./addr.ts";
import { hostError } from "./host_error.ts";
import {
  callHandler,
  fromHostAddr,
  type HostConn,
  HostTransport,
  sendAtOnce,
  toHostName,
} from "./host_transport.ts";
import {
  ACCEPT_RETRY_MS,
  AcceptFaults,
  checkBacklog,
  type ListenOptions,
  RetryTimer,
} from "./tcp_acceptor.ts";
import type { Acceptor, OnAccept } from "./transport.ts";

/** What a listener of the host has to offer: `Deno.TcpListener` does. */
export interface HostListener {
  /** The next connection. */
  accept(): Promise<HostConn>;
  /** Closes; a pending accept fails. */
  close(): void;
  /** Where it listens. */
  readonly addr: Deno.Addr;
}

/** What accept(2) says of a connection that died in the queue: no error of the listener's. */
const DIED_IN_QUEUE: ReadonlySet<string> = new Set([
  "ECONNABORTED",
  "EHOSTDOWN",
  "EHOSTUNREACH",
  "EINTR",
  "ENETDOWN",
  "ENETUNREACH",
  "ENONET",
  "ENOPROTOOPT",
  "EOPNOTSUPP",
  "EPERM",
  "EPROTO",
]);

function unknown(cause: unknown, addr: SocketAddr): IoError {
  const error = new IoError("accept", errno("EIO"), addr.toString());
  error.cause = cause;
  return error;
}

/** Accepts the host's connections and hands them out as transports. */
export class HostAcceptor implements Acceptor {
  /** See {@link Acceptor.backend}. */
  readonly backend = "host";
  /** Where it listens; with the port that the system chose. */
  readonly localAddr: SocketAddr;
  readonly #runtime: Spawner;
  readonly #listener: HostListener;
  readonly #onAccept: OnAccept;
  readonly #retry: RetryTimer;
  readonly #faults: AcceptFaults;
  readonly #scopeId: number;
  #paused = false;
  #closed = false;
  #loopRuns = false;
  /** Accepted by a call that ended after pause(). */
  #held: HostConn | undefined;

  /**
   * Hand out what `listener` accepts; it belongs to this object now.
   *
   * @param scopeId The interface that it was asked to listen on, which the host does not tell again.
   */
  constructor(
    runtime: Spawner,
    listener: HostListener,
    options: ListenOptions,
    onAccept: OnAccept,
    scopeId = 0,
  ) {
    this.#runtime = runtime;
    this.#listener = listener;
    this.#onAccept = onAccept;
    this.#faults = new AcceptFaults(options);
    this.#scopeId = scopeId;
    this.localAddr = fromHostAddr(listener.addr, scopeId);
    this.#retry = new RetryTimer(() => this.#loop());
    queueMicrotask(() => this.#loop());
  }

  /**
   * Listen on an address of the host.
   *
   * @throws {IoError} `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, with the address.
   * @throws {MillraceError} `ERR_HOST_OPTION` for `v6Only`, which the host does not know.
   */
  static listen(
    runtime: Spawner,
    addr: SocketAddr,
    options: ListenOptions,
    onAccept: OnAccept,
  ): HostAcceptor {
    if (options.v6Only) {
      throw new MillraceError(
        "ERR_HOST_OPTION",
        "v6Only needs the native library: the host has no such option",
      );
    }
    let listener: HostListener;
    try {
      listener = Deno.listen({
        hostname: toHostName(addr),
        port: addr.port,
        reusePort: options.reusePort === true,
        tcpBacklog: checkBacklog(options.backlog),
      });
    } catch (error) {
      throw hostError("listen", error, addr.toString());
    }
    return new HostAcceptor(runtime, listener, options, onAccept, addr.scopeId);
  }

  async #loop(): Promise<void> {
    if (this.#loopRuns) return;
    this.#loopRuns = true;
    try {
      while (!this.#paused && !this.#closed) {
        this.#held ??= await this.#accept();
        if (this.#closed) this.#dropHeld();
        else if (!this.#paused) this.#handOut();
      }
    } catch (error) {
      if (!this.#closed) this.#rest(error as IoError);
    }
    this.#loopRuns = false;
  }

  async #accept(): Promise<HostConn> {
    for (;;) {
      try {
        return await this.#listener.accept();
      } catch (error) {
        const failure = hostError("accept", error, this.localAddr.toString());
        if (this.#closed || !DIED_IN_QUEUE.has((failure as { code?: string }).code ?? "")) {
          throw failure instanceof IoError ? failure : unknown(error, this.localAddr);
        }
      }
    }
  }

  /** Out of descriptors or memory, as on the native side: wait for better times. */
  #rest(error: IoError): void {
    this.#runtime.time.refresh();
    this.#runtime.time.schedule(this.#retry, ACCEPT_RETRY_MS);
    callHandler(this.#runtime, () => this.#faults.tell(error));
  }

  #handOut(): void {
    const conn = this.#held!;
    this.#held = undefined;
    this.#faults.end();
    sendAtOnce(conn);
    const transport = new HostTransport(this.#runtime, conn, this.#scopeId);
    callHandler(this.#runtime, () => this.#onAccept(transport));
  }

  #dropHeld(): void {
    this.#held?.close();
    this.#held = undefined;
  }

  /** See {@link Acceptor.pause}. */
  pause(): void {
    this.#paused = true;
  }

  /** See {@link Acceptor.resume}. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    // Resting ends by itself.
    if (!this.#retry.armed) queueMicrotask(() => this.#loop());
  }

  /** See {@link Acceptor.close}. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#runtime.time.cancel(this.#retry);
    this.#listener.close();
    this.#dropHeld();
  }
}
