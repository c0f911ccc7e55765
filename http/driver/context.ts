/**
 * What the connections of one server share.
 * @module
 */
import type { HostLoop } from "../../runtime/task/host_loop.ts";
import type { TimeDriver } from "../../runtime/time/driver.ts";
import type { Request } from "../request.ts";
import type { Response } from "../response.ts";
import type { ServeLimits } from "../server/options.ts";
import type { DecoderPool } from "./decoder_pool.ts";
import type { HeadWriter } from "./head_writer.ts";

/** Answers a request, at once or later. */
export type Handler = (
  request: Request,
) => Response | globalThis.Response | Promise<Response | globalThis.Response>;

/** Answers for a handler that failed. Its own failure becomes a plain 500. */
export type ErrorHandler = (
  error: unknown,
  request: Request,
) => Response | globalThis.Response | Promise<Response | globalThis.Response>;

/**
 * Makes the response for a request that the server itself refuses: it is malformed, too large or too slow.
 *
 * @param status What it is answered. @param path The path as sent, `undefined` where the head was not understood.
 */
export type RefusalHandler = (status: number, path: string | undefined) => Response;

/** Counters of a server; only ever rising, but for the open connections. */
export interface ServerCounters {
  /** Connections that are open. */
  connections: number;
  /** Connections that were accepted. */
  accepted: number;
  /** Requests whose head was accepted. */
  requests: number;
  /** Requests that were refused: malformed, over a limit, too slow. */
  refused: number;
  /** Handlers that threw or rejected. */
  failed: number;
}

/** A connection as its server sees it. */
export interface ServedConnection {
  /** End after the response that is under way, or now if there is none. */
  drain(): void;
  /** End now. */
  abort(): void;
}

/** One per server. */
export interface ServerContext {
  /** The user's handler. */
  readonly handler: Handler;
  /** Called when it fails. */
  readonly onError: ErrorHandler;
  /** Makes the response for a request that is refused before the handler sees it, or in the middle of its content. */
  readonly onRefuse: RefusalHandler;
  /** What is put up with. */
  readonly limits: ServeLimits;
  /** Method names besides the registered eight and PATCH that reach the handler. */
  readonly methods: ReadonlySet<string>;
  /** The host's loop: told while a handler's Promise is awaited. */
  readonly host: HostLoop;
  /** The runtime's timers. */
  readonly time: TimeDriver;
  /** Decoders that no connection needs at the moment. */
  readonly decoders: DecoderPool;
  /** The heads of responses. */
  readonly heads: HeadWriter;
  /** What happened so far. */
  readonly counters: ServerCounters;
  /** Is the server shutting down? Then every response is its connection's last. */
  readonly isDraining: boolean;
  /** `http`, or `https` above TLS. */
  readonly scheme: "http" | "https";
  /** A connection is gone. */
  closed(connection: ServedConnection): void;
}
