/**
 * One connection over a transport in memory and a clock that stands still, for tests.
 * @module
 */
import { assertEquals } from "@std/assert";
import type { Transport } from "../../../net/transport.ts";
import { VirtualClock } from "../../../runtime/time/clock.ts";
import { HostLoop } from "../../../runtime/task/host_loop.ts";
import { TimeDriver } from "../../../runtime/time/driver.ts";
import type { Request } from "../../request.ts";
import type { Response } from "../../response.ts";
import { resolveLimits, type ServeLimits } from "../../server/options.ts";
import { parseResponses, type WireResponse } from "../../testing/wire.ts";
import type { ErrorHandler, Handler, RefusalHandler, ServerContext, ServerCounters } from "../context.ts";
import { DateCache } from "../date.ts";
import { DecoderPool } from "../decoder_pool.ts";
import { H1Connection } from "../h1_connection.ts";
import { HeadWriter } from "../head_writer.ts";
import { plainResponse } from "../refuse.ts";
import { type FakeTransport, Peer } from "./fake_transport.ts";

/** How the server is to be. */
export interface DrivenOptions extends Partial<ServeLimits> {
  readonly onError?: ErrorHandler;
  readonly methods?: readonly string[];
  /** A transport around the one in memory. */
  readonly wrap?: (transport: Transport) => Transport;
}

/** A rejection that nobody handled is a fault of the driver, whatever the test is about. */
const escaped: unknown[] = [];
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  escaped.push(event.reason);
});

/** The time of day of the first response. */
export const WALL_START: number = Date.UTC(2026, 0, 2, 3, 4, 5);

/** A turn of the host's loop: every Promise that can go on has done so. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** The connection, its peer, and what its server would know. */
export class Driven implements ServerContext, AsyncDisposable {
  readonly handler: Handler;
  readonly onError: ErrorHandler;
  onRefuse: RefusalHandler = plainResponse;
  readonly limits: ServeLimits;
  readonly methods: ReadonlySet<string>;
  readonly clock: VirtualClock = new VirtualClock(1000);
  readonly time: TimeDriver = new TimeDriver(this.clock);
  readonly heads: HeadWriter = new HeadWriter(new DateCache(() => WALL_START + this.clock.nowMs() - 1000));
  readonly counters: ServerCounters = { connections: 1, accepted: 1, requests: 0, refused: 0, failed: 0 };
  readonly host: HostLoop = new HostLoop();
  readonly decoders: DecoderPool;
  readonly scheme = "http";
  readonly peer: Peer = new Peer();
  readonly transport: FakeTransport = this.peer.transport;
  /** What onError was called with. */
  readonly errors: unknown[] = [];
  readonly connection: H1Connection;
  isDraining = false;
  /** How often the connection said that it is gone. */
  closedCount = 0;

  constructor(handler: Handler, options: DrivenOptions = {}) {
    const { onError, methods, wrap, ...limits } = options;
    this.handler = handler;
    this.limits = resolveLimits(limits);
    this.methods = new Set(methods ?? []);
    this.decoders = new DecoderPool(this.limits);
    this.onError = (error, request) => {
      this.errors.push(error);
      return onError === undefined ? plainResponse(500) : onError(error, request);
    };
    this.connection = new H1Connection(this, wrap?.(this.transport) ?? this.transport);
  }

  closed(): void {
    this.closedCount++;
  }

  /** Send, and let all that follows happen. */
  async send(...pieces: (string | Uint8Array)[]): Promise<void> {
    this.peer.send(...pieces);
    await this.settle();
  }

  /** Let everything happen that needs no time. */
  async settle(): Promise<void> {
    for (let quiet = 0; quiet < 3; quiet++) {
      this.peer.pump();
      await turn();
    }
    this.peer.pump();
  }

  /** Settle until `condition` holds; some thousand turns at most. */
  async until(condition: () => boolean): Promise<void> {
    for (let turns = 0; !condition(); turns++) {
      if (turns === 10_000) throw new Error("it did not come about");
      this.peer.pump();
      await turn();
    }
    await this.settle();
  }

  /** How many requests the peer sees answered, counted by their status lines. */
  get answered(): number {
    return this.peer.received.split("HTTP/1.1 ").length - 1;
  }

  /** Let `ms` pass, and let happen what is due then. */
  async advance(ms: number): Promise<void> {
    this.clock.advance(ms);
    this.time.fireExpired();
    await this.settle();
  }

  /** What the peer received, parsed. */
  responses(...methods: string[]): WireResponse[] {
    return parseResponses(this.peer.received, methods, this.peer.sawEnd);
  }

  /** The only response. */
  response(...methods: string[]): WireResponse {
    const responses = this.responses(...methods);
    assertEquals(responses.length, 1, this.peer.received.slice(0, 500));
    return responses[0];
  }

  /** Statuses in order, `100` among them. */
  get statuses(): number[] {
    return this.responses().map(({ status }) => status);
  }

  /** Breaks the connection if it is still there, and checks what must hold after every test. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (!this.peer.gone) this.peer.reset();
    await this.settle();
    assertEquals(this.closedCount, 1, "the server is told once that a connection is gone");
    assertEquals(this.time.size, 0, "a timer outlived its connection");
    assertEquals(escaped.splice(0), [], "a rejection escaped");
  }
}

/** A handler that answers when it is told to. */
export function patient(): {
  handler: (request: Request) => Promise<Response>;
  answer: (response: Response) => void;
  request: () => Request;
} {
  let resolve!: (response: Response) => void;
  let seen!: Request;
  return {
    handler: (request) => {
      seen = request;
      return new Promise((done) => resolve = done);
    },
    answer: (response) => resolve(response),
    request: () => seen,
  };
}

/** A request's head. */
export function head(line: string, ...fields: string[]): string {
  return [line, "Host: a", ...fields, "", ""].join("\r\n");
}

/** `GET path` without anything else. */
export function get(path: string, ...fields: string[]): string {
  return head(`GET ${path} HTTP/1.1`, ...fields);
}

/** A POST with a content-length. */
export function post(path: string, content: string, ...fields: string[]): string {
  return head(`POST ${path} HTTP/1.1`, `Content-Length: ${content.length}`, ...fields) + content;
}
