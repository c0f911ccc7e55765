/**
 * Which trailer fields are kept.
 * @module
 */
import { readLatin1 } from "../../runtime/bytes/ascii.ts";
import { forEachField } from "./field_lookup.ts";

/** Name in lower case, and value. */
export type TrailerField = [name: string, value: string];

/**
 * Fields that must not come as trailers (RFC 9110 6.5.1): they frame, route, authenticate, modify the request,
 * control the response or say how to read the content. They are dropped.
 */
const FORBIDDEN: ReadonlySet<string> = new Set([
  "accept-ranges",
  "age",
  "authorization",
  "cache-control",
  "connection",
  "content-encoding",
  "content-length",
  "content-range",
  "content-type",
  "cookie",
  "expect",
  "expires",
  "forwarded",
  "host",
  "if-match",
  "if-modified-since",
  "if-none-match",
  "if-range",
  "if-unmodified-since",
  "keep-alive",
  "location",
  "max-forwards",
  "pragma",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "range",
  "retry-after",
  "set-cookie",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "vary",
  "warning",
  "www-authenticate",
  "x-forwarded-for",
  "x-forwarded-host",
  "x-forwarded-proto",
]);

/** Whether a field of this lower-case name may be a trailer. */
export function isTrailerAllowed(lowerName: string): boolean {
  return !FORBIDDEN.has(lowerName);
}

/** The permitted fields of a validated section that starts at 0, `undefined` if there are none. */
export function readTrailers(bytes: Uint8Array, fieldsEnd: number): TrailerField[] | undefined {
  const trailers: TrailerField[] = [];
  forEachField(bytes, 0, fieldsEnd, (nameStart, nameEnd, valueStart, valueEnd) => {
    const name = readLatin1(bytes, nameStart, nameEnd).toLowerCase();
    if (isTrailerAllowed(name)) trailers.push([name, readLatin1(bytes, valueStart, valueEnd)]);
  });
  return trailers.length === 0 ? undefined : trailers;
}
