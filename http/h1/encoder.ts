/**
 * HTTP/1.1 heads and chunks into the caller's bytes.
 *
 * Every function writes at `at` and returns the index after what it wrote. Bytes beyond the end of `out` are lost and
 * still counted: a result above `out.length` says how much room was wanted, so that the caller can try again.
 * @module
 */
import { encodeDecimal, encodeHex, writeAscii, writeLatin1 } from "../../runtime/bytes/ascii.ts";
import { LocalProtocolError } from "../../runtime/bytes/errors.ts";
import { TARGET_CHARACTERS, TOKEN_CHARACTERS, VALUE_CHARACTERS } from "../../runtime/bytes/tables.ts";
import { reasonPhrase } from "./reasons.ts";
import { PROTOCOL } from "./refusal.ts";
import type { TrailerField } from "./trailers.ts";

export { encodeDecimal };

const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const COLON = 0x3a;

/** Longest chunk header: 14 hex digits and CRLF. */
export const MAX_CHUNK_HEADER_BYTES = 16;

function cannotEncode(code: string, what: string, text: string, wanted: string): LocalProtocolError {
  return new LocalProtocolError(code, `encoding ${what} ${JSON.stringify(text)}: wanted ${wanted}`, PROTOCOL);
}

function writeChecked(out: Uint8Array, at: number, text: string, table: Uint8Array): number {
  const length = text.length;
  for (let i = 0; i < length; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 255 || table[unit] === 0) return -1;
    out[at + i] = unit;
  }
  return at + length;
}

/**
 * Writes CRLF: the blank line that ends a head.
 *
 * @example
 * ```ts
 * import { encodeCrlf } from "@millrace/millrace/http";
 *
 * const out = new Uint8Array(2);
 * if (encodeCrlf(out, 0) !== 2 || out[0] !== 13) throw new Error("CR LF");
 * ```
 */
export function encodeCrlf(out: Uint8Array, at: number): number {
  out[at] = CR;
  out[at + 1] = LF;
  return at + 2;
}

/**
 * Writes `HTTP/1.1 200 OK` and CRLF (RFC 9112 4).
 *
 * @param status 100 to 999; another throws `LocalProtocolError`. @param reason Defaults to the registered phrase.
 *
 * @example
 * ```ts
 * import { encodeStatusLine } from "@millrace/millrace/http";
 *
 * const out = new Uint8Array(64);
 * const at = encodeStatusLine(out, 0, 404);
 * if (new TextDecoder().decode(out.subarray(0, at)) !== "HTTP/1.1 404 Not Found\r\n") throw new Error("line");
 * ```
 */
export function encodeStatusLine(out: Uint8Array, at: number, status: number, reason?: string): number {
  if (!Number.isInteger(status) || status < 100 || status > 999) {
    throw cannotEncode("ERR_H1_STATUS", "the status", String(status), "100 to 999");
  }
  let p = writeLatin1(out, at, "HTTP/1.1 ");
  p = encodeDecimal(out, p, status);
  out[p++] = SP;
  const text = reason ?? reasonPhrase(status);
  p = writeChecked(out, p, text, VALUE_CHARACTERS);
  if (p < 0) throw cannotEncode("ERR_H1_REASON", "the reason phrase", text, "no control characters");
  return encodeCrlf(out, p);
}

/**
 * Writes `METHOD target HTTP/1.1` and CRLF (RFC 9112 3): how a client's head begins.
 *
 * @param method A token. @param target Visible ASCII without `#`, not empty. Others throw `LocalProtocolError`.
 *
 * @example
 * ```ts
 * import { encodeRequestLine } from "@millrace/millrace/http";
 *
 * const out = new Uint8Array(64);
 * const at = encodeRequestLine(out, 0, "GET", "/notes");
 * if (new TextDecoder().decode(out.subarray(0, at)) !== "GET /notes HTTP/1.1\r\n") throw new Error("line");
 * ```
 */
export function encodeRequestLine(out: Uint8Array, at: number, method: string, target: string): number {
  let p = method === "" ? -1 : writeChecked(out, at, method, TOKEN_CHARACTERS);
  if (p < 0) throw cannotEncode("ERR_H1_METHOD", "the method", method, "a token");
  out[p++] = SP;
  p = target === "" ? -1 : writeChecked(out, p, target, TARGET_CHARACTERS);
  if (p < 0) throw cannotEncode("ERR_H1_TARGET", "the target", target, "visible ASCII without #");
  return writeLatin1(out, p, " HTTP/1.1\r\n");
}

/**
 * Writes `name: value` and CRLF (RFC 9112 5). Checks both once more, so that no text can start a second field.
 *
 * @param name A token. @param value Code units up to 255, no control character but HTAB. Others throw
 * `LocalProtocolError`.
 *
 * @example
 * ```ts
 * import { encodeField } from "@millrace/millrace/http";
 *
 * const out = new Uint8Array(64);
 * const at = encodeField(out, 0, "vary", "accept");
 * if (new TextDecoder().decode(out.subarray(0, at)) !== "vary: accept\r\n") throw new Error("field");
 * ```
 */
export function encodeField(out: Uint8Array, at: number, name: string, value: string): number {
  let p = name === "" ? -1 : writeChecked(out, at, name, TOKEN_CHARACTERS);
  if (p < 0) throw cannotEncode("ERR_H1_FIELD_NAME", "the field name", name, "a token");
  out[p] = COLON;
  out[p + 1] = SP;
  p = writeChecked(out, p + 2, value, VALUE_CHARACTERS);
  if (p < 0) {
    // The value may be a secret: it stays out of the text.
    throw cannotEncode(
      "ERR_H1_FIELD_VALUE",
      "the value of",
      name,
      "code units to 255, no control characters",
    );
  }
  return encodeCrlf(out, p);
}

/**
 * Writes the size line before a chunk's data (RFC 9112 7.1); CRLF must follow the data (`encodeCrlf`).
 *
 * @param size Bytes of the chunk, 1 or more: 0 would end the body. At most `MAX_CHUNK_HEADER_BYTES` are written.
 *
 * @example
 * ```ts
 * import { encodeChunkHeader } from "@millrace/millrace/http";
 *
 * const out = new Uint8Array(16);
 * const at = encodeChunkHeader(out, 0, 255);
 * if (new TextDecoder().decode(out.subarray(0, at)) !== "ff\r\n") throw new Error("hex");
 * ```
 */
export function encodeChunkHeader(out: Uint8Array, at: number, size: number): number {
  if (!(size > 0)) throw cannotEncode("ERR_H1_CHUNK", "a chunk of size", String(size), "1 or more");
  return encodeCrlf(out, encodeHex(out, at, size));
}

/**
 * Writes the last chunk, the trailers and the blank line: the end of a chunked body.
 *
 * @param trailers Fields in order; checked as by {@linkcode encodeField}.
 *
 * @example
 * ```ts
 * import { encodeLastChunk } from "@millrace/millrace/http";
 *
 * const out = new Uint8Array(32);
 * const at = encodeLastChunk(out, 0, [["digest", "abc"]]);
 * if (new TextDecoder().decode(out.subarray(0, at)) !== "0\r\ndigest: abc\r\n\r\n") throw new Error("end");
 * ```
 */
export function encodeLastChunk(out: Uint8Array, at: number, trailers?: readonly TrailerField[]): number {
  let p = writeAscii(out, at, "0\r\n");
  if (trailers !== undefined) {
    for (const [name, value] of trailers) p = encodeField(out, p, name, value);
  }
  return encodeCrlf(out, p);
}
