/**
 * `serve`: a handler behind a listening socket.
 * @module
 */
import type { NativeLoadError } from "../../ffi/load.ts";
import { SocketAddr } from "../../net/addr.ts";
import type { BackendOptions } from "../../net/backend.ts";
import { listen } from "../../net/listen.ts";
import type { ListenOptions } from "../../net/tcp_acceptor.ts";
import type { Acceptor, Transport } from "../../net/transport.ts";
import { Runtime } from "../../runtime/runtime.ts";
import type {
  ErrorHandler,
  Handler,
  ServedConnection,
  ServerContext,
  ServerCounters,
} from "../driver/context.ts";
import { DateCache } from "../driver/date.ts";
import { DecoderPool } from "../driver/decoder_pool.ts";
import { H1Connection } from "../driver/h1_connection.ts";
import { HeadWriter } from "../driver/head_writer.ts";
import { plainResponse } from "../driver/refuse.ts";
import { resolveLimits, type ServeLimits } from "./options.ts";

/** How a server is started; with every limit of {@link ServeLimits}. */
export interface ServeOptions extends Partial<ServeLimits>, ListenOptions, BackendOptions {
  /** A numeric address, or `localhost`. Default `127.0.0.1`: reachable from this machine only. */
  readonly hostname?: string;
  /** 0 to 65535; 0 lets the system choose. Default 3000. */
  readonly port?: number;
  /** Methods that the handler takes besides those of RFC 9110 and PATCH; others are answered 501. */
  readonly methods?: readonly string[];
  /** Answers for a handler that threw. Default: a plain 500, and the error on the console. */
  readonly onError?: ErrorHandler;
  /** Called once the server accepts connections. */
  readonly onListen?: (server: Server) => void;
  /** Aborting it shuts the server down. */
  readonly signal?: AbortSignal;
  /** Where it runs. Default: the process's runtime. */
  readonly runtime?: Runtime;
}

/** How {@link Server.shutdown} proceeds. */
export interface ShutdownOptions {
  /** After this long what is still open is cut off, milliseconds >= 0. Default 10,000; `Infinity`: never. */
  readonly deadlineMs?: number;
}

/** What {@link Server.stats} tells. */
export type ServerStats = Readonly<ServerCounters>;

/** Default of {@link ShutdownOptions.deadlineMs}. */
export const SHUTDOWN_DEADLINE_MS = 10_000;

/**
 * A running server; made by {@link serve}.
 *
 * It keeps the process alive until it is shut down.
 */
export class Server implements ServerContext, AsyncDisposable {
  /** For its connections. */
  readonly handler: Handler;
  /** For its connections. */
  readonly onError: ErrorHandler;
  /** The limits in force. */
  readonly limits: ServeLimits;
  /** For its connections. */
  readonly methods: ReadonlySet<string>;
  /** For its connections. */
  readonly decoders: DecoderPool;
  /** For its connections. */
  readonly heads: HeadWriter = new HeadWriter(new DateCache());
  /** For its connections. */
  readonly counters: ServerCounters = { connections: 0, accepted: 0, requests: 0, refused: 0, failed: 0 };
  /** Resolves when the server has shut down. */
  readonly finished: Promise<void>;
  readonly #runtime: Runtime;
  readonly #acceptor: Acceptor;
  readonly #connections = new Set<ServedConnection>();
  #isDraining = false;
  #isFull = false;
  #shutdown: Promise<void> | undefined;
  #onEmpty: (() => void) | undefined;
  #resolveFinished!: () => void;

  /** Use {@link serve}. */
  constructor(handler: Handler, options: ServeOptions) {
    if (typeof handler !== "function") throw new TypeError("serve wants a handler: (request) => Response");
    const { hostname, port, methods, onError, onListen, signal, onFallback, runtime } = options;
    this.limits = resolveLimits(options);
    this.decoders = new DecoderPool(this.limits);
    this.handler = handler;
    this.onError = onError ?? reportAndAnswer;
    this.methods = new Set(methods ?? []);
    this.#runtime = runtime ?? Runtime.current();
    this.finished = new Promise((resolve) => this.#resolveFinished = resolve);
    signal?.throwIfAborted();
    this.#acceptor = listen(
      this.#runtime,
      SocketAddr.from(hostname ?? "127.0.0.1", port ?? 3000),
      { ...options, onFallback: onFallback ?? warnFallback },
      (transport) => this.#accept(transport),
    );
    signal?.addEventListener("abort", () => void this.shutdown(), { once: true });
    onListen?.(this);
  }

