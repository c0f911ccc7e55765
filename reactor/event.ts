/**
 * What a selector reports.
 * @module
 */
import { CLOSED, ERROR, READ_CLOSED, READABLE, WRITABLE } from "../ffi/abi.ts";
import type { Token } from "./token.ts";

/** One readiness event. A hint, not a promise: the next call may still say would-block. */
export interface Event {
  /** The source it is for. */
  readonly token: Token;
  /** There may be something to read. */
  readonly readable: boolean;
  /** There may be room to write. */
  readonly writable: boolean;
  /** The peer sends no more; what it sent can still be read. */
  readonly readClosed: boolean;
  /** Both directions are gone. */
  readonly closed: boolean;
  /** An error is pending on the source. */
  readonly error: boolean;
}

/**
 * A reusable list of events, filled by `Selector.select`.
 *
 * @example
 * ```ts
 * import { Events } from "@millrace/millrace/reactor";
 *
 * const events = new Events();
 * if (events.length !== 0) throw new Error("a new list is empty");
 * ```
 */
export class Events implements Iterable<Event> {
  readonly #tokens: Token[] = [];
  readonly #bits: number[] = [];
  #length = 0;

  /** Events in the list. */
  get length(): number {
    return this.#length;
  }

  /** The event at `index`, from 0. */
  at(index: number): Event {
    if (index < 0 || index >= this.#length) {
      throw new RangeError(`no event at index ${index}: the list has ${this.#length}`);
    }
    const bits = this.#bits[index];
    return {
      token: this.#tokens[index],
      readable: (bits & READABLE) !== 0,
      writable: (bits & WRITABLE) !== 0,
      readClosed: (bits & READ_CLOSED) !== 0,
      closed: (bits & CLOSED) !== 0,
      error: (bits & ERROR) !== 0,
    };
  }

  /** Append an event; for selectors. */
  push(token: Token, bits: number): void {
    this.#tokens[this.#length] = token;
    this.#bits[this.#length] = bits;
    this.#length++;
  }

  /** Empty the list. */
  clear(): void {
    this.#length = 0;
  }

  /** The events in the order in which they were reported. */
  *[Symbol.iterator](): Generator<Event> {
    for (let index = 0; index < this.#length; index++) yield this.at(index);
  }
}
