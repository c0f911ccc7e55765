/**
 * A transport that misbehaves on purpose, around any other: what a protocol has to stand, in every combination.
 * @module
 */
import { errno } from "../../ffi/errno.ts";
import type { Bytes } from "../../ffi/native.ts";
import type { SocketAddr } from "../../net/addr.ts";
import type { Transport, TransportHandler } from "../../net/transport.ts";
import { IoError } from "../../runtime/errors.ts";

/** What goes wrong; nothing by default. */
export interface TransportFaults {
  /** Bytes per `onData` at most, 1 and more. */
  readonly maxDelivery?: number;
  /** Bytes that are taken at once, 1 and more: `trySend` is short, what was committed trickles. */
  readonly maxSend?: number;
  /** Every n-th call of `trySend` takes nothing and blocks, although there is room. */
  readonly blockEvery?: number;
  /** The connection breaks when so many bytes were delivered: `ECONNRESET`, and the peer sees a reset. */
  readonly resetAfterReceived?: number;
  /** The connection breaks when so many bytes were sent. */
  readonly resetAfterSent?: number;
  /** The peer seems to end after so many bytes; what it sends later is dropped. */
  readonly endAfterReceived?: number;
}

const NO_HANDLER: TransportHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

/**
 * A {@link Transport} over another one, with {@link TransportFaults}. It keeps the promises of the port: no callback
 * inside one of its own calls, `onClose` last and once, bytes whole and in order up to the break.
 */
export class FaultyTransport implements Transport {
  handler: TransportHandler = NO_HANDLER;
  /** Calls of `onData` so far. */
  deliveries = 0;
  readonly #inner: Transport;
  readonly #faults: Required<TransportFaults>;
  #received = 0;
  #sent = 0;
  #sends = 0;
  #ended = false;
  #gone = false;
  #blocked = false;
  #trickling = false;
  #backlog: Bytes[] = [];
  #ending: "endWriting" | "close" | undefined;

  /** @param inner A transport before its first turn; it belongs to this one now. */
  constructor(inner: Transport, faults: TransportFaults) {
    this.#inner = inner;
    this.#faults = {
      maxDelivery: Infinity,
      maxSend: Infinity,
      blockEvery: 0,
      resetAfterReceived: Infinity,
      resetAfterSent: Infinity,
      endAfterReceived: Infinity,
      ...faults,
    };
    inner.handler = {
      onData: (bytes, start, end) => this.#deliver(bytes, start, end),
      onEnd: () => this.#end(),
      onDrain: () => this.#trickleSoon(),
      onClose: (error) => this.#close(error),
    };
  }

  // ---- receiving ----

  #deliver(bytes: Bytes, start: number, end: number): void {
    const { maxDelivery, resetAfterReceived, endAfterReceived } = this.#faults;
    let at = start;
    while (at < end && !this.#gone && !this.#ended) {
      const limit = Math.min(resetAfterReceived, endAfterReceived) - this.#received;
      const to = Math.min(end, at + maxDelivery, at + limit);
      if (to > at) {
        this.#received += to - at;
        this.deliveries++;
        this.handler.onData(bytes, at, to);
        at = to;
      }
      if (this.#received >= endAfterReceived) this.#end();
      if (this.#received >= resetAfterReceived) this.#break("recv");
    }
  }

  #end(): void {
    if (this.#ended || this.#gone) return;
    this.#ended = true;
    this.handler.onEnd();
  }

  #break(syscall: string): void {
    if (this.#gone) return;
    this.#inner.abort();
    this.#close(new IoError(syscall, errno("ECONNRESET")));
  }

  #close(error: Error | undefined): void {
    if (this.#gone) return;
    this.#gone = true;
    this.#backlog = [];
    this.handler.onClose(error);
  }

  // ---- sending ----

  get output(): Bytes {
    return this.#inner.output;
  }

  get isBlocked(): boolean {
    return this.#blocked || this.#inner.isBlocked;
  }

  get isClosed(): boolean {
    return this.#gone || this.#ending === "close" || this.#inner.isClosed;
  }

  begin(maxBytes: number): number {
    return this.#inner.begin(maxBytes);
  }

  commit(from: number, to: number): void {
    const { maxSend, resetAfterSent } = this.#faults;
    if (maxSend === Infinity && resetAfterSent === Infinity && this.#backlog.length === 0) {
      return this.#inner.commit(from, to);
    }
    // The room is given back unused: what was written leaves by another way.
    this.#inner.commit(from, from);
    if (from === to || this.isClosed) return;
    this.#backlog.push(this.output.slice(from, to));
    this.#blocked = true;
    this.#trickleSoon();
  }

  trySend(bytes: Bytes, start: number, end: number): number {
    if (this.isBlocked || this.isClosed || start === end) return 0;
    const { blockEvery } = this.#faults;
    const refused = blockEvery > 0 && ++this.#sends % blockEvery === 0;
    const count = refused ? 0 : this.#send(bytes, start, end);
    if (count < end - start && !this.#inner.isBlocked) {
      this.#blocked = true;
      this.#trickleSoon();
    }
    return count;
  }

  #send(bytes: Bytes, start: number, end: number): number {
    const { maxSend, resetAfterSent } = this.#faults;
    const wanted = Math.min(end - start, maxSend, resetAfterSent - this.#sent);
    const count = wanted > 0 ? this.#inner.trySend(bytes, start, start + wanted) : 0;
    this.#sent += count;
    if (this.#sent >= resetAfterSent) queueMicrotask(() => this.#break("send"));
    return count;
  }

  #trickleSoon(): void {
    if (this.#trickling || this.#gone) return;
    this.#trickling = true;
    queueMicrotask(() => {
      this.#trickling = false;
      this.#trickle();
    });
  }

  /** Send one piece more; when nothing is left, there is room again. */
  #trickle(): void {
    if (this.#gone || this.#inner.isBlocked) return;
    const bytes = this.#backlog[0];
    if (bytes !== undefined) {
      const count = this.#send(bytes, 0, bytes.length);
      if (count === bytes.length) this.#backlog.shift();
      else this.#backlog[0] = bytes.subarray(count);
      if (!this.#inner.isBlocked) this.#trickleSoon();
      return;
    }
    this.#blocked = false;
    if (this.#ending === undefined) this.handler.onDrain();
    else this.#inner[this.#ending]();
  }

  // ---- the rest ----

  pauseReading(): void {
    this.#inner.pauseReading();
  }

  resumeReading(): void {
    this.#inner.resumeReading();
  }

  endWriting(): void {
    this.#finish("endWriting");
  }

  close(): void {
    this.#finish("close");
  }

  #finish(how: "endWriting" | "close"): void {
    if (this.isClosed) return;
    this.#ending = how;
    if (this.#backlog.length === 0) this.#inner[how]();
  }

  abort(): void {
    this.#backlog = [];
    this.#inner.abort();
  }

  localAddr(): SocketAddr {
    return this.#inner.localAddr();
  }

  peerAddr(): SocketAddr {
    return this.#inner.peerAddr();
  }
}