  /** For its connections. */
  get host(): Runtime["host"] {
    return this.#runtime.host;
  }

  /** For its connections. */
  get time(): Runtime["time"] {
    return this.#runtime.time;
  }

  /** For its connections. */
  get scheme(): "http" {
    return "http";
  }

  /** Is it shutting down? */
  get isDraining(): boolean {
    return this.#isDraining;
  }

  /** Where it listens, with the port that the system chose. */
  get addr(): SocketAddr {
    return this.#acceptor.localAddr;
  }

  /** `native` or `host`: whose sockets it uses. */
  get backend(): Acceptor["backend"] {
    return this.#acceptor.backend;
  }

  /** The address as a URL, without a slash at the end. */
  get url(): string {
    return `http://${this.addr}`;
  }

  #accept(transport: Transport): void {
    this.#connections.add(new H1Connection(this, transport));
    this.counters.accepted++;
    this.counters.connections++;
    if (this.counters.connections >= this.limits.maxConnections && !this.#isFull) {
      this.#isFull = true;
      this.#acceptor.pause();
    }
  }

  /** For its connections. */
  closed(connection: ServedConnection): void {
    if (!this.#connections.delete(connection)) return;
    this.counters.connections--;
    if (this.#isFull && !this.#isDraining) {
      this.#isFull = false;
      this.#acceptor.resume();
    }
    if (this.#connections.size === 0) this.#onEmpty?.();
  }

  /** What happened so far. */
  stats(): ServerStats {
    return { ...this.counters };
  }

  /**
   * Stop accepting, let every response under way be the last of its connection, and resolve when all are closed.
   * Calling it again returns the same Promise.
   */
  shutdown(options: ShutdownOptions = {}): Promise<void> {
    const deadlineMs = options.deadlineMs ?? SHUTDOWN_DEADLINE_MS;
    if (!(deadlineMs >= 0)) throw new RangeError(`deadlineMs "${deadlineMs}" is not a number >= 0`);
    return this.#shutdown ??= this.#drain(deadlineMs).finally(this.#resolveFinished);
  }

  async #drain(deadlineMs: number): Promise<void> {
    this.#isDraining = true;
    this.#acceptor.close();
    const empty = new Promise<void>((resolve) => this.#onEmpty = resolve);
    for (const connection of [...this.#connections]) connection.drain();
    if (this.#connections.size > 0) {
      const timer = deadlineMs === Infinity ? undefined : setTimeout(() => this.#cutOff(), deadlineMs);
      await empty;
      clearTimeout(timer);
    }
    await this.#runtime.quiesce();
  }

  #cutOff(): void {
    for (const connection of [...this.#connections]) connection.abort();
  }

  /** Same as {@link shutdown}. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.shutdown();
  }
}

const reportAndAnswer: ErrorHandler = (error, request) => {
  console.error(`${request.method} ${request.path} failed:`, error);
  return plainResponse(500);
};

function warnFallback(error: NativeLoadError): void {
  console.warn(`millrace: using the host's sockets, slower: ${error.message}`);
}

/**
 * Serve a handler over HTTP/1.1.
 *
 * Any `(Request) => Response` will do, ours or the platform's, at once or as a Promise.
 *
 * @throws {IoError} `EADDRINUSE`, `EACCES`, with the address. @throws {RangeError} For a bad option.
 *
 * @example
 * ```ts
 * import { Response, serve } from "@millrace/millrace/http";
 *
 * await using server = serve(() => Response.text("Hello, World!"), { port: 0, backend: "host" });
 * const answer = await fetch(server.url);
 * if (await answer.text() !== "Hello, World!") throw new Error("a greeting was expected");
 * ```
 */
export function serve(handler: Handler, options: ServeOptions = {}): Server {
  return new Server(handler, options);
}
