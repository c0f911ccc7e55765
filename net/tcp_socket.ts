/**
 * A TCP connection on the batched reactor: the {@link Transport} that everything above runs on.
 * @module
 */
import {
  ADDRESS_BYTES,
  ERROR,
  FLAG_ENDING,
  FLAG_MORE,
  KIND_READINESS,
  KIND_STREAM,
  OP_ADD,
  OP_MODIFY,
  OP_READY,
  OP_RECEIVE,
  OP_SEND,
  OP_SHUTDOWN,
  OPTION_KEEP_ALIVE,
  OPTION_LINGER,
  OPTION_NO_DELAY,
  READABLE,
  WRITABLE,
} from "../ffi/abi.ts";
import { EAGAIN, errno } from "../ffi/errno.ts";
import { expectResult, IoError } from "../ffi/errors.ts";
import type { Bytes } from "../ffi/native.ts";
import type { Reactor } from "../reactor/reactor.ts";
import type { Source } from "../reactor/source.ts";
import { ClosedError } from "../runtime/errors.ts";
import { HeldBytes } from "../runtime/bytes/held_bytes.ts";
import { SocketAddr } from "./addr.ts";
import { MAX_BEGIN, type Transport, type TransportHandler } from "./transport.ts";

/** Output of one connection in one turn, bytes, after which the system is asked whether it takes it. */
const PROBE_BYTES = 65_536;

const ENOTCONN = errno("ENOTCONN");

const OPEN = 0;
/** Closes once everything has gone out. */
const CLOSING = 1;
const CLOSED = 2;

const NO_HANDLER: TransportHandler = { onData() {}, onEnd() {}, onDrain() {}, onClose() {} };

/** One TCP connection. Idle, it owns no buffer. */
export class TcpSocket implements Source, Transport {
  /** See {@link Transport.handler}. */
  handler: TransportHandler = NO_HANDLER;
  readonly #reactor: Reactor;
  readonly #fd: number;
  #token = -1;
  #state = OPEN;
  #reading = true;
  // The edge that tells of the end came; only a receive still says when it is reached.
  #ending = false;
  #wantsWritable = false;
  #endsWriting = false;
  #hasEnded = false;
  #ended = false;
  #aborted = false;
  #deferred = false;
  #drained = false;
  #failure: Error | undefined;
  // The send that was queued in submission #sendStamp: output[#sendFrom, #sendTo).
  #sendStamp = -1;
  #sendFrom = 0;
  #sendTo = 0;
  // What the system did not take.
  #backlog: HeldBytes | undefined;

