/**
 * Finding fields in a head that a decoder has accepted, without building a map.
 * @module
 */
import { equalsIgnoreCase } from "../../runtime/bytes/ascii.ts";

const CR = 0x0d;
const COLON = 0x3a;

/** Receives a field as four offsets; optional white space around the value is left out. */
export type FieldCallback = (
  nameStart: number,
  nameEnd: number,
  valueStart: number,
  valueEnd: number,
) => void;

let lastEnd = 0;

/**
 * The first byte of the value of the first field named `lowerName`, or -1; {@linkcode foundEnd} tells where it ends.
 *
 * @param bytes What the head was decoded from. @param start `head.fieldsStart`, or the end of an earlier find.
 * @param end `head.fieldsEnd`. @param lowerName Name in lower case.
 *
 * @example
 * ```ts
 * import { findField, foundEnd, H1_LIMITS, RequestDecoder } from "@millrace/millrace/http";
 *
 * const bytes = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
 * const decoder = new RequestDecoder(H1_LIMITS);
 * decoder.next(bytes, 0, bytes.length);
 * const { fieldsStart, fieldsEnd } = decoder.head;
 * const at = findField(bytes, fieldsStart, fieldsEnd, "accept");
 * if (new TextDecoder().decode(bytes.subarray(at, foundEnd())) !== "text/html") throw new Error("not found");
 * ```
 */
export function findField(bytes: Uint8Array, start: number, end: number, lowerName: string): number {
  const length = lowerName.length;
  const first = lowerName.charCodeAt(0);
  let p = start;
  while (p < end) {
    const colon = p + length;
    // The name was checked to be a token, so a colon here can only be its end.
    if (
      colon < end && bytes[colon] === COLON && (bytes[p] === first || (bytes[p] | 0x20) === first) &&
      equalsIgnoreCase(bytes, p, colon, lowerName)
    ) {
      return trim(bytes, colon + 1, lineEnd(bytes, colon + 1));
    }
    p = lineEnd(bytes, p) + 2;
  }
  return -1;
}

/** Where the value that {@linkcode findField} found last ends: the index after its last byte. */
export function foundEnd(): number {
  return lastEnd;
}

function lineEnd(bytes: Uint8Array, at: number): number {
  let p = at;
  while (bytes[p] !== CR) p++;
  return p;
}

function trim(bytes: Uint8Array, start: number, end: number): number {
  while (start < end && (bytes[start] === 0x20 || bytes[start] === 0x09)) start++;
  while (end > start && (bytes[end - 1] === 0x20 || bytes[end - 1] === 0x09)) end--;
  lastEnd = end;
  return start;
}

/**
 * Calls `callback` for each field, in the order of the wire.
 *
 * @param bytes What the head was decoded from. @param fieldsStart `head.fieldsStart`. @param fieldsEnd `head.fieldsEnd`.
 *
 * @example
 * ```ts
 * import { forEachField, H1_LIMITS, RequestDecoder } from "@millrace/millrace/http";
 *
 * const bytes = new TextEncoder().encode("GET / HTTP/1.1\r\nHost: a\r\nAccept: text/html\r\n\r\n");
 * const decoder = new RequestDecoder(H1_LIMITS);
 * decoder.next(bytes, 0, bytes.length);
 * const names: string[] = [];
 * forEachField(bytes, decoder.head.fieldsStart, decoder.head.fieldsEnd, (start, end) => {
 *   names.push(new TextDecoder().decode(bytes.subarray(start, end)));
 * });
 * if (names.join() !== "Host,Accept") throw new Error("two fields");
 * ```
 */
export function forEachField(
  bytes: Uint8Array,
  fieldsStart: number,
  fieldsEnd: number,
  callback: FieldCallback,
): void {
  let p = fieldsStart;
  while (p < fieldsEnd) {
    let colon = p;
    while (bytes[colon] !== COLON) colon++;
    const stop = lineEnd(bytes, colon + 1);
    const valueStart = trim(bytes, colon + 1, stop);
    callback(p, colon, valueStart, lastEnd);
    p = stop + 2;
  }
}
