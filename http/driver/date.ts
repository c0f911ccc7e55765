/**
 * The Date field, encoded once a second.
 * @module
 */
import { writeAscii } from "../../runtime/bytes/ascii.ts";
import { DATE_BYTES } from "../h1/head_template.ts";

/** Keeps the bytes of the current IMF-fixdate (RFC 9110 5.6.7). */
export class DateCache {
  readonly #wallMs: () => number;
  #bytes = new Uint8Array(DATE_BYTES);
  #validUntilMs = -Infinity;

  /** @param wallMs The time of day, milliseconds since 1970. Default `Date.now`. */
  constructor(wallMs: () => number = Date.now) {
    this.#wallMs = wallMs;
  }

  /** The 29 bytes; another object each second. @param nowMs Any monotonic time, milliseconds. */
  bytes(nowMs: number): Uint8Array {
    return nowMs < this.#validUntilMs ? this.#bytes : this.#refresh(nowMs);
  }

  #refresh(nowMs: number): Uint8Array {
    const wallMs = this.#wallMs();
    this.#validUntilMs = nowMs + 1000 - wallMs % 1000;
    this.#bytes = new Uint8Array(DATE_BYTES);
    writeAscii(this.#bytes, 0, new Date(wallMs).toUTCString());
    return this.#bytes;
  }
}
