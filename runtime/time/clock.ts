/**
 * Clocks: monotonic milliseconds, from the system or from a test.
 * @module
 */

/** A monotonic clock. */
export interface Clock {
  /** Milliseconds since a fixed moment, with fractions; never goes back. */
  nowMs(): number;
}

/** The system's monotonic clock. */
export const systemClock: Clock = { nowMs: (): number => performance.now() };
