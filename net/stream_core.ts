/**
 * What a {@link TcpStream} keeps between the transport's callbacks and the futures that wait for them.
 * @module
 */
import { IoError } from "../ffi/errors.ts";
import type { Bytes } from "../ffi/native.ts";
import { ClosedError, MillraceError } from "../runtime/errors.ts";
import type { Waker } from "../runtime/task/context.ts";
import { PENDING, type Poll } from "../runtime/task/poll.ts";
import type { SocketAddr } from "./addr.ts";
import type { Transport, TransportHandler } from "./transport.ts";
import { Watchers } from "./watchers.ts";

/**
 * Received bytes that nobody has read, above which a stream stops reading, so that the peer has to wait. It goes on
 * below half of it.
 *
 * Unread per stream: at most this and one receive more, 128 KiB. Memory: pieces below 16 KiB are copied; a larger one
 * is a view that keeps the reactor's arena of 512 KiB alive, which it shares with what other streams received in the
 * same turns. In the worst case five of them, 2.5 MiB, until they are read down to less than 16 KiB each.
 */
export const READ_HIGH_WATER = 65_536;

/** A write of up to so many bytes goes out with the turn; a larger one is handed to the system at once. */
const BATCHED_WRITE = 16_384;

/**
 * Bytes that are handed to the system at once, and that one poll writes at most: a peer that reads as fast as it is
 * written to must not hold the loop, and offsets must fit into the native border's 31 bits.
 */
export const WRITE_AT_ONCE = 4_194_304;

/** A piece below this is copied unless a read takes it soon: as a view it would keep half a megabyte alive. */
const COPY_BELOW = 16_384;

/** Who may wait for a direction: one at a time. */
export class Turnstile {
  /** Whom to wake when there is something to do. */
  waker: Waker | undefined;
  readonly #what: string;
  #owner: unknown;

  /** @param what For the message, `read` or `write`. */
  constructor(what: string) {
    this.#what = what;
  }

  /** Take it, or see that one has it already. @throws {MillraceError} `ERR_BUSY` when another has it. */
  claim(owner: unknown): void {
    if (this.#owner !== undefined && this.#owner !== owner) {
      throw new MillraceError(
        "ERR_BUSY",
        `another ${this.#what} is waiting on this stream: one ${this.#what} at a time, so await it first`,
      );
    }
    this.#owner = owner;
  }

  /** Give it back, if it is the owner who asks. */
  release(owner: unknown): void {
    if (this.#owner !== owner) return;
    this.#owner = undefined;
    this.waker = undefined;
  }

  /** Wake who waits. */
  wake(): void {
    this.waker?.wake();
  }
}

/** The state of one stream. */
export class StreamCore implements TransportHandler {
  readonly transport: Transport;
  readonly reader: Turnstile = new Turnstile("read");
  readonly writer: Turnstile = new Turnstile("write");
  /** Who waits for {@link isReadable}, without taking the read's turn. */
  readonly readable: Watchers = new Watchers();
  /** Who waits for {@link isWritable}. */
  readonly writable: Watchers = new Watchers();
  /** Who waits for {@link isGone}. */
  readonly gone: Watchers = new Watchers();
  /** The peer, for messages; `undefined` if the system does not know it any more. */
  readonly peer: SocketAddr | undefined;
  /** Has the transport said its last word? */
  isGone = false;
  /** Were the writing half's last bytes announced? */
  hasShutDown = false;
  readonly #chunks: Bytes[] = [];
  #chunkAt = 0;
  #unread = 0;
  #paused = false;
  #ended = false;
  #closed = false;
  #error: Error | undefined;

  constructor(transport: Transport) {
    this.transport = transport;
    this.peer = peerOf(transport);
    transport.handler = this;
  }

  // ---- the transport's side ----

  onData(bytes: Bytes, start: number, end: number): void {
    if (this.#closed) return;
    // The read that waits takes the first piece in the same turn.
    const isTaken = this.#unread === 0 && this.reader.waker !== undefined;
    this.#chunks.push(
      isTaken || end - start >= COPY_BELOW ? bytes.subarray(start, end) : bytes.slice(start, end),
    );
    this.#unread += end - start;
    if (this.#unread >= READ_HIGH_WATER && !this.#paused) {
      this.#paused = true;
      this.transport.pauseReading();
    }
    this.#wakeReaders();
  }

  onEnd(): void {
    this.#ended = true;
    this.#wakeReaders();
  }

  onDrain(): void {
    this.#wakeWriters();
  }

  onClose(error: Error | undefined): void {
    this.isGone = true;
    this.#error = error === undefined ? undefined : this.#withPeer(error);
    this.#closed ||= error === undefined;
    this.#wakeReaders();
    this.#wakeWriters();
    this.gone.wake();
  }

  /** After a reset the system no longer knows whose connection it was. */
  #withPeer(error: Error): Error {
    if (!(error instanceof IoError) || error.address !== undefined || this.peer === undefined) return error;
    return new IoError(error.syscall, error.errno, this.peer.toString());
  }

