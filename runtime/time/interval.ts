/**
 * Something to do every so often.
 * @module
 */
import type { Context } from "../task/context.ts";
import { Future } from "../task/future.ts";
import { PENDING, type Poll } from "../task/poll.ts";
import { spawner } from "../task/spawner.ts";
import { Alarm, translate } from "./alarm.ts";
import type { TimeDriver } from "./driver.ts";

/**
 * What follows a tick that was taken more than {@link MISSED_AFTER_MS} after its time.
 *
 * With a period of 100, ticks scheduled for 0, 100, 200 ... and the one for 100 taken only at 350:
 *
 * - `burst`: nothing is lost and the schedule stays: the ticks for 200 and 300 are ready at once, then 400, 500.
 * - `delay`: the schedule starts anew from the late tick: 450, 550. Ticks are never less than a period apart.
 * - `skip`: what was missed is left out and the schedule stays: 400, 500. The wait may be shorter than a period.
 *
 * In each case the late tick itself says what it was scheduled for, 100.
 */
export type MissedTicks = "burst" | "delay" | "skip";

/** A tick taken no later than this, in milliseconds, is not a missed one: no timer is exact. */
export const MISSED_AFTER_MS = 5;

/** What {@link interval} takes besides the period. */
export interface IntervalOptions {
  /** When the first tick is due, on the runtime's clock (`performance.now()` by default). Default: now. */
  readonly startMs?: number;
  /** What to do about ticks that nobody took in time. Default `burst`. */
  readonly missed?: MissedTicks;
}

/** When the tick after `scheduledMs` is due, if that one was taken at `nowMs`. */
export function nextTickMs(
  missed: MissedTicks,
  scheduledMs: number,
  nowMs: number,
  periodMs: number,
): number {
  if (missed === "burst" || nowMs <= scheduledMs + MISSED_AFTER_MS) return scheduledMs + periodMs;
  if (missed === "delay") return nowMs + periodMs;
  return nowMs + periodMs - (nowMs - scheduledMs) % periodMs;
}

/** What an interval and its ticks share. */
class Schedule {
  #time: TimeDriver = spawner().time;
  #nextMs: number;
  readonly #periodMs: number;
  readonly #missed: MissedTicks;

  constructor(periodMs: number, startMs: number | undefined, missed: MissedTicks) {
    this.#nextMs = startMs ?? this.#time.refresh();
    this.#periodMs = periodMs;
    this.#missed = missed;
  }

  get time(): TimeDriver {
    return this.#time;
  }

  /** When the next tick is due, on the clock of `time`, which is from now on that of the schedule. */
  nextOn(time: TimeDriver): number {
    this.#nextMs = translate(this.#nextMs, this.#time, time);
    this.#time = time;
    return this.#nextMs;
  }

  /** Take the next tick at `nowMs`. */
  take(nowMs: number): number {
    const scheduledMs = this.#nextMs;
    this.#nextMs = nextTickMs(this.#missed, scheduledMs, nowMs, this.#periodMs);
    return scheduledMs;
  }
}

/** One wait. It has a timer of its own, so that ticks waited for at the same time do not lose their wakers. */
class Tick extends Future<number> {
  readonly #schedule: Schedule;
  readonly #alarm: Alarm;

  constructor(schedule: Schedule) {
    super();
    this.#schedule = schedule;
    this.#alarm = new Alarm(schedule.time, Infinity);
  }

  override poll(cx: Context): Poll<number> {
    const time = spawner().time;
    const nextMs = this.#schedule.nextOn(time);
    const nowMs = time.refresh();
    if (nextMs <= nowMs) {
      if (!cx.spend()) return PENDING;
      this.#alarm.cancel();
      return this.#schedule.take(nowMs);
    }
    if (this.#alarm.atMs !== nextMs || this.#alarm.time !== time) this.#alarm.moveTo(time, nextMs);
    this.#alarm.poll(cx.waker);
    return PENDING;
  }

  override cancel(): void {
    this.#alarm.cancel();
  }
}

/** Ticks at a fixed rate: see {@link interval}. Holds no resource between ticks, so nothing is to be closed. */
export class Interval implements AsyncIterable<number> {
  /** Milliseconds from one scheduled tick to the next. */
  readonly periodMs: number;
  readonly #schedule: Schedule;

  /** See {@link interval}. */
  constructor(periodMs: number, options: IntervalOptions = {}) {
    const { startMs, missed = "burst" } = options;
    if (!(periodMs > 0 && periodMs < Infinity)) {
      throw new RangeError(`periodMs "${periodMs}" must be more than 0 and finite`);
    }
    if (startMs !== undefined && !Number.isFinite(startMs)) {
      throw new RangeError(`startMs "${startMs}" must be finite`);
    }
    if (missed !== "burst" && missed !== "delay" && missed !== "skip") {
      throw new TypeError(`missed "${missed}" must be "burst", "delay" or "skip"`);
    }
    this.periodMs = periodMs;
    this.#schedule = new Schedule(periodMs, startMs, missed);
  }

  /**
   * Wait for the next tick; the value is the time that it was scheduled for, on the runtime's clock. A tick
   * whose time has come is ready at the first poll.
   *
   * Cancel safe: a tick is taken only when this future returns it. Of several that wait at the same time, each
   * tick goes to one.
   */
  tick(): Future<number> {
    return new Tick(this.#schedule);
  }

  /** `for await (const scheduledMs of interval)`: endless, until the loop is left. */
  [Symbol.asyncIterator](): AsyncIterator<number> {
    const home = spawner();
    return {
      next: async (): Promise<IteratorResult<number>> => ({
        done: false,
        value: await home.drive(this.tick()),
      }),
    };
  }
}

/**
 * Tick every `periodMs` milliseconds, the first time at once.
 *
 * @param periodMs More than 0 and finite, fractions count; otherwise a RangeError.
 * @param options The first tick, and what to do about missed ones.
 *
 * @example
 * ```ts
 * import { interval } from "@millrace/millrace/runtime";
 *
 * const times: number[] = [];
 * for await (const scheduledMs of interval(2, { missed: "skip" })) {
 *   times.push(scheduledMs);
 *   if (times.length === 3) break;
 * }
 * if (times[2] - times[0] < 3.99) throw new Error(`${times}`);
 * ```
 */
export function interval(periodMs: number, options: IntervalOptions = {}): Interval {
  return new Interval(periodMs, options);
}
