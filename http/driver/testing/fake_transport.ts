/**
 * A transport in memory, with its peer: nothing happens by itself, every callback comes out of {@link Peer.pump}.
 * @module
 */
import type { Bytes } from "../../../ffi/native.ts";
import { SocketAddr } from "../../../net/addr.ts";
import { MAX_BEGIN, type Transport, type TransportHandler } from "../../../net/transport.ts";
import { ClosedError, IoError } from "../../../runtime/errors.ts";
import { latin1, textOf } from "../../testing/wire.ts";

const NO_HANDLER: TransportHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };
const OPEN = 0;
const CLOSING = 1;
const CLOSED = 2;
/** What a receive of the real thing brings at most. */
const RECEIVE_MAX = 65_536;
const ARENA_BYTES = 2 * RECEIVE_MAX;

/** The server's end. As the real ones: one short send at a time, nothing called back from inside a call. */
export class FakeTransport implements Transport {
  handler: TransportHandler = NO_HANDLER;
  readonly output: Bytes = new Uint8Array(2 * MAX_BEGIN);
  readonly peer: Peer;
  state: number = OPEN;
  reading = true;
  endsWriting = false;
  aborted = false;
  failing: Error | undefined;
  backlog: Bytes[] = [];
  backlogBytes = 0;
  /** The largest backlog so far. */
  backlogMax = 0;
  wantsDrain = false;
  /** Calls of the server that reached the peer's side: what a send call would have been. */
  commits = 0;
  #begun = false;

  constructor(peer: Peer) {
    this.peer = peer;
  }

  get isBlocked(): boolean {
    return this.wantsDrain || this.failing !== undefined;
  }

  get isClosed(): boolean {
    return this.state !== OPEN;
  }

  begin(maxBytes: number): number {
    if (maxBytes > MAX_BEGIN) throw new RangeError(`begin(${maxBytes})`);
    this.#begun = true;
    return 100;
  }

  commit(from: number, to: number): void {
    if (!this.#begun || from !== 100 || to < from || to > from + MAX_BEGIN) {
      throw new Error("commit without begin");
    }
    this.#begun = false;
    if (to === from || this.state !== OPEN || this.endsWriting || this.failing !== undefined) return;
    this.commits++;
    this.#push(this.output.slice(from, to));
    // What is written later into the arena must not change what was sent.
    this.output.fill(0x7e, from, to);
  }

  trySend(bytes: Bytes, start: number, end: number): number {
    this.#check();
    if (this.state !== OPEN || this.failing !== undefined || this.wantsDrain || this.endsWriting) return 0;
    const count = Math.min(end - start, this.peer.room);
    if (count > 0) this.peer.accept(bytes.slice(start, start + count));
    if (count < end - start) this.wantsDrain = true;
    return count;
  }

  #push(bytes: Bytes): void {
    const count = this.backlogBytes > 0 || this.wantsDrain ? 0 : Math.min(bytes.length, this.peer.room);
    if (count > 0) this.peer.accept(bytes.subarray(0, count));
    if (count === bytes.length) return;
    this.backlog.push(bytes.subarray(count));
    this.backlogBytes += bytes.length - count;
    this.backlogMax = Math.max(this.backlogMax, this.backlogBytes);
    this.wantsDrain = true;
  }

  #check(): void {
    if (this.#begun) throw new Error("a call between begin and commit");
  }

  pauseReading(): void {
    this.#check();
    this.reading = false;
  }

  resumeReading(): void {
    this.#check();
    this.reading = true;
  }

  endWriting(): void {
    this.#check();
    if (this.state === OPEN) this.endsWriting = true;
  }

  close(): void {
    this.#check();
    if (this.state === OPEN) this.state = CLOSING;
  }

  abort(): void {
    // A head that could not be written leaves its begin() without a commit().
    this.#begun = false;
    if (this.state === CLOSED) return;
    this.state = CLOSED;
    this.aborted = true;
    this.backlog = [];
    this.backlogBytes = 0;
  }

  localAddr(): SocketAddr {
    return SocketAddr.parse("127.0.0.1:80");
  }

  peerAddr(): SocketAddr {
    if (this.state === CLOSED) throw new ClosedError("the connection", "local");
    return SocketAddr.parse("192.0.2.7:4711");
  }
}