  #wakeReaders(): void {
    this.reader.wake();
    this.readable.wake();
  }

  #wakeWriters(): void {
    this.writer.wake();
    this.writable.wake();
  }

  // ---- the program's side ----

  #checkOpen(): void {
    if (this.#closed) throw new ClosedError("the stream", "local");
  }

  /** Has a read something to say? */
  get isReadable(): boolean {
    return this.#unread > 0 || this.#ended || this.#error !== undefined || this.#closed;
  }

  /** Has a write something to say, if only an error? */
  get isWritable(): boolean {
    return this.#closed || this.hasShutDown || this.#error !== undefined || !this.transport.isBlocked;
  }

  /** Read without waiting. */
  tryRead(into: Uint8Array): Poll<number> {
    this.#checkOpen();
    // Zero bytes would look like the end.
    if (into.length === 0) throw new TypeError("read(into): the buffer was transferred or shrank to nothing");
    if (this.#unread > 0) return this.#take(into);
    if (this.#error !== undefined) throw this.#error;
    return this.#ended ? 0 : PENDING;
  }

  #take(into: Uint8Array): number {
    const count = Math.min(into.length, this.#unread);
    for (let done = 0; done < count;) {
      const chunk = this.#chunks[0];
      const part = chunk.subarray(this.#chunkAt, this.#chunkAt + count - done);
      into.set(part, done);
      done += part.length;
      this.#chunkAt += part.length;
      if (this.#chunkAt === chunk.length) {
        this.#chunks.shift();
        this.#chunkAt = 0;
      }
    }
    this.#unread -= count;
    this.unpin();
    if (this.#paused && this.#unread < READ_HIGH_WATER / 2) {
      this.#paused = false;
      this.transport.resumeReading();
    }
    return count;
  }

  /** What is left of the first piece must not keep an arena alive that is many times its size. */
  unpin(): void {
    const chunk = this.#chunks[0];
    if (chunk === undefined || chunk.length - this.#chunkAt >= COPY_BELOW) return;
    // A buffer of that size is no arena, or a copy already.
    if (chunk.buffer.byteLength <= COPY_BELOW) return;
    this.#chunks[0] = chunk.slice(this.#chunkAt);
    this.#chunkAt = 0;
  }

  /**
   * Write some of `bytes[from, end)`, without waiting.
   *
   * @throws {TypeError} When the memory is not all there any more: what lies behind it is somebody else's.
   */
  tryWrite(bytes: Uint8Array, from: number, end: number): Poll<number> {
    this.checkWritable();
    if (bytes.length < end || isLost(bytes)) {
      throw new TypeError(
        `write(bytes): the buffer was transferred or shrank before its ${end} bytes were written`,
      );
    }
    if (from >= end) return 0;
    const { transport } = this;
    if (transport.isBlocked) return PENDING;
    // Shared memory cannot cross the native border: it is copied, as small writes are.
    const isShared = !(bytes.buffer instanceof ArrayBuffer);
    if (end - from > BATCHED_WRITE && !isShared) {
      const piece = bytes.subarray(from, Math.min(end, from + WRITE_AT_ONCE)) as Bytes;
      const count = transport.trySend(piece, 0, piece.length);
      return count === 0 ? PENDING : count;
    }
    const count = Math.min(end - from, BATCHED_WRITE);
    const at = transport.begin(count);
    transport.output.set(bytes.subarray(from, from + count), at);
    transport.commit(at, at + count);
    return count;
  }

  /** End the writing half; once. */
  shutDown(): void {
    if (this.hasShutDown) return;
    this.hasShutDown = true;
    this.transport.endWriting();
    this.writable.wake();
  }

  /** Throws unless something may be written. */
  checkWritable(): void {
    this.checkAlive();
    if (this.hasShutDown) throw new ClosedError("the writing half of the stream", "local");
  }

  /** Throws when the stream was closed, or the connection has failed. */
  checkAlive(): void {
    this.#checkOpen();
    if (this.#error !== undefined) throw this.#error;
  }

  /** See `TcpStream.close` and `TcpStream.abort`. */
  end(how: "close" | "abort"): void {
    this.#closed = true;
    this.#chunks.length = 0;
    this.#unread = 0;
    if (this.isGone) return;
    if (how === "abort") this.transport.abort();
    else this.transport.close();
    this.#wakeReaders();
    this.#wakeWriters();
  }
}

/** Was the memory behind a view transferred, or did it shrink away from under it? */
function isLost(bytes: Uint8Array): boolean {
  if (bytes.length > 0) return false;
  try {
    // Refused on such a view, and on no other.
    bytes.at(0);
    return false;
  } catch {
    return true;
  }
}

function peerOf(transport: Transport): SocketAddr | undefined {
  try {
    return transport.peerAddr();
  } catch {
    // Reset before anybody asked.
    return undefined;
  }
}
