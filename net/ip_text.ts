/**
 * IP addresses between their text and their bytes: RFC 4291 §2.2 in, RFC 5952 out.
 * @module
 */

const DOT = 0x2e;
const COLON = 0x3a;
const ZERO = 0x30;

/** The value of a hexadecimal digit's character code, or -1. */
function hexDigit(code: number): number {
  if (code >= 0x30 && code <= 0x39) return code - 0x30;
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x57 : -1;
}

/**
 * A whole number in decimal digits, without sign or leading zero, 0 to `max`; -1 for any other text.
 * A leading zero is refused because some readers take it for octal: one text, two addresses.
 */
export function parseDecimal(text: string, max: number): number {
  if (text.length === 0 || text.length > 10) return -1;
  let value = 0;
  for (let at = 0; at < text.length; at++) {
    const digit = text.charCodeAt(at) - ZERO;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  if (text.length > 1 && text.charCodeAt(0) === ZERO) return -1;
  return value <= max ? value : -1;
}

/** Write the four bytes of a dotted IPv4 address into `out` from `at`; `false` if `text` is none. */
export function parseIPv4(text: string, out: Uint8Array, at: number): boolean {
  let from = 0;
  for (let index = 0; index < 4; index++) {
    const to = index === 3 ? text.length : text.indexOf(".", from);
    if (to < 0) return false;
    const octet = parseDecimal(text.slice(from, to), 255);
    if (octet < 0) return false;
    out[at + index] = octet;
    from = to + 1;
  }
  return true;
}

/**
 * Write the sixteen bytes of an IPv6 address into `out` from `at`; `false` if `text` is none. Groups of one to
 * four digits, "::" at most once for one group or more, the last two groups as dotted IPv4 (RFC 4291 §2.2).
 */
export function parseIPv6(text: string, out: Uint8Array, at: number): boolean {
  const bytes = new Uint8Array(16);
  const end = text.length;
  let used = 0;
  let gapAt = -1;
  let from = 0;
  if (text.startsWith("::")) {
    gapAt = 0;
    from = 2;
  }
  while (from < end) {
    if (used === 16) return false;
    let to = from;
    let group = 0;
    while (to < end) {
      const digit = hexDigit(text.charCodeAt(to));
      if (digit < 0) break;
      group = group << 4 | digit;
      to++;
      if (to - from > 4) return false;
    }
    if (to < end && text.charCodeAt(to) === DOT) {
      if (used > 12 || !parseIPv4(text.slice(from), bytes, used)) return false;
      used += 4;
      break;
    }
    if (to === from) return false;
    bytes[used++] = group >> 8;
    bytes[used++] = group & 0xff;
    if (to === end) break;
    if (text.charCodeAt(to) !== COLON) return false;
    from = to + 1;
    if (from === end) return false;
    if (text.charCodeAt(from) !== COLON) continue;
    if (gapAt >= 0) return false;
    gapAt = used;
    from++;
  }
  if (gapAt < 0 ? used !== 16 : used > 14) return false;
  out.fill(0, at, at + 16);
  const head = gapAt < 0 ? used : gapAt;
  out.set(bytes.subarray(0, head), at);
  out.set(bytes.subarray(head, used), at + 16 - (used - head));
  return true;
}

/** The text of the four bytes from `at`. */
export function formatIPv4(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

/** Are the sixteen bytes from `at` an IPv4 address in IPv6 clothes, ::ffff:0:0/96 (RFC 4291 §2.5.5.2)? */
export function isMappedIPv4(bytes: Uint8Array, at: number): boolean {
  for (let index = 0; index < 10; index++) if (bytes[at + index] !== 0) return false;
  return bytes[at + 10] === 0xff && bytes[at + 11] === 0xff;
}

/** The canonical text of the sixteen bytes from `at` (RFC 5952 §4, and §5 for IPv4-mapped addresses). */
export function formatIPv6(bytes: Uint8Array, at: number): string {
  if (isMappedIPv4(bytes, at)) return `::ffff:${formatIPv4(bytes, at + 12)}`;
  const groups: number[] = [];
  for (let index = 0; index < 16; index += 2) groups.push(bytes[at + index] << 8 | bytes[at + index + 1]);
  const [start, length] = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  // §4.2.2: "::" never stands for a single group.
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

/** §4.2.3: the longest run of zero groups, of two alike the first. */
function longestZeroRun(groups: readonly number[]): [start: number, length: number] {
  let best = 0;
  let bestLength = 0;
  let length = 0;
  for (let index = 0; index < groups.length; index++) {
    length = groups[index] === 0 ? length + 1 : 0;
    if (length > bestLength) {
      bestLength = length;
      best = index + 1 - length;
    }
  }
  return [best, bestLength];
}
