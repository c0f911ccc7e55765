/**
 * `serve`: a handler behind a listening socket.
 * @module
 */
import type { NativeLoadError } from "../../ffi/load.ts";
import { SocketAddr } from "../../net/addr.ts";
import type { BackendOptions } from "../../net/backend.ts";
import { listen } from "../../net/listen.ts";
import type { ListenOptions } from "../../net/tcp_acceptor.ts";
import type { Acceptor, Backend } from "../../net/transport.ts";
import { Runtime } from "../../runtime/runtime.ts";
import type { ErrorHandler, Handler, RefusalHandler, ServerCounters } from "../driver/context.ts";
import { plainResponse } from "../driver/refuse.ts";
import { Connections } from "./connections.ts";
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
  /**
   * Makes the answer to what the server itself refuses, malformed, too large or too slow, before or while the handler
   * has it. Default: the status as plain text.
   */
  readonly onRefuse?: RefusalHandler;
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
export class Server implements AsyncDisposable {
  /** The limits in force. */
  readonly limits: ServeLimits;
  /** Resolves when the server has shut down. */
  readonly finished: Promise<void>;
  readonly #runtime: Runtime;
  readonly #connections: Connections;
  readonly #acceptor: Acceptor;
  readonly #resolveFinished: () => void;
  #shutdown: Promise<void> | undefined;

  /** Use {@link serve}, which says what the parameters are. */
  constructor(handler: Handler, options: ServeOptions) {
    if (typeof handler !== "function") throw new TypeError("serve wants a handler: (request) => Response");
    const { signal } = options;
    signal?.throwIfAborted();
    this.limits = resolveLimits(options);
    this.#runtime = options.runtime ?? Runtime.current();
    const finished = Promise.withResolvers<void>();
    this.finished = finished.promise;
    this.#resolveFinished = finished.resolve;
    this.#connections = new Connections({
      handler,
      onError: options.onError ?? reportAndAnswer,
      onRefuse: options.onRefuse ?? plainResponse,
      limits: this.limits,
      methods: new Set(options.methods ?? []),
      runtime: this.#runtime,
      onFull: (full) => full ? this.#acceptor.pause() : this.#acceptor.resume(),
    });
    this.#acceptor = listen(
      this.#runtime,
      SocketAddr.from(options.hostname ?? "127.0.0.1", options.port ?? 3000),
      { ...options, onFallback: options.onFallback ?? warnFallback },
      (transport) => this.#connections.accept(transport),
    );
    signal?.addEventListener("abort", () => void this.shutdown(), { once: true });
    try {
      options.onListen?.(this);
    } catch (error) {
      this.#acceptor.close();
      throw error;
    }
  }

  /** Where it listens, with the port that the system chose. */
  get addr(): SocketAddr {
    return this.#acceptor.localAddr;
  }

  /** Whose sockets it uses: `native` or `host`. */
  get backend(): Backend {
    return this.#acceptor.backend;
  }

  /** The address as a URL, without a slash at the end. */
  get url(): string {
    return `http://${this.addr}`;
  }

  /** What happened so far. */
  stats(): ServerStats {
    return { ...this.#connections.counters };
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
    this.#acceptor.close();
    await this.#connections.drain(deadlineMs);
    await this.#runtime.quiesce();
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
