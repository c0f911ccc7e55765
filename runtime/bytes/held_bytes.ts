/**
 * Bytes that have to wait: half a head, requests behind one that is being answered, output that nobody takes yet.
 * @module
 */
import type { Bytes } from "../../ffi/native.ts";

const NOTHING: Bytes = new Uint8Array(0);

/**
 * A queue of bytes that owns memory only while it holds some. What lies in it is never overwritten (views of it are
 * kept): it grows behind, and moves into a new buffer when it is full.
 */
export class HeldBytes {
  /** Where the bytes are. */
  bytes: Bytes = NOTHING;
  /** The first byte held. */
  start = 0;
  /** After the last byte held. */
  end = 0;

  /** Is nothing held? */
  get isEmpty(): boolean {
    return this.start === this.end;
  }

  /** Bytes held. */
  get length(): number {
    return this.end - this.start;
  }

  /** Add a copy of `bytes[from, to)`. */
  append(bytes: Bytes, from: number, to: number): void {
    const more = to - from;
    if (this.bytes.length === 0) {
      // Mostly it is all that will be held.
      this.bytes = bytes.slice(from, to);
      this.end = more;
      return;
    }
    if (this.end + more > this.bytes.length) {
      const grown = new Uint8Array(Math.max(256, 2 * (this.length + more)));
      grown.set(this.bytes.subarray(this.start, this.end));
      this.end = this.length;
      this.start = 0;
      this.bytes = grown;
    }
    this.bytes.set(bytes.subarray(from, to), this.end);
    this.end += more;
  }

  /** All that is held, which belongs to the caller; nothing is held any more. */
  take(): Bytes {
    const taken = this.bytes.subarray(this.start, this.end);
    this.clear();
    return taken;
  }

  /** What lies before `at` was used. */
  consume(at: number): void {
    this.start = at;
    if (this.start >= this.end) this.clear();
  }

  /** Hold nothing. */
  clear(): void {
    this.bytes = NOTHING;
    this.start = 0;
    this.end = 0;
  }
}
