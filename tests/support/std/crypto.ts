/**
 * Stand-in for `@std/crypto` where JSR cannot be reached: the platform's Web Crypto.
 *
 * @module
 */

import { timingSafeEqual as nodeTimingSafeEqual } from "node:crypto";

/** The platform's Web Crypto. */
export const crypto: Crypto = globalThis.crypto;

/** Whether both hold the same bytes, in a time that does not tell where they differ. */
export function timingSafeEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.byteLength === b.byteLength && nodeTimingSafeEqual(a, b);
}
