/**
 * `HTTP-version` of both start lines (RFC 9112 2.3).
 * @module
 */
import { badByte, refusal } from "./refusal.ts";

/** Length of `HTTP/1.1`. */
export const VERSION_BYTES = 8;

const TEXT = [0x48, 0x54, 0x54, 0x50, 0x2f];

/**
 * Decodes `HTTP/d.d` at `at`; case-sensitive.
 *
 * @param badStatus Status hint where it is malformed. @param majorStatus Status hint for another major version.
 * @return 0 for HTTP/1.0, 1 for HTTP/1.1 and later (RFC 9110 2.5), -1 if more bytes are needed.
 */
export function decodeVersion(
  bytes: Uint8Array,
  at: number,
  end: number,
  badStatus: number,
  majorStatus: number,
): number {
  if (
    end - at >= VERSION_BYTES && bytes[at] === 0x48 && bytes[at + 1] === 0x54 && bytes[at + 2] === 0x54 &&
    bytes[at + 3] === 0x50 && bytes[at + 4] === 0x2f && bytes[at + 5] === 0x31 && bytes[at + 6] === 0x2e
  ) {
    const minor = bytes[at + 7] - 0x30;
    if (minor === 1 || minor === 0) return minor;
    if (minor > 1 && minor <= 9) return 1;
  }
  return slowVersion(bytes, at, end, badStatus, majorStatus);
}

/** An incomplete version, or one to refuse. */
function slowVersion(
  bytes: Uint8Array,
  at: number,
  end: number,
  badStatus: number,
  majorStatus: number,
): number {
  const stop = Math.min(end, at + VERSION_BYTES);
  for (let p = at; p < stop; p++) {
    const i = p - at;
    const byte = bytes[p];
    const isRight = i < 5 ? byte === TEXT[i] : i === 6 ? byte === 0x2e : byte >= 0x30 && byte <= 0x39;
    if (!isRight) throw badByte("ERR_H1_VERSION", "the version", byte, "HTTP/1.1", badStatus);
  }
  if (stop - at < VERSION_BYTES) return -1;
  throw refusal(
    "ERR_H1_VERSION",
    "decoding the version: another major version, wanted HTTP/1.1",
    majorStatus,
  );
}
