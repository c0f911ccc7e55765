/**
 * The content of a message that is being received.
 * @module
 */
import type { Bytes } from "../ffi/native.ts";
import type { BodySource } from "./body.ts";
import { HeldBytes } from "../runtime/bytes/held_bytes.ts";

/** What the connection is told by those who read. */
export interface IncomingBodyOwner {
  /** Somebody wants content for the first time: time to send 100 (Continue). */
  bodyWanted(body: IncomingBody): void;
  /** More than {@link BODY_HIGH_WATER} waits (`true`), or no more (`false`). */
  bodyCongested(body: IncomingBody, congested: boolean): void;
}

/** Bytes that may wait for a reader before the peer has to wait. */
export const BODY_HIGH_WATER = 65_536;

interface Reader {
  resolve(chunk: Bytes | undefined): void;
  reject(reason: unknown): void;
}

/** Filled by the connection, read by the handler. Bounded by {@link BODY_HIGH_WATER} and one receive. */
export class IncomingBody implements BodySource {
  readonly #owner: IncomingBodyOwner;
  // In one piece: a peer decides how small its chunks are, and an object for each would be its way to our memory.
  readonly #waiting = new HeldBytes();
  #congested = false;
  #wanted = false;
  #ended = false;
  #cancelled = false;
  #failure: unknown;
  #reader: Reader | undefined;

  /** @param owner The connection. */
  constructor(owner: IncomingBodyOwner) {
    this.#owner = owner;
  }

  /** Has everything arrived, or will nothing more? */
  get isEnded(): boolean {
    return this.#ended;
  }

  /** Has somebody begun to read? */
  get isWanted(): boolean {
    return this.#wanted;
  }

  /** `bytes[start, end)` arrived; never empty. */
  push(bytes: Bytes, start: number, end: number): void {
    if (this.#cancelled || this.#ended) return;
    const reader = this.#reader;
    if (reader !== undefined) {
      this.#reader = undefined;
      reader.resolve(bytes.subarray(start, end));
      return;
    }
    // Waiting bytes are copied: a view would keep the whole arena alive for who knows how long.
    this.#waiting.append(bytes, start, end);
    if (!this.#congested && this.#waiting.length > BODY_HIGH_WATER) {
      this.#congested = true;
      this.#owner.bodyCongested(this, true);
    }
  }

  /** The content is complete. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#reader?.resolve(undefined);
    this.#reader = undefined;
  }

  /** The content breaks off. */
  fail(reason: unknown): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#failure = reason;
    this.#reader?.reject(reason);
    this.#reader = undefined;
  }

  /** See {@link BodySource.read}. One reader at a time. */
  read(): Promise<Bytes | undefined> {
    if (!this.#wanted) {
      this.#wanted = true;
      if (!this.#ended && this.#waiting.isEmpty) this.#owner.bodyWanted(this);
    }
    if (!this.#waiting.isEmpty) {
      const chunk = this.#waiting.take();
      this.#relieve();
      return Promise.resolve(chunk);
    }
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#ended || this.#cancelled) return Promise.resolve(undefined);
    return new Promise((resolve, reject) => this.#reader = { resolve, reject });
  }

  /** See {@link BodySource.whole}. */
  whole(): Bytes | undefined {
    if (!this.#ended || this.#cancelled || this.#failure !== undefined) return undefined;
    this.#wanted = true;
    return this.#waiting.take();
  }

  #relieve(): void {
    if (!this.#congested) return;
    this.#congested = false;
    this.#owner.bodyCongested(this, false);
  }

  /** See {@link BodySource.cancel}: what still comes is dropped. */
  cancel(): void {
    this.#cancelled = true;
    this.#waiting.clear();
    this.#relieve();
  }
}
