/**
 * Futures that are ready after a while.
 * @module
 */
import type { Context } from "../task/context.ts";
import { Future } from "../task/future.ts";
import { PENDING, type Poll } from "../task/poll.ts";
import { spawner } from "../task/spawner.ts";
import { Alarm, checkDelay } from "./alarm.ts";
import type { TimeDriver } from "./driver.ts";

/**
 * Ready once its deadline is over: see {@link sleep} and {@link sleepUntil}.
 *
 * The deadline counts from the call of `sleep`, not from the first poll; the timer is armed at the first poll.
 * Polled by several tasks, it wakes the one that polled last. Cancel safe.
 */
export class Sleep extends Future<void> {
  readonly #alarm: Alarm;
  #ended = false;

  /** Call {@link sleep} or {@link sleepUntil} instead. @param time The clock that `deadlineMs` is meant on. */
  constructor(time: TimeDriver, deadlineMs: number) {
    super();
    this.#alarm = new Alarm(time, deadlineMs);
  }

  /** The deadline in milliseconds of the runtime's clock; Infinity is never. */
  get deadlineMs(): number {
    return this.#alarm.atMs;
  }

  /**
   * Set the deadline to `ms` from now; a task that waits already waits for the new one. Works after the end,
   * too: the future can then be polled and awaited again.
   * @param ms 0 or more, Infinity for never; otherwise a RangeError.
   */
  reset(ms: number): void {
    checkDelay("ms", ms);
    const time = this.#alarm.time;
    this.#alarm.moveTo(time, time.refresh() + ms);
    if (this.#ended) this.renew();
    this.#ended = false;
  }

  /** See {@link Future.poll}. */
  override poll(cx: Context): Poll<void> {
    if (!this.#alarm.poll(cx.waker) || !cx.spend()) return PENDING;
    this.#ended = true;
  }

  /** Disarm the timer. */
  override cancel(): void {
    this.#alarm.cancel();
  }
}

/**
 * Wait for `ms` milliseconds: never less, and about one more.
 *
 * @param ms 0 or more, fractions count; 0 is the next turn of the runtime, Infinity never. NaN or a negative
 * number is a RangeError.
 *
 * @example
 * ```ts
 * import { sleep } from "@millrace/millrace/runtime";
 *
 * const before = performance.now();
 * await sleep(5);
 * if (performance.now() - before < 5) throw new Error("never early");
 * ```
 */
export function sleep(ms: number): Sleep {
  checkDelay("ms", ms);
  const time = spawner().time;
  return new Sleep(time, time.refresh() + ms);
}

/**
 * Wait until the runtime's clock says `atMs`; a time that is over is the next turn of the runtime.
 *
 * @param atMs Milliseconds on the runtime's clock, which is `performance.now()` unless it was given another.
 * Infinity is never, NaN a RangeError.
 *
 * @example
 * ```ts
 * import { sleepUntil } from "@millrace/millrace/runtime";
 *
 * const atMs = performance.now() + 5;
 * await sleepUntil(atMs);
 * if (performance.now() < atMs) throw new Error("never early");
 * ```
 */
export function sleepUntil(atMs: number): Sleep {
  if (Number.isNaN(atMs)) throw new RangeError(`atMs "${atMs}" must be a number`);
  return new Sleep(spawner().time, atMs);
}
