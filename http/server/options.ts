/**
 * What can be set on a server, and the defaults.
 * @module
 */
import { H1_LIMITS, type H1Limits } from "../h1/limits.ts";

/**
 * Limits of a server. Every `max` is inclusive. Times are milliseconds, greater than 0; `Infinity` switches one off.
 * Worst-case memory is per connection unless it says otherwise.
 */
export interface ServeLimits extends H1Limits {
  /**
   * Bytes of a request's content. Default 1 GiB: content is streamed and never held by the server, so this bounds
   * time and traffic, not memory. Passing it is status 413. 0 refuses all content.
   */
  readonly maxBodyBytes: number;
  /** Open connections. Default 16,384. Above it, connections wait in the system's queue. */
  readonly maxConnections: number;
  /** From the first byte of a head (or from accept) to its last. Default 15,000 (Apache 20 s, hyper 30 s). Status 408. */
  readonly headTimeoutMs: number;
  /** Between two requests of a connection. Default 75,000 (nginx). The connection is closed without a word. */
  readonly idleTimeoutMs: number;
  /** Between two pieces of a request's content, while the handler is reading. Default 30,000. Status 408. */
  readonly bodyTimeoutMs: number;
  /**
   * Bytes a second that a request's content must bring on average once {@link MIN_RATE_GRACE_MS} has passed, while
   * the handler is reading. Default 240 (Kestrel). 0 switches it off. Status 408.
   */
  readonly minBodyBytesPerSecond: number;
  /** For which a client may take nothing of a response. Default 30,000. The connection is reset. */
  readonly sendTimeoutMs: number;
}

/** Time before {@link ServeLimits.minBodyBytesPerSecond} is asked for: connections start slowly. Kestrel's figure. */
export const MIN_RATE_GRACE_MS = 5_000;

/** The defaults of {@link ServeLimits}. */
export const SERVE_LIMITS: ServeLimits = {
  ...H1_LIMITS,
  maxBodyBytes: 1_073_741_824,
  maxConnections: 16_384,
  headTimeoutMs: 15_000,
  idleTimeoutMs: 75_000,
  bodyTimeoutMs: 30_000,
  minBodyBytesPerSecond: 240,
  sendTimeoutMs: 30_000,
};

/**
 * The limits among `options`, and the defaults for the others.
 *
 * @throws {RangeError} For a value that is not a number in its range.
 */
export function resolveLimits(options: Partial<ServeLimits>): ServeLimits {
  const limits: Record<string, number> = { ...SERVE_LIMITS };
  for (const name of Object.keys(SERVE_LIMITS) as (keyof ServeLimits)[]) {
    const value = options[name];
    if (value === undefined) continue;
    const positive = name.endsWith("TimeoutMs") || name === "maxConnections";
    if (typeof value !== "number" || Number.isNaN(value) || value < 0 || (positive && value === 0)) {
      throw new RangeError(`${name} "${value}" is not a number ${positive ? "> 0" : ">= 0"}`);
    }
    limits[name] = value;
  }
  return limits as unknown as ServeLimits;
}
