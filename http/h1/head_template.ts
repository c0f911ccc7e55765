/**
 * Heads that are encoded once and copied many times.
 * @module
 */
import { encodeDecimal } from "../../runtime/bytes/ascii.ts";
import { encodeCrlf, encodeField, encodeStatusLine } from "./encoder.ts";

/** Bytes of an IMF-fixdate, `Sun, 06 Nov 1994 08:49:37 GMT` (RFC 9110 5.6.7). */
export const DATE_BYTES = 29;

const LONGEST_TAIL = 16 + 4;

/**
 * A response head but for its date and its length: status line and fixed fields, encoded and checked once.
 *
 * The date is patched into the template when it changes, once a second, so that a response costs one copy and the
 * digits of its length. Keep one for each shape (status, content type, keep-alive).
 *
 * @example
 * ```ts
 * import { HeadTemplate } from "@millrace/millrace/http";
 *
 * const template = new HeadTemplate(200, [["content-type", "text/plain"]]);
 * template.date(new TextEncoder().encode("Sun, 06 Nov 1994 08:49:37 GMT"));
 * const out = new Uint8Array(template.maxBytes);
 * const head = new TextDecoder().decode(out.subarray(0, template.write(out, 0, 13)));
 * if (
 *   head !== "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n" +
 *     "date: Sun, 06 Nov 1994 08:49:37 GMT\r\ncontent-length: 13\r\n\r\n"
 * ) throw new Error(head);
 * ```
 */
export class HeadTemplate {
  /** Room that any head of this template needs, in bytes. */
  readonly maxBytes: number;
  readonly #bytes: Uint8Array;
  readonly #dateAt: number;
  readonly #hasLength: boolean;
  #date: Uint8Array | undefined = undefined;

  /**
   * Encodes the fixed part; `LocalProtocolError` if it cannot be sent.
   *
   * @param status Status code. @param fields Fixed fields in order, without date and content-length.
   * @param hasLength Whether a content-length ends the head; without, `write` ends it after the date. Default true.
   * @param reason Reason phrase; default the registered one.
   */
  constructor(
    status: number,
    fields: readonly (readonly [name: string, value: string])[],
    hasLength: boolean = true,
    reason?: string,
  ) {
    let room = 64 + (reason?.length ?? 48) + 64;
    for (const [name, value] of fields) room += name.length + value.length + 4;
    const bytes = new Uint8Array(room);
    let p = encodeStatusLine(bytes, 0, status, reason);
    for (const [name, value] of fields) p = encodeField(bytes, p, name, value);
    this.#dateAt = p + "date: ".length;
    p = encodeField(bytes, p, "date", "Thu, 01 Jan 1970 00:00:00 GMT");
    if (hasLength) p = encodeField(bytes, p, "content-length", "") - 2;
    else p = encodeCrlf(bytes, p);
    this.#bytes = bytes.slice(0, p);
    this.#hasLength = hasLength;
    this.maxBytes = p + LONGEST_TAIL;
  }

  /** Patches the date: 29 bytes. Cheap if `date` is the same object as last time, so make a new one each second. */
  date(date: Uint8Array): void {
    if (date === this.#date) return;
    this.#date = date;
    this.#bytes.set(date.subarray(0, DATE_BYTES), this.#dateAt);
  }

  /**
   * Writes the whole head with its blank line.
   *
   * @param out Where to, with room for `maxBytes` from `at` on. @param contentLength Bytes of content, 0 or more.
   * @return The index after the head.
   */
  write(out: Uint8Array, at: number, contentLength: number): number {
    const bytes = this.#bytes;
    out.set(bytes, at);
    const p = at + bytes.length;
    return this.#hasLength ? encodeTail(out, p, contentLength) : p;
  }
}

function encodeTail(out: Uint8Array, at: number, contentLength: number): number {
  const p = encodeDecimal(out, at, contentLength);
  out[p] = 0x0d;
  out[p + 1] = 0x0a;
  out[p + 2] = 0x0d;
  out[p + 3] = 0x0a;
  return p + 4;
}
