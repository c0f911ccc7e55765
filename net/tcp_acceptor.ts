/**
 * A listening TCP socket on the batched reactor.
 * @module
 */
import {
  ADDRESS_BYTES,
  KIND_LISTENER,
  KIND_READINESS,
  LEVEL,
  LISTEN_REUSE_PORT,
  LISTEN_V6_ONLY,
  OP_ACCEPT,
  OP_MODIFY,
  READABLE,
} from "../ffi/abi.ts";
import { expectResult, IoError } from "../ffi/errors.ts";
import type { Reactor } from "../reactor/reactor.ts";
import type { Source } from "../reactor/source.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { TimeDriver } from "../runtime/time/driver.ts";
import { TimerEntry } from "../runtime/time/wheel.ts";
import { SocketAddr } from "./addr.ts";
import { TcpSocket } from "./tcp_socket.ts";
import type { Acceptor, OnAccept } from "./transport.ts";

/** How a TCP listener is opened. */
export interface ListenOptions {
  /** Connections that may wait to be accepted, 1 and more; the system caps it. Default 1024. */
  readonly backlog?: number;
  /** Let several listeners share the port, the system spreads connections over them. Default false. */
  readonly reusePort?: boolean;
  /** An IPv6 listener takes no IPv4. Default false. */
  readonly v6Only?: boolean;
  /**
   * Told when the system has a connection and does not hand it over: `EMFILE`, `ENFILE`, `ENOBUFS`, `ENOMEM` when it
   * is out of descriptors or memory; `EBADF`, `EINVAL` when the listener itself is broken. Then the listener rests for
   * {@link ACCEPT_RETRY_MS} and tries again; this is called once per rest. A connection that died in the system's
   * queue is none of these. Default: one line of `console.warn`, the next one after a connection has come in.
   */
  readonly onAcceptError?: ((error: IoError) => void) | undefined;
}

/** Default of {@link ListenOptions.backlog}. */
export const DEFAULT_BACKLOG = 1024;

/**
 * Milliseconds for which a listener rests when the system has no descriptor or memory for another connection.
 * Without it a level-triggered listener would spin.
 */
export const ACCEPT_RETRY_MS = 50;

/** Ends the rest of a listener. */
export class RetryTimer extends TimerEntry {
  readonly #retry: () => void;

  /** @param retry What to do when it is over. */
  constructor(retry: () => void) {
    super();
    this.#retry = retry;
  }

  /** See {@link TimerEntry.fire}. */
  override fire(): void {
    this.#retry();
  }
}

/** The backlog to ask for. @throws {RangeError} Unless it is an integer of 1 or more. */
export function checkBacklog(backlog: number = DEFAULT_BACKLOG): number {
  if (!Number.isInteger(backlog) || backlog < 1) {
    throw new RangeError(`backlog "${backlog}" is not an integer >= 1`);
  }
  return backlog;
}

/** Tells of the failures of one listener. */
export class AcceptFaults {
  readonly #tell: ((error: IoError) => void) | undefined;
  #warned = false;

  /** As the options say, or by the console. */
  constructor(options: ListenOptions) {
    this.#tell = options.onAcceptError;
  }

  /** It failed, and rests now. */
  tell(error: IoError): void {
    if (this.#tell !== undefined) return this.#tell(error);
    if (this.#warned) return;
    this.#warned = true;
    console.warn(`${error.message}; trying again every ${ACCEPT_RETRY_MS} ms`);
  }

  /** A connection has come in. */
  end(): void {
    this.#warned = false;
  }
}

/** Accepts connections and hands them out as transports. */
export class TcpAcceptor implements Source, Acceptor {
  /** See {@link Acceptor.backend}. */
  readonly backend = "native";
  /** Where it listens; with the port that the system chose. */
  readonly localAddr: SocketAddr;
  readonly #time: TimeDriver;
  /** Kept: a runtime that was closed has none any more. */
  readonly #reactor: Reactor;
  readonly #onAccept: OnAccept;
  readonly #faults: AcceptFaults;
  readonly #fd: number;
  readonly #token: number;
  readonly #retry: RetryTimer;
  #paused = false;
  #resting = false;
  #closed = false;
  /** Descriptors that the call in progress accepted after pause(). */
  readonly #held: number[] = [];

  /**
   * Listen on an address; connections come in from the next turn on.
   *
   * @throws {IoError} `EADDRINUSE`, `EACCES`, `EADDRNOTAVAIL`, with the address.
   */
  constructor(runtime: Runtime, addr: SocketAddr, options: ListenOptions, onAccept: OnAccept) {
    const { reactor } = runtime;
    const bytes = new Uint8Array(ADDRESS_BYTES);
    addr.encode(bytes);
    const flags = (options.reusePort ? LISTEN_REUSE_PORT : 0) | (options.v6Only ? LISTEN_V6_ONLY : 0);
    const backlog = checkBacklog(options.backlog);
    this.#fd = expectResult(reactor.native.tcpListen(bytes, backlog, flags), "listen", addr.toString());
    expectResult(reactor.native.localAddress(this.#fd, bytes), "getsockname");
    this.localAddr = SocketAddr.decode(bytes);
    this.#time = runtime.time;
    this.#reactor = reactor;
    this.#onAccept = onAccept;
    this.#faults = new AcceptFaults(options);
    this.#retry = new RetryTimer(() => this.#endRest());
    this.#token = reactor.add(this, this.#fd, READABLE | LEVEL, KIND_LISTENER);
  }

  /** For the reactor. */
  complete(operation: number, result: number): void {
    // A listener that is not watched would be deaf without a word: the runtime reports what is thrown here.
    if (operation !== OP_ACCEPT) {
      if (result < 0) throw new IoError("epoll_ctl", -result, this.localAddr.toString());
      return;
    }
    if (result < 0) return this.#rest(new IoError("accept", -result, this.localAddr.toString()));
    this.#faults.end();
    if (this.#paused) this.#held.push(result);
    else this.#onAccept(new TcpSocket(this.#reactor, result));
  }

  /** Out of descriptors or memory: connections wait in the system's queue until there may be some again. */
  #rest(error: IoError): void {
    if (this.#resting) return;
    this.#resting = true;
    this.#watch();
    this.#time.schedule(this.#retry, ACCEPT_RETRY_MS);
    this.#faults.tell(error);
  }

  #endRest(): void {
    this.#resting = false;
    this.#watch();
  }

  #watch(): void {
    if (this.#closed) return;
    const accepting = !this.#paused && !this.#resting;
    this.#reactor.queue(
      OP_MODIFY,
      this.#fd,
      this.#token,
      accepting ? READABLE | LEVEL : 0,
      accepting ? KIND_LISTENER : KIND_READINESS,
    );
  }

  /** See {@link Acceptor.pause}. */
  pause(): void {
    if (this.#paused) return;
    this.#paused = true;
    this.#watch();
  }

  /** See {@link Acceptor.resume}. */
  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    while (this.#held.length > 0 && !this.#paused) {
      this.#onAccept(new TcpSocket(this.#reactor, this.#held.shift()!));
    }
    if (!this.#paused) this.#watch();
  }

  /** See {@link Acceptor.close}. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#time.cancel(this.#retry);
    const reactor = this.#reactor;
    for (const fd of this.#held.splice(0)) reactor.native.close(fd);
    reactor.close(this.#token, this.#fd);
    // At once: nobody is to connect to what has ended.
    reactor.flush();
  }

  /** For the reactor: it ends. */
  abandon(): void {
    this.close();
  }
}