  /**
   * Take part in the turns of a reactor.
   *
   * @param reactor Where it lives. @param fd A connected, non-blocking socket; it belongs to this object now.
   * @param watched The reactor's selector has it already, for another source that has given up its token.
   */
  constructor(reactor: Reactor, fd: number, watched = false) {
    this.#reactor = reactor;
    this.#fd = fd;
    this.#token = reactor.insert(this);
    reactor.queue(watched ? OP_MODIFY : OP_ADD, fd, this.#token, READABLE, KIND_STREAM);
  }

  /** See {@link Transport.output}. */
  get output(): Bytes {
    return this.#reactor.output;
  }

  /** See {@link Transport.isBlocked}. */
  get isBlocked(): boolean {
    // A connection that is lost takes nothing: onClose comes instead of onDrain.
    return this.#backlog !== undefined || this.#wantsWritable || this.#failure !== undefined;
  }

  /** See {@link Transport.isClosed}. */
  get isClosed(): boolean {
    return this.#state !== OPEN;
  }

  // ---- writing ----

  /** See {@link Transport.begin}. */
  begin(maxBytes: number): number {
    if (maxBytes > MAX_BEGIN) throw new RangeError(`begin(${maxBytes}): at most ${MAX_BEGIN} bytes at once`);
    const reactor = this.#reactor;
    // One send a submission: were the first one short, a second would overtake its rest.
    if (
      this.#sendStamp === reactor.stamp &&
      (this.#sendTo - this.#sendFrom > PROBE_BYTES || !reactor.endsWith(this.#token, this.#sendTo))
    ) {
      reactor.flush();
    }
    reactor.reserve(maxBytes);
    return reactor.outputAt;
  }

  get #mayWrite(): boolean {
    return this.#state === OPEN && this.#failure === undefined && !this.#hasEnded;
  }

  /** See {@link Transport.commit}. */
  commit(from: number, to: number): void {
    if (to <= from || !this.#mayWrite) return;
    if (this.#backlog !== undefined) return this.#backlog.append(this.output, from, to);
    this.#sendFrom = this.#reactor.queueSend(this.#fd, this.#token, from, to, 0);
    this.#sendTo = to;
    this.#sendStamp = this.#reactor.stamp;
  }

  /** See {@link Transport.trySend}. */
  trySend(bytes: Bytes, start: number, end: number): number {
    if (start < 0 || end > bytes.length) {
      throw new RangeError(`sending bytes ${start} to ${end}: the buffer has ${bytes.length}`);
    }
    if (this.#sendStamp === this.#reactor.stamp) this.#reactor.flush();
    if (!this.#mayWrite || this.isBlocked) return 0;
    let at = start;
    while (at < end) {
      const count = this.#reactor.native.send(this.#fd, bytes, at, end - at);
      if (count < 0) {
        if (count === -EAGAIN) this.#awaitWritable();
        else this.#failLater(new IoError("send", -count, this.#peerText()));
        break;
      }
      at += count;
    }
    return at - start;
  }

  /** The send of the last submission was short or failed. May run in the middle of another's queueing. */
  #sent(result: number): void {
    const from = this.#sendFrom;
    const to = this.#sendTo;
    this.#sendStamp = -1;
    if (result < 0 && result !== -EAGAIN) {
      this.#failLater(new IoError("send", -result, this.#peerText()));
      return;
    }
    const taken = Math.max(result, 0);
    if (from + taken === to) return;
    this.#backlog = new HeldBytes();
    this.#backlog.append(this.#reactor.sentOutput, from + taken, to);
    this.#awaitWritable();
  }

  #awaitWritable(): void {
    this.#wantsWritable = true;
    this.#watch();
  }

  #watch(): void {
    const interest = (this.#reading ? READABLE : 0) | (this.#wantsWritable ? WRITABLE : 0);
    this.#reactor.queue(
      OP_MODIFY,
      this.#fd,
      this.#token,
      interest,
      this.#reading ? KIND_STREAM : KIND_READINESS,
    );
  }

  #writable(): void {
    if (!this.#wantsWritable) return;
    const backlog = this.#backlog;
    if (backlog !== undefined) {
      while (!backlog.isEmpty) {
        const count = this.#reactor.native.send(this.#fd, backlog.bytes, backlog.start, backlog.length);
        if (count === -EAGAIN) return;
        if (count < 0) return this.#fail(new IoError("send", -count, this.#peerText()));
        backlog.consume(backlog.start + count);
      }
      this.#backlog = undefined;
    }
    this.#wantsWritable = false;
    this.#watch();
    this.#drained = true;
    this.#defer();
  }

  // ---- reading ----

  /** See {@link Transport.pauseReading}. */
  pauseReading(): void {
    if (!this.#reading || this.#state !== OPEN) return;
    this.#reading = false;
    this.#watch();
  }

  /** See {@link Transport.resumeReading}. */
  resumeReading(): void {
    if (this.#reading || this.#state !== OPEN) return;
    this.#reading = true;
    // Modifying arms the edge again: what has come in the meantime is reported.
    this.#watch();
  }

  #received(result: number, flags: number, at: number): void {
    if (result > 0) {
      this.handler.onData(this.#reactor.input, at, at + result);
    } else if (result === 0) {
      // Reported again when reading is resumed, or when this side has ended, too.
      if (!this.#ended) {
        this.#ended = true;
        this.handler.onEnd();
      }
      return;
    } else if (result !== -EAGAIN) {
      return this.#fail(new IoError("recv", -result, this.#peerText()));
    }
    const drained = result < 0 && (flags & FLAG_MORE) === 0;
    this.#ending = !drained && (this.#ending || (flags & FLAG_ENDING) !== 0);
    if (((flags & FLAG_MORE) !== 0 || this.#ending) && this.#reading && this.#state === OPEN) {
      this.#reactor.queueReceive(this.#fd, this.#token, result < 0);
    }
  }

  // ---- the reactor's side ----

  /** For the reactor. */
  complete(operation: number, result: number, flags: number, at: number): void {
    if (operation === OP_RECEIVE) this.#received(result, flags, at);
    else if (operation === OP_SEND) this.#sent(result);
    else if (operation === OP_READY) this.#ready(result);
    else if (operation !== OP_SHUTDOWN || result !== -ENOTCONN) {
      this.#failLater(new IoError(operation === OP_SHUTDOWN ? "shutdown" : "epoll_ctl", -result));
    }
  }

  #ready(bits: number): void {
    if ((bits & WRITABLE) !== 0) this.#writable();
    if (this.#state === CLOSED || this.#reading || (bits & ~(READABLE | WRITABLE)) === 0) return;
    const error = this.#reactor.native.socketError(this.#fd);
    // Both sides have ended and nothing is wrong: what has come is read when reading is resumed.
    if (error === 0 && (bits & ERROR) === 0) return;
    // Not reading, and the connection broke: its error is the only thing left to learn.
    this.#fail(new IoError("recv", error < 0 ? -error : errno("ECONNRESET"), this.#peerText()));
  }

  #defer(): void {
    if (this.#deferred) return;
    this.#deferred = true;
    this.#reactor.defer(this);
  }

  /** For the reactor: what could not be done in the middle of a submission. */
  settle(): void {
    this.#deferred = false;
    if (this.#aborted) {
      this.#aborted = false;
      this.handler.onClose(undefined);
    }
    if (this.#state === CLOSED) return;
    if (this.#failure !== undefined) return this.#fail(this.#failure);
    if (this.#drained) {
      this.#drained = false;
      this.handler.onDrain();
      if (this.#state === CLOSED as number) return;
    }
    if (!this.#endsWriting && this.#state === OPEN) return;
    if (this.#backlog !== undefined) return;
    if (this.#sendStamp === this.#reactor.stamp) return this.#defer();
    if (this.#state === CLOSING) this.#release(undefined);
    else this.#shutdown();
  }

  // ---- ending ----

  /** See {@link Transport.endWriting}. */
  endWriting(): void {
    if (this.#hasEnded || this.#state !== OPEN) return;
    this.#hasEnded = true;
    this.#endsWriting = true;
    if (this.#isFlushed) this.#shutdown();
    else this.#defer();
  }

  #shutdown(): void {
    this.#endsWriting = false;
    this.#reactor.queue(OP_SHUTDOWN, this.#fd, this.#token, 0, 0);
  }

  get #isFlushed(): boolean {
    return this.#backlog === undefined && this.#sendStamp !== this.#reactor.stamp;
  }

  /** See {@link Transport.close}. */
  close(): void {
    if (this.#state !== OPEN) return;
    this.#state = CLOSING;
    this.#defer();
  }

  /** See {@link Transport.abort}. */
  abort(): void {
    if (this.#state === CLOSED) return;
    this.#reactor.native.setOption(this.#fd, OPTION_LINGER, 0);
    this.#forget();
    this.#aborted = true;
    this.#defer();
  }

  /** For the reactor: it ends, nothing waits for what has not gone out. */
  abandon(): void {
    this.#fail(this.#failure ?? new ClosedError("the runtime", "local"));
  }

  #failLater(error: Error): void {
    this.#failure ??= error;
    this.#defer();
  }

  #fail(error: Error): void {
    if (this.#state !== CLOSED) this.#release(error);
  }

  #release(error: Error | undefined): void {
    this.#forget();
    this.handler.onClose(error);
  }

  #forget(): void {
    this.#state = CLOSED;
    this.#backlog = undefined;
    this.#reactor.close(this.#token, this.#fd);
  }

  // ---- options ----

  /** See {@link Transport.setNoDelay}. */
  setNoDelay(on: boolean): void {
    this.#setOption(OPTION_NO_DELAY, on ? 1 : 0);
  }

  /** See {@link Transport.setKeepAlive}. */
  setKeepAlive(seconds: number): void {
    this.#setOption(OPTION_KEEP_ALIVE, seconds);
  }

  #setOption(option: number, value: number): void {
    if (this.#state === CLOSED) return;
    expectResult(this.#reactor.native.setOption(this.#fd, option, value), "setsockopt", this.#peerText());
  }

  // ---- addresses ----

  /** See {@link Transport.localAddr}. */
  localAddr(): SocketAddr {
    this.#checkOpen();
    const bytes = new Uint8Array(ADDRESS_BYTES);
    expectResult(this.#reactor.native.localAddress(this.#fd, bytes), "getsockname");
    return SocketAddr.decode(bytes);
  }

  /** See {@link Transport.peerAddr}. */
  peerAddr(): SocketAddr {
    this.#checkOpen();
    const bytes = new Uint8Array(ADDRESS_BYTES);
    expectResult(this.#reactor.native.peerAddress(this.#fd, bytes), "getpeername");
    return SocketAddr.decode(bytes);
  }

  /** The number of a closed descriptor may be another connection's by now. */
  #checkOpen(): void {
    if (this.#state === CLOSED) throw new ClosedError("the connection", "local");
  }

  #peerText(): string | undefined {
    const bytes = new Uint8Array(ADDRESS_BYTES);
    if (this.#reactor.native.peerAddress(this.#fd, bytes) < 0) return undefined;
    return SocketAddr.decode(bytes).toString();
  }
}
