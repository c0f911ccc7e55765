/**
 * Maps a clock to the ticks of the timer wheel: one tick is one millisecond.
 * @module
 */
import type { Clock } from "./clock.ts";
import { type TimerEntry, TimerWheel } from "./wheel.ts";

/**
 * The timers of one runtime. A timer never fires before its deadline, and up to one millisecond plus the
 * length of a turn after it.
 *
 * The driver does nothing by itself: once per turn the runtime calls {@link fireExpired}, and before it parks,
 * {@link nextDelayMs}. Reading the system clock costs as much as four timers, so {@link nowMs} is the time of
 * the last {@link refresh}, and what is scheduled with a delay counts from there.
 *
 * @example
 * ```ts
 * import { TimeDriver, TimerEntry, VirtualClock } from "@millrace/millrace/runtime";
 *
 * class IdleTimeout extends TimerEntry {
 *   closed = false;
 *   override fire(): void {
 *     this.closed = true;
 *   }
 * }
 * const clock = new VirtualClock(0.25);
 * const time = new TimeDriver(clock);
 * const idle = new IdleTimeout();
 * time.schedule(idle, 100);
 * if (time.nextDelayMs() > 100.75) throw new Error("the runtime may sleep so long at most");
 * clock.advance(99.9);
 * time.fireExpired();
 * if (idle.closed) throw new Error("never early");
 * clock.advance(0.9);
 * time.fireExpired();
 * if (!idle.closed) throw new Error("never more than a tick late");
 * ```
 */
export class TimeDriver {
  /**
   * Called when a deadline is scheduled that is earlier than everything before it: earlier than what
   * {@link nextDelayMs} answered last and than all that was scheduled since. Set it to end a park.
   */
  onEarlier: (() => void) | undefined = undefined;
  /** Called when the last timer was cancelled: nothing is to be waited for any more. */
  onIdle: (() => void) | undefined = undefined;

  readonly #clock: Clock;
  /** Tick 0 in milliseconds of the clock: whole, so that subtracting it is exact. */
  readonly #originMs: number;
  readonly #wheel: TimerWheel = new TimerWheel();
  #nowMs: number;
  /** No timer needs the runtime before this tick, as far as the runtime has been told. */
  #earliestTick = Infinity;
  #firing = false;

  /** No timers yet. @param clock A monotonic clock, or a `VirtualClock` in tests. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#nowMs = clock.nowMs();
    this.#originMs = Math.floor(this.#nowMs);
  }

  /** How many timers are scheduled. */
  get size(): number {
    return this.#wheel.size;
  }

  /** The clock at the last {@link refresh}, in milliseconds: reads a field. */
  nowMs(): number {
    return this.#nowMs;
  }

  /** Read the clock and return what {@link nowMs} says from now on. */
  refresh(): number {
    const nowMs = this.#clock.nowMs();
    if (nowMs > this.#nowMs) this.#nowMs = nowMs;
    return this.#nowMs;
  }

  /**
   * Fire `entry` once `delayMs` has passed since {@link nowMs}; an entry that is scheduled already moves.
   *
   * Call {@link refresh} first where the delay must count from this very moment: the turn may have been long.
   * @param delayMs 0 or more, fractions count; 0 is the next turn. Infinity, and any deadline more than
   * 2^53 - 1 ms (285,000 years) after the start of the driver, is never: the entry is left disarmed. NaN or a
   * negative number is a RangeError.
   */
  schedule(entry: TimerEntry, delayMs: number): void {
    if (!(delayMs >= 0)) throw new RangeError(`delayMs "${delayMs}" must be 0 or more`);
    this.scheduleAt(entry, this.#nowMs + delayMs);
  }

  /**
   * Fire `entry` once the clock says `atMs`; an entry that is scheduled already moves. A time that is not after
   * {@link nowMs} is the next turn; Infinity is never, as in {@link schedule}. NaN is a RangeError.
   */
  scheduleAt(entry: TimerEntry, atMs: number): void {
    const wheel = this.#wheel;
    let tick: number;
    if (atMs > this.#nowMs) {
      tick = Math.ceil(atMs - this.#originMs);
      if (tick > Number.MAX_SAFE_INTEGER) {
        wheel.cancel(entry);
        return;
      }
    } else if (atMs <= this.#nowMs) {
      // In the middle of a turn, `wheel.now` is what the wheel keeps for the next one.
      tick = this.#firing ? wheel.now : Math.max(wheel.now, Math.floor(atMs - this.#originMs));
    } else {
      throw new RangeError(`atMs "${atMs}" must be a number`);
    }
    wheel.insert(entry, tick);
    if (tick < this.#earliestTick) {
      this.#earliestTick = tick;
      this.onEarlier?.();
    }
  }

  /** Take `entry` back. `false`: it was not scheduled here. */
  cancel(entry: TimerEntry): boolean {
    if (!this.#wheel.cancel(entry)) return false;
    if (this.#wheel.size === 0) this.onIdle?.();
    return true;
  }

  /**
   * Refresh, and fire all that is due: a turn of the runtime calls this once.
   *
   * What an entry schedules with delay 0 from `fire()` waits for the next call. If entries throw, the rest is
   * fired nevertheless; then one error is thrown as it is, several as an AggregateError.
   * @returns How many entries were fired.
   */
  fireExpired(): number {
    const tick = Math.floor(this.refresh() - this.#originMs);
    this.#firing = true;
    try {
      return this.#wheel.advance(tick);
    } finally {
      this.#firing = false;
      this.#earliestTick = this.#wheel.nextTick();
    }
  }

  /**
   * For how many milliseconds nothing is due: Infinity without timers, 0 if {@link fireExpired} has work now.
   * Refreshes. It may be shorter than the next deadline (a far timer has to be looked at on the way), never
   * longer. It has a fraction: who parks in whole milliseconds rounds up.
   */
  nextDelayMs(): number {
    const tick = this.#wheel.nextTick();
    this.#earliestTick = tick;
    if (tick === Infinity) return Infinity;
    if (tick <= this.#wheel.now) return 0;
    return Math.max(0, tick + this.#originMs - this.refresh());
  }

  /**
   * The same since the last {@link refresh}, without another: for a wait in the turn that has just refreshed.
   * {@link onEarlier} is as before.
   */
  peekDelayMs(): number {
    return Math.max(0, this.#wheel.nextTick() + this.#originMs - this.#nowMs);
  }
}
