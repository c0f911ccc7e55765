/**
 * A connection on the host's own sockets: the {@link Transport} for where the native library is missing.
 * @module
 */
import type { Bytes } from "../ffi/native.ts";
import { ClosedError } from "../runtime/errors.ts";
import { enter, type Spawner } from "../runtime/task/spawner.ts";
import { SocketAddr } from "./addr.ts";
import { hostError } from "./host_error.ts";
import { MAX_BEGIN, type Transport, type TransportHandler } from "./transport.ts";

/** What a connection of the host has to offer: `Deno.TcpConn` does. */
export interface HostConn {
  /** Receives into `bytes`; `null` at the end of the stream. */
  read(bytes: Uint8Array): Promise<number | null>;
  /** Sends some of `bytes`. */
  write(bytes: Uint8Array): Promise<number>;
  /** Ends the writing half. */
  closeWrite(): Promise<void>;
  /** Closes; pending calls fail. */
  close(): void;
  /** Switches Nagle's algorithm off or on. */
  setNoDelay?(on: boolean): void;
  /** Switches keep-alive probes on or off. */
  setKeepAlive?(on: boolean): void;
  /** This side's address. */
  readonly localAddr: Deno.Addr;
  /** The peer's address. */
  readonly remoteAddr: Deno.Addr;
}

/** Unsent bytes above which a host connection counts as blocked. */
export const HOST_BACKLOG = 65_536;

// The host wants a buffer before it knows that there is something to read, so an idle connection owns one:
// it begins small, grows while reads fill it, and shrinks when they no longer do.
const READ_MIN = 2048;
const READ_MAX = 65_536;

const OPEN = 0;
/** Closes once everything has gone out. */
const CLOSING = 1;
const CLOSED = 2;

const NO_HANDLER: TransportHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

/** Encoding is synchronous, so that all connections share the room for it. */
let scratch: Bytes | undefined;

/**
 * Read `addr` of the host, which leaves out the interface of a link-local address (RFC 4007 §6): `scopeId` is the one
 * that the connection was opened on, as far as it is known.
 */
export function fromHostAddr(addr: Deno.Addr, scopeId = 0): SocketAddr {
  const { hostname, port } = addr as Deno.NetAddr;
  const isScoped = scopeId !== 0 && /^fe[89ab]/i.test(hostname);
  return SocketAddr.from(isScoped ? `${hostname}%${scopeId}` : hostname, port);
}

/** The host name by which the host finds `addr`. */
export function toHostName(addr: SocketAddr): string {
  return addr.scopeId === 0 ? addr.ip : `${addr.ip}%${addr.scopeId}`;
}

/** Small writes go out at once. A connection that has broken already may refuse: reading tells how it broke. */
export function sendAtOnce(conn: HostConn): void {
  try {
    conn.setNoDelay?.(true);
  } catch {
    // See above.
  }
}

/**
 * One connection of the host as a transport. Two things the host cannot do: `abort` closes without a reset
 * (the peer sees one only if it sent what was not read), and an idle connection owns a small read buffer.
 */
export class HostTransport implements Transport {
  /** See {@link Transport.handler}. */
  handler: TransportHandler = NO_HANDLER;
  readonly #runtime: Spawner;
  readonly #conn: HostConn;
  readonly #scopeId: number;
  #state = OPEN;
  // Reading: block[at) is handed out already, and never written again.
  #reading = true;
  #readLoopRuns = false;
  #ended = false;
  #block: Bytes = new Uint8Array(READ_MIN);
  #blockAt = 0;
  /** A read that ended after pauseReading(): its count, or null at the end. */
  #held: number | null | undefined;
  // Writing: #queued counts what is in #queue and what the host has been given and not taken.
  #queue: Bytes[] = [];
  #queued = 0;
  #blocked = false;
  #pumpRuns = false;
  #endsWriting = false;
  #hasEnded = false;

