/**
 * The scripted twin's sockets: TCP as Linux shows it to a program, without a network.
 * @module
 */
import { ADDRESS_BYTES, CLOSED, ERROR, READ_CLOSED, READABLE, WRITABLE } from "../ffi/abi.ts";
import { EAGAIN, errno } from "../ffi/errno.ts";
import type { Bytes } from "../ffi/native.ts";
import { VirtualFile } from "./scripted_selector.ts";

const ECONNREFUSED = errno("ECONNREFUSED");
const ECONNRESET = errno("ECONNRESET");
const EINVAL = errno("EINVAL");
const ENOTCONN = errno("ENOTCONN");
const EPIPE = errno("EPIPE");

const EVERYTHING = READABLE | WRITABLE | READ_CLOSED | CLOSED | ERROR;

/** Carries something to the other end, now or some turns later, in order. */
export type Carrier = (deliver: () => void) => void;

/** A counter that is readable while it is not zero. */
export class VirtualWaker extends VirtualFile {
  #count = 0;

  /** See {@link VirtualFile.readiness}. */
  get readiness(): number {
    return this.#count > 0 ? READABLE : 0;
  }

  /** Count up. */
  wake(): void {
    this.#count++;
    this.changed(READABLE);
  }

  /** Back to zero. */
  drain(): void {
    this.#count = 0;
  }

  /** Nothing is behind it. */
  close(): void {}
}

/** Holds the connections that were made and not accepted yet. */
export class VirtualListener extends VirtualFile {
  /** Where it listens. */
  readonly address: Bytes;
  /** Flags of ffi/abi.ts. */
  readonly flags: number;
  /** Established connections, the oldest first. */
  readonly queue: VirtualSocket[] = [];

  /** @param address 24 bytes. @param flags `LISTEN_*`. */
  constructor(address: Bytes, flags: number) {
    super();
    this.address = address;
    this.flags = flags;
  }

  /** See {@link VirtualFile.readiness}. */
  get readiness(): number {
    return this.queue.length > 0 ? READABLE : 0;
  }

  /** A connection is established. */
  arrive(socket: VirtualSocket): void {
    this.queue.push(socket);
    this.changed(READABLE);
  }

  /** Connections that nobody accepted are reset. */
  close(): void {
    for (const socket of this.queue.splice(0)) {
      socket.lingerZero = true;
      socket.close();
    }
  }
}

/** One end of a connection. */
export class VirtualSocket extends VirtualFile {
  /** The other end; `undefined` while it connects and after a refusal. */
  peer: VirtualSocket | undefined;
  /** Its own address, 24 bytes. */
  localAddress: Bytes = new Uint8Array(ADDRESS_BYTES);
  /** Bytes that fit between the peer's send and this end's receive. */
  capacity: number;
  /** Close sends a reset. */
  lingerZero = false;
  /** The connection breaks once this end has received so many bytes. */
  resetAt: number = Infinity;
  readonly #carry: Carrier;
  readonly #chunks: Bytes[] = [];
  #chunkAt = 0;
  #readable = 0;
  // Readable, or still on the way.
  #pending = 0;
  #received = 0;
  #broken = false;
  #closed = false;
  #readEnded = false;
  #writeEnded = false;
  // The sender hit the end of the room: an edge follows when there is some again.
  #wantsRoom = false;
  #error = 0;

  /** @param capacity See {@link capacity}. @param carry How bytes get to the peer. */
  constructor(capacity: number, carry: Carrier) {
    super();
    this.capacity = capacity;
    this.#carry = carry;
  }

  /** Join two ends: both are connected from now on. */
  static join(one: VirtualSocket, other: VirtualSocket): void {
    one.peer = other;
    other.peer = one;
    one.changed(WRITABLE);
    other.changed(WRITABLE);
  }

