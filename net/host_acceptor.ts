/**
 * A listening socket of the host: the {@link Acceptor} for where the native library is missing.
 * @module
 */
import { MillraceError } from "../runtime/errors.ts";
import type { Spawner } from "../runtime/task/spawner.ts";
import type { SocketAddr } from "./addr.ts";
import { hostError } from "./host_error.ts";
import { callHandler, fromHostAddr, type HostConn, HostTransport } from "./host_transport.ts";
import { ACCEPT_RETRY_MS, checkBacklog, type ListenOptions, RetryTimer } from "./tcp_acceptor.ts";
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
  #paused = false;
  #closed = false;
  #loopRuns = false;
  /** Accepted by a call that ended after pause(). */
  #held: HostConn | undefined;

  /** Hand out what `listener` accepts; it belongs to this object now. */
  constructor(runtime: Spawner, listener: HostListener, onAccept: OnAccept) {
    this.#runtime = runtime;
    this.#listener = listener;
    this.#onAccept = onAccept;
    this.localAddr = fromHostAddr(listener.addr);
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
        hostname: addr.ip,
        port: addr.port,
        reusePort: options.reusePort === true,
        tcpBacklog: checkBacklog(options.backlog),
      });
    } catch (error) {
      throw hostError("listen", error, addr.toString());
    }
    return new HostAcceptor(runtime, listener, onAccept);
  }

  async #loop(): Promise<void> {
    if (this.#loopRuns) return;
    this.#loopRuns = true;
    try {
      while (!this.#paused && !this.#closed) {
        this.#held ??= await this.#listener.accept();
        if (this.#closed) this.#dropHeld();
        else if (!this.#paused) this.#handOut();
      }
    } catch {
      // Out of descriptors or memory, as on the native side: wait for better times.
      this.#runtime.time.refresh();
      if (!this.#closed) this.#runtime.time.schedule(this.#retry, ACCEPT_RETRY_MS);
    }
    this.#loopRuns = false;
  }

  #handOut(): void {
    const conn = this.#held!;
    this.#held = undefined;
    conn.setNoDelay?.(true);
    const transport = new HostTransport(this.#runtime, conn);
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
