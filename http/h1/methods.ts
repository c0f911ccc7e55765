/**
 * The methods that the decoder knows by number.
 * @module
 */

/** Method names by code; code 0 stands for any other token. */
export const METHODS: readonly [
  "",
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
] = [
  "",
  "GET",
  "HEAD",
  "POST",
  "PUT",
  "DELETE",
  "CONNECT",
  "OPTIONS",
  "TRACE",
  "PATCH",
];

/** Code of a method that is none of {@linkcode METHODS}. */
export const METHOD_OTHER = 0;
/** Code of GET. */
export const METHOD_GET = 1;
/** Code of HEAD. */
export const METHOD_HEAD = 2;
/** Code of POST. */
export const METHOD_POST = 3;
/** Code of PUT. */
export const METHOD_PUT = 4;
/** Code of DELETE. */
export const METHOD_DELETE = 5;
/** Code of CONNECT. */
export const METHOD_CONNECT = 6;
/** Code of OPTIONS. */
export const METHOD_OPTIONS = 7;
/** Code of TRACE. */
export const METHOD_TRACE = 8;
/** Code of PATCH. */
export const METHOD_PATCH = 9;

/** The one method that starts so (first letter, length): the rest is compared. */
function candidate(first: number, length: number): number {
  switch (first) {
    case 0x47:
      return METHOD_GET;
    case 0x48:
      return METHOD_HEAD;
    case 0x50:
      return length === 4 ? METHOD_POST : length === 3 ? METHOD_PUT : METHOD_PATCH;
    case 0x44:
      return METHOD_DELETE;
    case 0x43:
      return METHOD_CONNECT;
    case 0x4f:
      return METHOD_OPTIONS;
    case 0x54:
      return METHOD_TRACE;
    default:
      return METHOD_OTHER;
  }
}

/**
 * The code of the method in `bytes` from `start` to `end`; methods are case-sensitive (RFC 9110 9.1).
 *
 * @return Index into {@linkcode METHODS}, 0 for any other token.
 */
export function methodCode(bytes: Uint8Array, start: number, end: number): number {
  const code = candidate(bytes[start], end - start);
  const name = METHODS[code];
  if (name.length !== end - start) return METHOD_OTHER;
  for (let i = 1; i < name.length; i++) {
    if (bytes[start + i] !== name.charCodeAt(i)) return METHOD_OTHER;
  }
  return code;
}

/**
 * The code of the method with this exact name, 0 if it is none of {@linkcode METHODS}.
 */
export function methodCodeOf(name: string): number {
  const code = (METHODS as readonly string[]).indexOf(name);
  return code < 0 ? METHOD_OTHER : code;
}
