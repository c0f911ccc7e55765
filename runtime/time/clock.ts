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

/**
 * A clock that moves only when it is told to: for tests.
 *
 * @example
 * ```ts
 * import { TimeDriver, VirtualClock } from "@millrace/millrace/runtime";
 *
 * const clock = new VirtualClock();
 * const time = new TimeDriver(clock);
 * clock.advance(1500);
 * if (time.refresh() !== 1500) throw new Error("the driver sees what the clock says");
 * ```
 */
export class VirtualClock implements Clock {
  #nowMs: number;

  /** A clock that stands still. @param startMs What the clock says first, in milliseconds, with fractions if you like. Default 0. */
  constructor(startMs = 0) {
    if (!Number.isFinite(startMs)) throw new RangeError(`startMs "${startMs}" must be a finite number`);
    this.#nowMs = startMs;
  }

  /** See {@link Clock.nowMs}. */
  nowMs(): number {
    return this.#nowMs;
  }

  /** Let `ms` pass, 0 or more; fractions count. RangeError for anything else. */
  advance(ms: number): void {
    this.set(this.#nowMs + ms);
  }

  /** Move on to `nowMs`; a RangeError if that is before the present, for this clock is monotonic too. */
  set(nowMs: number): void {
    if (!(nowMs >= this.#nowMs && nowMs < Infinity)) {
      throw new RangeError(`moving the clock to "${nowMs}": it must be finite and not before ${this.#nowMs}`);
    }
    this.#nowMs = nowMs;
  }
}
