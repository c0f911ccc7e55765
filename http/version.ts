/**
 * Versions of HTTP.
 * @module
 */

/** The version of a message, as people write it. */
export type Version = "HTTP/1.0" | "HTTP/1.1" | "HTTP/2" | "HTTP/3";

/**
 * The name of an HTTP/1 version by its minor digit.
 *
 * @param minor 0, or 1 for HTTP/1.1 and every later minor version (RFC 9110 2.5).
 *
 * @example
 * ```ts
 * import { versionOfMinor } from "@millrace/millrace/http";
 *
 * if (versionOfMinor(1) !== "HTTP/1.1") throw new Error("name");
 * ```
 */
export function versionOfMinor(minor: number): Version {
  return minor === 0 ? "HTTP/1.0" : "HTTP/1.1";
}
