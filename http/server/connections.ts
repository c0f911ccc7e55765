/**
 * The connections of one server, and what they share.
 * @module
 */
import type { Transport } from "../../net/transport.ts";
import type { Runtime } from "../../runtime/runtime.ts";
import type { HostLoop } from "../../runtime/task/host_loop.ts";
import type { TimeDriver } from "../../runtime/time/driver.ts";
import type {
  ErrorHandler,
  Handler,
  RefusalHandler,
  ServedConnection,
  ServerContext,
  ServerCounters,
} from "../driver/context.ts";
import { DateCache } from "../driver/date.ts";
import { DecoderPool } from "../driver/decoder_pool.ts";
import { H1Connection } from "../driver/h1_connection.ts";
import { HeadWriter } from "../driver/head_writer.ts";
import type { ServeLimits } from "./options.ts";

/** What a server decides for its connections. */
export interface ConnectionsInit
  extends Pick<ServerContext, "handler" | "onError" | "onRefuse" | "limits" | "methods"> {
  /** Where it runs. */
  readonly runtime: Runtime;
  /** The last free place was taken (`true`), or there is one again. */
  readonly onFull: (full: boolean) => void;
}

/** Opens, counts and ends connections. */
export class Connections implements ServerContext {
  /** See {@link ServerContext.handler}. */
  readonly handler: Handler;
  /** See {@link ServerContext.onError}. */
  readonly onError: ErrorHandler;
  /** See {@link ServerContext.onRefuse}. */
  readonly onRefuse: RefusalHandler;
  /** See {@link ServerContext.limits}. */
  readonly limits: ServeLimits;
  /** See {@link ServerContext.methods}. */
  readonly methods: ReadonlySet<string>;
  /** See {@link ServerContext.host}. */
  readonly host: HostLoop;
  /** See {@link ServerContext.time}. */
  readonly time: TimeDriver;
  /** See {@link ServerContext.decoders}. */
  readonly decoders: DecoderPool;
  /** See {@link ServerContext.heads}. */
  readonly heads: HeadWriter = new HeadWriter(new DateCache());
  /** See {@link ServerContext.counters}. */
  readonly counters: ServerCounters = { connections: 0, accepted: 0, requests: 0, refused: 0, failed: 0 };
  /** See {@link ServerContext.isDraining}. */
  isDraining = false;
  /** See {@link ServerContext.scheme}. */
  readonly scheme = "http";
  readonly #onFull: (full: boolean) => void;
  readonly #open = new Set<ServedConnection>();
  #isFull = false;
  #onEmpty: (() => void) | undefined;

  /** @param init What the server decides. */
  constructor(init: ConnectionsInit) {
    this.handler = init.handler;
    this.onError = init.onError;
    this.onRefuse = init.onRefuse;
    this.limits = init.limits;
    this.methods = init.methods;
    this.host = init.runtime.host;
    this.time = init.runtime.time;
    this.decoders = new DecoderPool(init.limits);
    this.#onFull = init.onFull;
  }

  /** Serve a new connection. */
  accept(transport: Transport): void {
    this.#open.add(new H1Connection(this, transport));
    this.counters.accepted++;
    this.counters.connections++;
    if (this.counters.connections >= this.limits.maxConnections) this.#setFull(true);
  }

  /** See {@link ServerContext.closed}. */
  closed(connection: ServedConnection): void {
    if (!this.#open.delete(connection)) return;
    this.counters.connections--;
    if (this.counters.connections < this.limits.maxConnections) this.#setFull(false);
    if (this.#open.size === 0) this.#onEmpty?.();
  }

  #setFull(full: boolean): void {
    if (full === this.#isFull || this.isDraining) return;
    this.#isFull = full;
    this.#onFull(full);
  }

  /** Let every response under way be the last of its connection; resolves when all are closed. */
  async drain(deadlineMs: number): Promise<void> {
    this.isDraining = true;
    const empty = new Promise<void>((resolve) => this.#onEmpty = resolve);
    for (const connection of [...this.#open]) connection.drain();
    if (this.#open.size === 0) return;
    const timer = deadlineMs === Infinity ? undefined : setTimeout(() => this.#cutOff(), deadlineMs);
    await empty;
    clearTimeout(timer);
  }

  #cutOff(): void {
    for (const connection of [...this.#open]) connection.abort();
  }
}
