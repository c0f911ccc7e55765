/**
 * A connection whose transport drops what it is given: for benches.
 * @module
 */
import type { Bytes } from "../../../ffi/native.ts";
import { MAX_BEGIN, type Transport, type TransportHandler } from "../../../net/transport.ts";
import { SocketAddr } from "../../../net/addr.ts";
import { HostLoop } from "../../../runtime/task/host_loop.ts";
import { TimeDriver } from "../../../runtime/time/driver.ts";
import { systemClock } from "../../../runtime/time/clock.ts";
import { SERVE_LIMITS, type ServeLimits } from "../../server/options.ts";
import type { ErrorHandler, Handler, RefusalHandler, ServerContext, ServerCounters } from "../context.ts";
import { DateCache } from "../date.ts";
import { DecoderPool } from "../decoder_pool.ts";
import { H1Connection } from "../h1_connection.ts";
import { HeadWriter } from "../head_writer.ts";
import { plainResponse } from "../refuse.ts";

/** The bytes of an ASCII text. */
export function bytesOf(text: string): Bytes {
  return new TextEncoder().encode(text);
}

class Sink implements Transport {
  handler!: TransportHandler;
  readonly output: Bytes = new Uint8Array(4 * MAX_BEGIN);
  readonly isBlocked = false;
  readonly isClosed = false;
  commits = 0;
  onCommit: (() => void) | undefined;

  begin(): number {
    return 0;
  }
  commit(): void {
    this.commits++;
    this.onCommit?.();
  }
  trySend(_bytes: Bytes, start: number, end: number): number {
    return end - start;
  }
  pauseReading(): void {}
  resumeReading(): void {}
  endWriting(): void {
    throw new Error("the connection ended");
  }
  close(): void {
    throw new Error("the connection closed");
  }
  abort(): void {
    throw new Error("the connection broke");
  }
  localAddr(): SocketAddr {
    return SocketAddr.parse("127.0.0.1:1");
  }
  peerAddr(): SocketAddr {
    return SocketAddr.parse("127.0.0.1:2");
  }
}

/** One connection and its server. */
export class BenchServer implements ServerContext {
  readonly handler: Handler;
  readonly onError: ErrorHandler = () => plainResponse(500);
  readonly onRefuse: RefusalHandler = plainResponse;
  readonly limits: ServeLimits = SERVE_LIMITS;
  readonly methods: ReadonlySet<string> = new Set();
  readonly time: TimeDriver = new TimeDriver(systemClock);
  readonly host: HostLoop = new HostLoop();
  readonly decoders: DecoderPool = new DecoderPool(SERVE_LIMITS);
  readonly heads: HeadWriter = new HeadWriter(new DateCache());
  readonly counters: ServerCounters = { connections: 1, accepted: 1, requests: 0, refused: 0, failed: 0 };
  readonly isDraining = false;
  readonly scheme = "http";
  readonly #sink = new Sink();
  readonly #connection: H1Connection;

  constructor(handler: Handler) {
    this.handler = handler;
    this.#connection = new H1Connection(this, this.#sink);
  }

  closed(): void {}

  /** As the reactor would. */
  deliver(bytes: Bytes): void {
    this.#connection.onData(bytes, 0, bytes.length);
  }

  /** Deliver one request and wait for the last commit of its response. */
  async exchange(bytes: Bytes): Promise<void> {
    const { counters } = this;
    const before = counters.requests;
    this.deliver(bytes);
    // Microtasks only: nothing here waits for a socket.
    for (let idle = 0; idle < 20; idle++) await null;
    if (counters.requests !== before + 1) throw new Error("not answered");
  }
}
