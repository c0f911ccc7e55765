/**
 * The run queue: a ring that grows, first in, first out.
 * @module
 */

/** A FIFO ring buffer; both ends O(1), no allocation while it does not grow. */
export class RingQueue<T> {
  #slots: (T | undefined)[];
  #head = 0;
  #length = 0;

  /** @param capacity First size, a power of two. */
  constructor(capacity = 64) {
    this.#slots = new Array<T | undefined>(capacity).fill(undefined);
  }

  /** Entries at present. */
  get length(): number {
    return this.#length;
  }

  /** Append an entry. */
  push(value: T): void {
    if (this.#length === this.#slots.length) this.#grow();
    this.#slots[(this.#head + this.#length) & (this.#slots.length - 1)] = value;
    this.#length++;
  }

  /** Take the oldest entry. */
  shift(): T | undefined {
    if (this.#length === 0) return undefined;
    const value = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#slots.length - 1);
    this.#length--;
    return value;
  }

  #grow(): void {
    const size = this.#slots.length;
    const slots = new Array<T | undefined>(size * 2).fill(undefined);
    for (let index = 0; index < size; index++) slots[index] = this.#slots[(this.#head + index) & (size - 1)];
    this.#slots = slots;
    this.#head = 0;
  }
}