  /**
   * Drive `conn`, which belongs to this object now; the handler is code of `runtime`, `scopeId` the interface of a
   * link-local connection.
   */
  constructor(runtime: Spawner, conn: HostConn, scopeId = 0) {
    this.#runtime = runtime;
    this.#conn = conn;
    this.#scopeId = scopeId;
    queueMicrotask(() => this.#readLoop());
  }

  /** See {@link Transport.output}. */
  get output(): Bytes {
    return scratch ??= new Uint8Array(MAX_BEGIN);
  }

  /** See {@link Transport.isBlocked}. */
  get isBlocked(): boolean {
    return this.#blocked;
  }

  /** See {@link Transport.isClosed}. */
  get isClosed(): boolean {
    return this.#state !== OPEN;
  }

  // ---- writing ----

  /** See {@link Transport.begin}. */
  begin(maxBytes: number): number {
    if (maxBytes > MAX_BEGIN) throw new RangeError(`begin(${maxBytes}): at most ${MAX_BEGIN} bytes at once`);
    return 0;
  }

  /** See {@link Transport.commit}. */
  commit(from: number, to: number): void {
    if (to > from && this.#state === OPEN && !this.#endsWriting) this.#append(this.output.slice(from, to));
  }

  /** See {@link Transport.trySend}. Takes what the backlog has room for, by copying it. */
  trySend(bytes: Bytes, start: number, end: number): number {
    if (this.#state !== OPEN || this.#endsWriting || this.#blocked || start === end) return 0;
    const count = Math.min(end - start, HOST_BACKLOG - this.#queued);
    this.#append(bytes.slice(start, start + count));
    return count;
  }

  #append(bytes: Bytes): void {
    this.#queue.push(bytes);
    this.#queued += bytes.length;
    if (this.#queued >= HOST_BACKLOG) this.#blocked = true;
    if (this.#pumpRuns) return;
    this.#pumpRuns = true;
    // What the same turn writes later goes out in the same call.
    queueMicrotask(() => this.#pump());
  }

  async #pump(): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        const bytes = concat(this.#queue);
        this.#queue = [];
        for (let at = 0; at < bytes.length;) {
          const count = await this.#conn.write(bytes.subarray(at));
          if (this.#state === CLOSED) return;
          at += count;
          this.#queued -= count;
        }
        if (this.#blocked && !this.#endsWriting) this.#drained();
      }
      this.#pumpRuns = false;
      if (this.#state === CLOSING) this.#release(undefined);
      else if (this.#endsWriting) await this.#closeWrite();
    } catch (error) {
      this.#fail("send", error);
    }
  }

  #drained(): void {
    this.#blocked = false;
    this.#call(() => this.handler.onDrain());
  }

  // ---- reading ----

  /** See {@link Transport.pauseReading}. */
  pauseReading(): void {
    this.#reading = false;
  }

  /** See {@link Transport.resumeReading}. */
  resumeReading(): void {
    if (this.#reading) return;
    this.#reading = true;
    queueMicrotask(() => this.#readLoop());
  }

  async #readLoop(): Promise<void> {
    if (this.#readLoopRuns) return;
    this.#readLoopRuns = true;
    try {
      while (this.#reading && !this.#ended && this.#state !== CLOSED) {
        if (this.#held === undefined) this.#held = await this.#read();
        if (this.#reading && this.#state !== CLOSED) this.#deliver();
      }
    } catch (error) {
      this.#fail("recv", error);
    }
    this.#readLoopRuns = false;
  }

  #read(): Promise<number | null> {
    if (this.#block.length - this.#blockAt < READ_MIN) {
      this.#block = new Uint8Array(this.#block.length);
      this.#blockAt = 0;
    }
    return this.#conn.read(this.#block.subarray(this.#blockAt));
  }

  #deliver(): void {
    const count = this.#held!;
    this.#held = undefined;
    if (count === null) {
      this.#ended = true;
      this.#block = new Uint8Array(0);
      return this.#call(() => this.handler.onEnd());
    }
    const block = this.#block;
    const from = this.#blockAt;
    const to = from + count;
    this.#blockAt = to;
    if (to === block.length && block.length < READ_MAX) this.#nextBlock(block.length * 4);
    else if (from === 0 && count < block.length / 8 && block.length > READ_MIN) {
      this.#nextBlock(block.length / 4);
    }
    this.#call(() => this.handler.onData(block, from, to));
  }

  #nextBlock(size: number): void {
    this.#block = new Uint8Array(Math.min(Math.max(size, READ_MIN), READ_MAX));
    this.#blockAt = 0;
  }

  // ---- ending ----

  /** See {@link Transport.endWriting}. Blocked until it has been done. */
  endWriting(): void {
    if (this.#endsWriting || this.#state !== OPEN) return;
    this.#endsWriting = true;
    this.#blocked = true;
    if (!this.#pumpRuns) queueMicrotask(() => this.#closeWrite());
  }

  async #closeWrite(): Promise<void> {
    if (this.#hasEnded || this.#state !== OPEN) return;
    this.#hasEnded = true;
    try {
      await this.#conn.closeWrite();
    } catch (error) {
      const failure = hostError("shutdown", error);
      // The peer is gone already: reading will tell how.
      if ((failure as { code?: string }).code !== "ENOTCONN") return this.#fail("shutdown", error);
    }
    if (this.#state === OPEN) this.#drained();
  }

  /** See {@link Transport.close}. */
  close(): void {
    if (this.#state !== OPEN) return;
    this.#state = CLOSING;
    if (!this.#pumpRuns) queueMicrotask(() => this.#release(undefined));
  }

  /** See {@link Transport.abort}. The host sends no reset by itself. */
  abort(): void {
    if (this.#state === CLOSED) return;
    this.#shut();
    queueMicrotask(() => this.#call(() => this.handler.onClose(undefined)));
  }

  #fail(syscall: string, error: unknown): void {
    if (this.#state !== CLOSED) {
      this.#release(hostError(syscall, error, `${fromHostAddr(this.#conn.remoteAddr, this.#scopeId)}`));
    }
  }

  #release(error: Error | undefined): void {
    if (this.#state === CLOSED) return;
    this.#shut();
    this.#call(() => this.handler.onClose(error));
  }

  #shut(): void {
    this.#state = CLOSED;
    this.#queue = [];
    this.#block = new Uint8Array(0);
    this.#conn.close();
  }

  /** Run the handler's code as a turn of the runtime would: in its context, by its clock, faults reported. */
  #call(handler: () => void): void {
    callHandler(this.#runtime, handler);
  }

  // ---- the rest ----

  /** See {@link Transport.setNoDelay}. */
  setNoDelay(on: boolean): void {
    if (this.#state !== CLOSED) this.#conn.setNoDelay?.(on);
  }

  /** See {@link Transport.setKeepAlive}. The host does not let the seconds be chosen. */
  setKeepAlive(seconds: number): void {
    if (this.#state !== CLOSED) this.#conn.setKeepAlive?.(seconds > 0);
  }

  /** See {@link Transport.localAddr}. */
  localAddr(): SocketAddr {
    if (this.#state === CLOSED) throw new ClosedError("the connection", "local");
    return fromHostAddr(this.#conn.localAddr, this.#scopeId);
  }

  /** See {@link Transport.peerAddr}. */
  peerAddr(): SocketAddr {
    if (this.#state === CLOSED) throw new ClosedError("the connection", "local");
    return fromHostAddr(this.#conn.remoteAddr, this.#scopeId);
  }
}

/** Run code of `runtime` from a callback of the host: timers count from now, an error is reported. */
export function callHandler(runtime: Spawner, code: () => void): void {
  runtime.time.refresh();
  const before = enter(runtime);
  try {
    code();
  } catch (error) {
    reportError(error);
  } finally {
    enter(before);
  }
}

function concat(parts: readonly Bytes[]): Bytes {
  if (parts.length === 1) return parts[0];
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
