/**
 * Recognising a field section that came before.
 * @module
 */
import { scanOver, startsWithCopy } from "../../runtime/bytes/scan.ts";

/** Sections up to this size are remembered; bytes. */
const MAX_REMEMBERED = 1_024;

/**
 * Clients and proxies send the same fields with every request. The section that was decoded last is kept, and the next
 * is compared with it, which takes a fifth of the time of decoding it again.
 *
 * It is copied only when two of the same length came in a row, so that a server whose clients all differ pays nothing.
 */
export class RepeatedSection {
  #copy: Uint8Array | undefined = undefined;
  #words: DataView | undefined = undefined;
  #length = 0;
  #lengthBefore = 0;

  /** The length of the section at `at` if it is the one that was decoded last, otherwise 0. */
  match(bytes: Uint8Array, at: number, end: number): number {
    const length = this.#length;
    if (length === 0 || end - at < length) return 0;
    scanOver(bytes);
    return startsWithCopy(bytes, at, this.#copy!, this.#words!, length) ? length : 0;
  }

  /** Another section is about to be decoded: what is known is of the one before. */
  forget(): void {
    this.#length = 0;
  }

  /** The section `bytes[start, end)`, with its blank line, was decoded and accepted. */
  remember(bytes: Uint8Array, start: number, end: number): void {
    const length = end - start;
    const again = length === this.#lengthBefore;
    this.#lengthBefore = length;
    if (!again || length > MAX_REMEMBERED) return;
    if (this.#copy === undefined) {
      this.#copy = new Uint8Array(MAX_REMEMBERED);
      this.#words = new DataView(this.#copy.buffer);
    }
    const copy = this.#copy;
    for (let i = 0; i < length; i++) copy[i] = bytes[start + i];
    this.#length = length;
  }
}
