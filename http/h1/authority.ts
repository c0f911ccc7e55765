/**
 * `uri-host [ ":" port ]` of the Host field and of request targets (RFC 9112 3.2, RFC 3986 3.2.2).
 * @module
 */
import { HEX_VALUES, REG_NAME_CHARACTERS } from "../../runtime/bytes/tables.ts";

const COLON = 0x3a;

/** The authority has a port with at least one digit. */
export const AUTHORITY_WITH_PORT = 2;
/** The authority is well-formed and has no port. */
export const AUTHORITY_WITHOUT_PORT = 1;
/** The bytes are no authority, or hold user information, which http refuses (RFC 9110 4.2.4). */
export const AUTHORITY_MALFORMED = 0;

/**
 * Checks the bytes `start` to `end`; an empty host is malformed here.
 *
 * @return `AUTHORITY_MALFORMED`, `AUTHORITY_WITHOUT_PORT` or `AUTHORITY_WITH_PORT`.
 */
export function checkAuthority(bytes: Uint8Array, start: number, end: number): number {
  let p = start;
  if (p === end) return AUTHORITY_MALFORMED;
  if (bytes[p] === 0x5b) {
    p = literalEnd(bytes, p + 1, end);
    if (p < 0) return AUTHORITY_MALFORMED;
  } else {
    while (p < end) {
      const kind = REG_NAME_CHARACTERS[bytes[p]];
      if (kind === 1) p++;
      else if (kind === 2 && isPercentEncoded(bytes, p, end)) p += 3;
      else break;
    }
    if (p === start) return AUTHORITY_MALFORMED;
  }
  if (p === end) return AUTHORITY_WITHOUT_PORT;
  if (bytes[p] !== COLON) return AUTHORITY_MALFORMED;
  return checkPort(bytes, p + 1, end);
}

/** RFC 3986 3.2.3: `*DIGIT`, so empty is allowed; we bound it by what a port can be. */
function checkPort(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return AUTHORITY_WITHOUT_PORT;
  let port = 0;
  for (let p = start; p < end; p++) {
    const digit = bytes[p] - 0x30;
    if (digit < 0 || digit > 9) return AUTHORITY_MALFORMED;
    port = port * 10 + digit;
    if (port > 65_535) return AUTHORITY_MALFORMED;
  }
  return AUTHORITY_WITH_PORT;
}

function isPercentEncoded(bytes: Uint8Array, p: number, end: number): boolean {
  return p + 2 < end && HEX_VALUES[bytes[p + 1]] !== 255 && HEX_VALUES[bytes[p + 2]] !== 255;
}

/** The index after the `]` of an IP literal whose `[` is before `start`, or -1. */
function literalEnd(bytes: Uint8Array, start: number, end: number): number {
  let close = start;
  while (close < end && bytes[close] !== 0x5d) close++;
  if (close === end || close === start) return -1;
  const valid = (bytes[start] | 0x20) === 0x76
    ? isFutureAddress(bytes, start + 1, close)
    : isIPv6Address(bytes, start, close);
  return valid ? close + 1 : -1;
}

/** `IPvFuture = "v" 1*HEXDIG "." 1*( unreserved / sub-delims / ":" )`, after the `v`. */
function isFutureAddress(bytes: Uint8Array, start: number, end: number): boolean {
  let p = start;
  while (p < end && HEX_VALUES[bytes[p]] !== 255) p++;
  if (p === start || p === end || bytes[p] !== 0x2e) return false;
  p++;
  if (p === end) return false;
  while (p < end && (REG_NAME_CHARACTERS[bytes[p]] === 1 || bytes[p] === COLON)) p++;
  return p === end;
}

/** Eight groups of one to four hex digits, one `::` at most, perhaps an IPv4 tail. No zone identifier. */
function isIPv6Address(bytes: Uint8Array, start: number, end: number): boolean {
  let p = start;
  let groups = 0;
  let compressed = false;
  if (bytes[p] === COLON) {
    if (p + 1 >= end || bytes[p + 1] !== COLON) return false;
    compressed = true;
    p += 2;
  }
  while (p < end) {
    const groupStart = p;
    while (p < end && HEX_VALUES[bytes[p]] !== 255) p++;
    if (p < end && bytes[p] === 0x2e) {
      if (!isIPv4Address(bytes, groupStart, end)) return false;
      groups += 2;
      p = end;
      break;
    }
    if (p === groupStart || p - groupStart > 4) return false;
    groups++;
    if (p === end) break;
    if (bytes[p] !== COLON) return false;
    p++;
    if (p === end) return false;
    if (bytes[p] === COLON) {
      if (compressed) return false;
      compressed = true;
      p++;
    }
  }
  return compressed ? groups < 8 : groups === 8;
}

/** `dec-octet` four times: no leading zeros, none above 255. */
function isIPv4Address(bytes: Uint8Array, start: number, end: number): boolean {
  let p = start;
  for (let octet = 0; octet < 4; octet++) {
    if (octet > 0) {
      if (p === end || bytes[p] !== 0x2e) return false;
      p++;
    }
    const digits = p;
    let value = 0;
    while (p < end && bytes[p] >= 0x30 && bytes[p] <= 0x39 && p - digits < 3) {
      value = value * 10 + bytes[p] - 0x30;
      p++;
    }
    if (p === digits || value > 255 || (p - digits > 1 && bytes[digits] === 0x30)) return false;
  }
  return p === end;
}
