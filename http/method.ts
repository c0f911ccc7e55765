/**
 * Request methods (RFC 9110 9, RFC 5789).
 * @module
 */
import { METHODS } from "./h1/methods.ts";

export { METHODS };

/** A method that Millrace knows by name; any other token is legal on the wire. */
export type Method = "GET" | "HEAD" | "POST" | "PUT" | "DELETE" | "CONNECT" | "OPTIONS" | "TRACE" | "PATCH";

const KNOWN: ReadonlySet<string> = new Set(METHODS.slice(1));
const SAFE: ReadonlySet<string> = new Set(["GET", "HEAD", "OPTIONS", "TRACE"]);
const WITHOUT_BODY: ReadonlySet<string> = new Set(["GET", "HEAD", "CONNECT", "TRACE"]);

/**
 * Whether `name` is a method known by name; case-sensitive, as methods are.
 *
 * @example
 * ```ts
 * import { isMethod } from "@millrace/millrace/http";
 *
 * if (!isMethod("PATCH") || isMethod("get")) throw new Error("methods are case-sensitive");
 * ```
 */
export function isMethod(name: string): name is Method {
  return KNOWN.has(name);
}

/**
 * Whether the method asks for no change of state (RFC 9110 9.2.1); false for methods that are not known.
 *
 * @example
 * ```ts
 * import { isSafe } from "@millrace/millrace/http";
 *
 * if (!isSafe("GET") || isSafe("DELETE")) throw new Error("RFC 9110 9.2.1");
 * ```
 */
export function isSafe(method: string): boolean {
  return SAFE.has(method);
}

/**
 * Whether repeating the request has the effect of making it once (RFC 9110 9.2.2): such a request may be retried.
 *
 * @example
 * ```ts
 * import { isIdempotent } from "@millrace/millrace/http";
 *
 * if (!isIdempotent("PUT") || isIdempotent("POST")) throw new Error("RFC 9110 9.2.2");
 * ```
 */
export function isIdempotent(method: string): boolean {
  return SAFE.has(method) || method === "PUT" || method === "DELETE";
}

/**
 * Whether content in such a request has a meaning. Content is legal in GET and HEAD but means nothing
 * (RFC 9110 9.3.1), TRACE and CONNECT have none; a fetch-shaped Request refuses a body for these.
 *
 * @example
 * ```ts
 * import { bodyAllowed } from "@millrace/millrace/http";
 *
 * if (!bodyAllowed("POST") || bodyAllowed("GET")) throw new Error("RFC 9110 9.3");
 * ```
 */
export function bodyAllowed(method: string): boolean {
  return !WITHOUT_BODY.has(method);
}
