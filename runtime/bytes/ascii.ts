/**
 * Reading and writing text in byte buffers, without allocation where there is no string to make.
 * @module
 */

const encoder = new TextEncoder();
const utf8 = new TextDecoder();

/**
 * Where one call of the platform's encoder is cheaper than a loop, in characters.
 * Measured: see `http/h1/codec_bench.ts`.
 */
const LOOP_MAX = 48;

/** Where the platform's decoder is cheaper than making strings of codes, in bytes; measured likewise. */
const FROM_CODES_MAX = 64;

/**
 * Writes `text`, one byte for each code unit (ISO 8859-1); a code unit above 255 loses its high bits, so check first.
 *
 * Bytes that do not fit are lost and still counted: a result above `out.length` says how much room was wanted.
 *
 * @param out Where to. @param at First index to write. @param text What.
 * @return The index after the last byte.
 *
 * @example
 * ```ts
 * import { writeLatin1 } from "@millrace/millrace/http";
 *
 * const out = new Uint8Array(8);
 * const at = writeLatin1(out, 0, "Host");
 * if (at !== 4 || out[0] !== 0x48) throw new Error("not written");
 * ```
 */
export function writeLatin1(out: Uint8Array, at: number, text: string): number {
  const length = text.length;
  for (let i = 0; i < length; i++) out[at + i] = text.charCodeAt(i);
  return at + length;
}

/**
 * Writes `text` that is known to be ASCII: as {@linkcode writeLatin1}, faster for long texts.
 *
 * @param out Where to. @param at First index to write. @param text What, code units below 128 only.
 * @return The index after the last byte.
 *
 * @example
 * ```ts
 * import { writeAscii } from "@millrace/millrace/http";
 *
 * const out = new Uint8Array(8);
 * if (writeAscii(out, 2, "abc") !== 5 || out[4] !== 0x63) throw new Error("not written");
 * ```
 */
export function writeAscii(out: Uint8Array, at: number, text: string): number {
  const length = text.length;
  if (length <= LOOP_MAX || at + length > out.length) {
    for (let i = 0; i < length; i++) out[at + i] = text.charCodeAt(i);
  } else {
    encoder.encodeInto(text, out.subarray(at, at + length));
  }
  return at + length;
}

/**
 * Writes `text` as UTF-8. A lone surrogate becomes U+FFFD, as everywhere on the web.
 *
 * @param out Where to; three bytes for each code unit always suffice. @param at First index. @param text What.
 * @return The index after the last byte, or -1 if it did not fit (then the bytes from `at` on are undefined).
 *
 * @example
 * ```ts
 * import { writeUtf8 } from "@millrace/millrace/http";
 *
 * const out = new Uint8Array(4);
 * if (writeUtf8(out, 0, "é") !== 2) throw new Error("two bytes");
 * if (writeUtf8(out, 0, "ééé") !== -1) throw new Error("does not fit");
 * ```
 */
export function writeUtf8(out: Uint8Array, at: number, text: string): number {
  const length = text.length;
  if (length <= LOOP_MAX && at + length <= out.length) {
    let i = 0;
    for (; i < length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) break;
      out[at + i] = unit;
    }
    if (i === length) return at + length;
  }
  const { read, written } = encoder.encodeInto(text, out.subarray(at));
  return read === length ? at + written : -1;
}

/**
 * Writes a count in decimal.
 *
 * @param value A safe integer, 0 or more.
 * @return The index after the last digit.
 *
 * @example
 * ```ts
 * import { encodeDecimal } from "@millrace/millrace/http";
 *
 * const out = new Uint8Array(16);
 * const at = encodeDecimal(out, 0, 1024);
 * if (new TextDecoder().decode(out.subarray(0, at)) !== "1024") throw new Error("digits");
 * ```
 */
export function encodeDecimal(out: Uint8Array, at: number, value: number): number {
  if (value < 10) {
    out[at] = 0x30 + value;
    return at + 1;
  }
  if (value > 999_999_999) return writeLatin1(out, at, String(value));
  let rest = value | 0;
  const stop = at + decimalLength(rest);
  let p = stop;
  while (p > at) {
    const next = (rest / 10) | 0;
    out[--p] = 0x30 + rest - next * 10;
    rest = next;
  }
  return stop;
}

