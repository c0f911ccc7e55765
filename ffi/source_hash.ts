/**
 * The hash of the C source, by which its build is found in the cache. Written by `deno task shim`.
 * @module
 */

/** Sixteen hexadecimal digits of SHA-256 over shim/. */
export const SOURCE_HASH = "90038bd8f3bbb89a";
