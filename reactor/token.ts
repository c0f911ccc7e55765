/**
 * Tokens: small integers that name a source, and tell an old one from a new one in the same place.
 * @module
 */

const INDEX_BITS = 20;
const INDEX_MASK = (1 << INDEX_BITS) - 1;
const GENERATION_MASK = (1 << 10) - 1;

/**
 * Names an entry of a {@link Slab}: 20 bits of place, 10 bits of generation, so it stays a small integer and
 * crosses the native border as one `i32`.
 */
export type Token = number;

/** How many entries a slab can hold at once. */
export const MAX_TOKENS: number = INDEX_MASK + 1;

/**
 * A table that hands out {@link Token}s. A token whose entry was removed finds nothing, even when the place
 * was given to another since: an event that was on its way is dropped instead of reaching the wrong source.
 *
 * @example
 * ```ts
 * import { Slab } from "@millrace/millrace/reactor";
 *
 * const slab = new Slab<string>();
 * const token = slab.insert("a");
 * slab.remove(token);
 * slab.insert("b");
 * if (slab.lookup(token) !== undefined) throw new Error("a stale token found something");
 * ```
 */
export class Slab<T> {
  readonly #entries: (T | undefined)[] = [];
  readonly #generations: number[] = [];
  readonly #free: number[] = [];

  /** Entries at present. */
  get size(): number {
    return this.#entries.length - this.#free.length;
  }

  /**
   * Store a value; O(1).
   *
   * @throws {RangeError} When {@link MAX_TOKENS} are in use.
   */
  insert(value: T): Token {
    const free = this.#free.pop();
    if (free !== undefined) {
      this.#entries[free] = value;
      return free | this.#generations[free] << INDEX_BITS;
    }
    const index = this.#entries.length;
    if (index === MAX_TOKENS) throw new RangeError(`a selector holds at most ${MAX_TOKENS} sources`);
    this.#entries.push(value);
    this.#generations.push(0);
    return index;
  }

  /** The value of a live token. */
  lookup(token: Token): T | undefined {
    const index = token & INDEX_MASK;
    return this.#generations[index] === token >>> INDEX_BITS ? this.#entries[index] : undefined;
  }

  /** Forget a token; `false` if it was stale already. */
  remove(token: Token): boolean {
    const index = token & INDEX_MASK;
    if (this.lookup(token) === undefined) return false;
    this.#entries[index] = undefined;
    this.#generations[index] = (this.#generations[index] + 1) & GENERATION_MASK;
    this.#free.push(index);
    return true;
  }

  /** Every live value; the slab must not be changed meanwhile. */
  *values(): Generator<T> {
    for (const entry of this.#entries) if (entry !== undefined) yield entry;
  }
}