function decimalLength(value: number): number {
  if (value < 100) return 2;
  if (value < 1_000) return 3;
  if (value < 10_000) return 4;
  if (value < 100_000) return 5;
  if (value < 1_000_000) return 6;
  if (value < 10_000_000) return 7;
  if (value < 100_000_000) return 8;
  return 9;
}

/**
 * Writes a count in lower-case hexadecimal.
 *
 * @param value A safe integer, 0 or more.
 * @return The index after the last digit.
 *
 * @example
 * ```ts
 * import { encodeHex } from "@millrace/millrace/http";
 *
 * const out = new Uint8Array(16);
 * const at = encodeHex(out, 0, 255);
 * if (new TextDecoder().decode(out.subarray(0, at)) !== "ff") throw new Error("digits");
 * ```
 */
export function encodeHex(out: Uint8Array, at: number, value: number): number {
  if (value > 0x7fff_ffff) return writeLatin1(out, at, value.toString(16));
  let digits = 1;
  for (let rest = value >>> 4; rest !== 0; rest >>>= 4) digits++;
  let rest = value;
  for (let p = at + digits - 1; p >= at; p--) {
    const digit = rest & 15;
    out[p] = digit < 10 ? 0x30 + digit : 0x57 + digit;
    rest >>>= 4;
  }
  return at + digits;
}

/**
 * Makes a string of the bytes `start` to `end`, one code unit a byte (ISO 8859-1): what fetch calls a byte string.
 *
 * @param start First index. @param end Index after the last.
 *
 * @example
 * ```ts
 * import { readLatin1 } from "@millrace/millrace/http";
 *
 * if (readLatin1(new Uint8Array([0x63, 0x61, 0x66, 0xe9]), 0, 4) !== "café") throw new Error("latin1");
 * ```
 */
export function readLatin1(bytes: Uint8Array, start: number, end: number): string {
  return end - start > FROM_CODES_MAX && isAscii(bytes, start, end)
    ? utf8.decode(bytes.subarray(start, end))
    : fromCodes(bytes, start, end);
}

function isAscii(bytes: Uint8Array, start: number, end: number): boolean {
  let all = 0;
  for (let p = start; p < end; p++) all |= bytes[p];
  return all < 0x80;
}

/** Sixteen characters a call: each further string that is joined costs more than they do. */
function fromCodes(b: Uint8Array, start: number, end: number): string {
  let text = "";
  let p = start;
  // deno-fmt-ignore
  for (; p + 16 <= end; p += 16) {
    text += String.fromCharCode(
      b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5], b[p + 6], b[p + 7],
      b[p + 8], b[p + 9], b[p + 10], b[p + 11], b[p + 12], b[p + 13], b[p + 14], b[p + 15],
    );
  }
  if (p + 8 <= end) {
    // deno-fmt-ignore
    text += String.fromCharCode(
      b[p], b[p + 1], b[p + 2], b[p + 3], b[p + 4], b[p + 5], b[p + 6], b[p + 7],
    );
    p += 8;
  }
  if (p + 4 <= end) {
    text += String.fromCharCode(b[p], b[p + 1], b[p + 2], b[p + 3]);
    p += 4;
  }
  switch (end - p) {
    case 0:
      return text;
    case 1:
      return text + String.fromCharCode(b[p]);
    case 2:
      return text + String.fromCharCode(b[p], b[p + 1]);
    default:
      return text + String.fromCharCode(b[p], b[p + 1], b[p + 2]);
  }
}

/**
 * Whether the bytes `start` to `end` are `lower`, compared without regard to ASCII case.
 *
 * @param lower ASCII without upper-case letters.
 *
 * @example
 * ```ts
 * import { equalsIgnoreCase } from "@millrace/millrace/http";
 *
 * const bytes = new TextEncoder().encode("Keep-Alive");
 * if (!equalsIgnoreCase(bytes, 0, 10, "keep-alive")) throw new Error("equal");
 * ```
 */
export function equalsIgnoreCase(bytes: Uint8Array, start: number, end: number, lower: string): boolean {
  const length = lower.length;
  if (end - start !== length) return false;
  for (let i = 0; i < length; i++) {
    const byte = bytes[start + i];
    const wanted = lower.charCodeAt(i);
    if (byte !== wanted && (byte < 0x41 || byte > 0x5a || (byte | 0x20) !== wanted)) return false;
  }
  return true;
}