/** The client's end. */
export class Peer {
  readonly transport: FakeTransport;
  /** How many bytes the server can send before the peer reads. */
  room: number = Infinity;
  /** Did the server end its half, orderly? */
  sawEnd = false;
  /** Was the connection reset by the server? */
  sawReset = false;
  /** Is the connection gone, for the server too? */
  gone = false;
  #chunks: Bytes[] = [];
  #arena: Bytes = new Uint8Array(0);
  #arenaAt: number = ARENA_BYTES;
  #text = "";
  #toServer: Bytes[] = [];
  #ends = false;
  #endTold = false;
  #reset: Error | undefined;

  constructor() {
    this.transport = new FakeTransport(this);
  }

  /** For the transport. */
  accept(bytes: Bytes): void {
    this.#chunks.push(bytes.slice());
    this.room -= bytes.length;
  }

  /** All that the server sent so far. */
  get received(): string {
    if (this.#chunks.length > 0) {
      this.#text += this.#chunks.map(textOf).join("");
      this.#chunks = [];
    }
    return this.#text;
  }

  /** Bytes that the server has not taken. */
  get unsent(): number {
    return this.#toServer.reduce((sum, bytes) => sum + bytes.length, 0);
  }

  /** Put bytes on the way; each piece arrives by itself. */
  send(...pieces: (string | Uint8Array)[]): void {
    for (const piece of pieces) {
      const bytes = typeof piece === "string" ? latin1(piece) : piece.slice();
      for (let at = 0; at < bytes.length; at += RECEIVE_MAX) {
        this.#toServer.push(bytes.slice(at, at + RECEIVE_MAX));
      }
    }
    this.pump();
  }

  /** Half-close: the peer sends no more. */
  end(): void {
    this.#ends = true;
    this.pump();
  }

  /** The connection breaks. */
  reset(): void {
    this.#reset = new IoError("recv", 104, "192.0.2.7:4711");
    this.pump();
  }

  /** The next sends of the server fail, and only then it learns that the connection is lost. */
  resetAtSend(): void {
    this.transport.failing = new IoError("send", 32, "192.0.2.7:4711");
  }

  /** Take `bytes` more. */
  read(bytes: number): void {
    this.room = Math.max(0, this.room) + bytes;
    this.pump();
  }

  /** Let everything happen that is due. */
  pump(): void {
    while (this.#step());
  }

  #step(): boolean {
    const { transport } = this;
    if (this.gone) return false;
    if (this.#reset !== undefined || transport.failing !== undefined) {
      return this.#lose(this.#reset ?? transport.failing);
    }
    if (transport.state === CLOSED) {
      this.sawReset = true;
      return this.#lose(undefined);
    }
    if (transport.wantsDrain && this.room > 0) return this.#drain();
    if (transport.state === CLOSING && transport.backlogBytes === 0) {
      this.sawEnd = true;
      return this.#lose(undefined);
    }
    if (transport.endsWriting && !this.sawEnd && transport.backlogBytes === 0) return this.sawEnd = true;
    if (transport.reading && transport.state === OPEN) return this.#deliver();
    return false;
  }

  #lose(error: Error | undefined): boolean {
    this.gone = true;
    this.transport.state = CLOSED;
    this.transport.handler.onClose(error);
    return false;
  }

  #drain(): boolean {
    const { transport } = this;
    while (transport.backlog.length > 0 && this.room > 0) {
      const bytes = transport.backlog[0];
      const count = Math.min(bytes.length, this.room);
      this.accept(bytes.subarray(0, count));
      transport.backlogBytes -= count;
      if (count === bytes.length) transport.backlog.shift();
      else transport.backlog[0] = bytes.subarray(count);
    }
    if (transport.backlog.length > 0) return true;
    transport.wantsDrain = false;
    if (transport.state === OPEN) transport.handler.onDrain();
    return true;
  }

  /** As in the real arena: one receive behind the other, what lies there is never overwritten. */
  #receive(bytes: Bytes): void {
    if (this.#arenaAt + bytes.length > ARENA_BYTES) {
      this.#arena = new Uint8Array(ARENA_BYTES).fill(0x21);
      this.#arenaAt = 32;
    }
    const at = this.#arenaAt;
    if (this.#arena.length === 0) throw new Error("somebody transferred the receive arena");
    this.#arena.set(bytes, at);
    this.#arenaAt += bytes.length;
    this.transport.handler.onData(this.#arena, at, at + bytes.length);
  }

  #deliver(): boolean {
    const bytes = this.#toServer.shift();
    if (bytes !== undefined) {
      this.#receive(bytes);
      return true;
    }
    if (!this.#ends || this.#endTold) return false;
    this.#endTold = true;
    this.transport.handler.onEnd();
    return true;
  }
}