  /** See {@link VirtualFile.readiness}. */
  get readiness(): number {
    if (this.#broken) return EVERYTHING & ~(this.#error === 0 ? ERROR : 0);
    if (this.peer === undefined) return 0;
    let bits = this.#readable > 0 ? READABLE : 0;
    if (this.#readEnded) bits |= READABLE | READ_CLOSED;
    if (this.#readEnded && this.#writeEnded) bits |= CLOSED;
    if (this.#writeEnded || this.peer.#hasRoom) bits |= WRITABLE;
    else this.#wantsRoom = true;
    return bits;
  }

  /** As on Linux, a sender is told of room when a third is free, not of every byte. */
  get #hasRoom(): boolean {
    const room = this.capacity - this.#pending;
    return room > 0 && room * 3 >= this.capacity;
  }

  /** Bytes received from `bytes`' view, 0 at the end, or a negative errno. */
  receive(bytes: Bytes, at: number, length: number): number {
    if (length === 0) return 0;
    if (this.#readable === 0) {
      if (this.#error !== 0) return this.takeError();
      return this.#broken || this.#readEnded ? 0 : -EAGAIN;
    }
    const count = Math.min(length, this.#readable, this.resetAt - this.#received);
    for (let done = 0; done < count;) {
      const chunk = this.#chunks[0];
      const part = chunk.subarray(this.#chunkAt, this.#chunkAt + count - done);
      bytes.set(part, at + done);
      done += part.length;
      this.#chunkAt += part.length;
      if (this.#chunkAt === chunk.length) {
        this.#chunks.shift();
        this.#chunkAt = 0;
      }
    }
    this.#take(count);
    return count;
  }

  #take(count: number): void {
    this.#readable -= count;
    this.#pending -= count;
    this.#received += count;
    const { peer } = this;
    if (peer !== undefined && peer.#wantsRoom && this.#hasRoom) {
      peer.#wantsRoom = false;
      peer.changed(WRITABLE);
    }
    if (this.#received >= this.resetAt) this.break();
  }

  /** Bytes taken of `bytes[at, at + length)`, or a negative errno. */
  send(bytes: Bytes, at: number, length: number): number {
    if (this.#error !== 0) return this.takeError();
    if (this.#broken || this.#writeEnded) return -EPIPE;
    const { peer } = this;
    if (peer === undefined) return -EAGAIN;
    const count = Math.min(length, peer.capacity - peer.#pending);
    if (count < length) this.#wantsRoom = true;
    if (count <= 0) return length === 0 ? 0 : -EAGAIN;
    const chunk = bytes.slice(at, at + count);
    peer.#pending += count;
    this.#carry(() => peer.#arrive(chunk));
    return count;
  }

  #arrive(chunk: Bytes): void {
    if (this.#closed) {
      this.peer?.reset();
      return;
    }
    if (this.#broken) return;
    this.#chunks.push(chunk);
    this.#readable += chunk.length;
    this.changed(READABLE);
  }

  #arriveEnd(): void {
    this.#readEnded = true;
    this.changed(READABLE | READ_CLOSED | (this.#writeEnded ? CLOSED : 0));
  }

  /** End reading (0), writing (1), both (2): 0 or a negative errno. */
  shutdown(how: number): number {
    if (how < 0 || how > 2) return -EINVAL;
    if (this.#broken || this.peer === undefined) return -ENOTCONN;
    if (how !== 1) this.#arriveEnd();
    if (how !== 0 && !this.#writeEnded) {
      this.#writeEnded = true;
      const { peer } = this;
      this.#carry(() => peer.#arriveEnd());
      this.changed(WRITABLE | (this.#readEnded ? CLOSED : 0));
    }
    return 0;
  }

  /** The pending error as a negative errno, or 0; it is reported once. */
  takeError(): number {
    const error = this.#error;
    this.#error = 0;
    return -error;
  }

  /** Nobody listens there. */
  refuse(): void {
    this.#fail(ECONNREFUSED);
  }

  /** The peer has sent a reset. What came before it can still be received. */
  reset(): void {
    // RFC 9293 §3.10.7.4 calls it a reset; Linux says EPIPE to one that has seen the end already.
    this.#fail(this.#readEnded ? EPIPE : ECONNRESET);
  }

  #fail(error: number): void {
    if (this.#broken) return;
    this.#broken = true;
    this.#error = error;
    this.changed(EVERYTHING);
  }

  /** The connection breaks: both ends see a reset, and what this end has not received is lost. */
  break(): void {
    this.#chunks.length = 0;
    this.#chunkAt = 0;
    this.#pending -= this.#readable;
    this.#readable = 0;
    this.reset();
    this.peer?.reset();
  }

  /** The descriptor is closed. As on Linux, with unread bytes, or on request, the peer sees a reset. */
  close(): void {
    this.#closed = true;
    const { peer } = this;
    if (this.#broken || peer === undefined) return;
    if (this.lingerZero || this.#pending > 0) this.#carry(() => peer.reset());
    else if (!this.#writeEnded) this.#carry(() => peer.#arriveEnd());
  }
}
