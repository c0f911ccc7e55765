/**
 * The futures of a {@link TcpStream}.
 * @module
 */
import type { Context } from "../runtime/task/context.ts";
import { Future } from "../runtime/task/future.ts";
import { PENDING, type Poll } from "../runtime/task/poll.ts";
import { type StreamCore, WRITE_AT_ONCE } from "./stream_core.ts";

/** See `TcpStream.read`. Bytes leave the stream in the poll that returns them: cancelled before, none is lost. */
export class ReadFuture extends Future<number> {
  readonly #core: StreamCore;
  readonly #into: Uint8Array;

  constructor(core: StreamCore, into: Uint8Array) {
    super();
    this.#core = core;
    this.#into = into;
  }

  override poll(cx: Context): Poll<number> {
    const core = this.#core;
    const { reader } = core;
    reader.claim(this);
    reader.waker = cx.waker;
    if (!core.isReadable || !cx.spend()) return PENDING;
    reader.release(this);
    return core.tryRead(this.#into);
  }

  override cancel(): void {
    this.#core.reader.release(this);
    // What came for it waits for another now.
    this.#core.unpin();
  }
}

/** See `TcpStream.write` and `TcpStream.writeAll`. */
export class WriteFuture extends Future<number> {
  readonly #core: StreamCore;
  readonly #bytes: Uint8Array;
  readonly #least: number;
  /** Kept: a view of a resizable buffer may have another length later. */
  readonly #length: number;
  #sent = 0;

  /** @param least Ready when at least so many bytes are sent. */
  constructor(core: StreamCore, bytes: Uint8Array, least: number) {
    super();
    this.#core = core;
    this.#bytes = bytes;
    this.#least = least;
    this.#length = bytes.length;
  }

  override poll(cx: Context): Poll<number> {
    const { writer } = this.#core;
    writer.claim(this);
    try {
      if (!this.#send(cx)) return PENDING;
    } catch (error) {
      writer.release(this);
      throw error;
    }
    writer.release(this);
    return this.#sent;
  }

  #send(cx: Context): boolean {
    const core = this.#core;
    core.writer.waker = cx.waker;
    const enough = this.#sent + WRITE_AT_ONCE;
    do {
      core.checkWritable();
      if (core.transport.isBlocked || !cx.spend()) return false;
      const count = core.tryWrite(this.#bytes, this.#sent, this.#length);
      if (count === PENDING) return false;
      this.#sent += count;
      if (this.#sent >= this.#least) return true;
    } while (this.#sent < enough);
    // The peer takes it as fast as it comes: let the others have their turn.
    cx.waker.wake();
    return false;
  }

  override cancel(): void {
    this.#core.writer.release(this);
  }
}

/** See `TcpStream.shutdown`. */
export class ShutdownFuture extends Future<void> {
  readonly #core: StreamCore;
  #begun = false;

  constructor(core: StreamCore) {
    super();
    this.#core = core;
  }

  override poll(cx: Context): Poll<void> {
    const { writer } = this.#core;
    writer.claim(this);
    try {
      this.#core.checkAlive();
    } catch (error) {
      writer.release(this);
      throw error;
    }
    if (!this.#begun) {
      this.#begun = true;
      this.#core.shutDown();
      // What was written in this turn goes to the system at its end: only then is it known how much it took.
      cx.waker.wake();
      return PENDING;
    }
    if (this.#core.transport.isBlocked) {
      writer.waker = cx.waker;
      return PENDING;
    }
    if (!cx.spend()) return PENDING;
    writer.release(this);
  }

  override cancel(): void {
    this.#core.writer.release(this);
  }
}
