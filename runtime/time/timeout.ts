/**
 * Give something a time limit.
 * @module
 */
import { TimeoutError } from "../errors.ts";
import type { Context } from "../task/context.ts";
import { Future, type Pollable } from "../task/future.ts";
import { waiterFor } from "../task/join.ts";
import { PENDING, type Poll } from "../task/poll.ts";
import { PromiseFuture } from "../task/promise.ts";
import { spawner } from "../task/spawner.ts";
import { Alarm, checkDelay } from "./alarm.ts";

/**
 * The value of `work`, or a TimeoutError if it is not there after `ms` milliseconds.
 *
 * The time counts from this call. When it is over, `work` is cancelled (its `cancel()` is called) and the error
 * is thrown; if both are ready in the same poll, the value wins. Cancelling the timeout cancels `work`. A
 * Promise cannot be cancelled: it goes on, and what becomes of it is ignored.
 *
 * @param ms 0 or more (0 gives `work` until the next turn), Infinity for no limit; otherwise a RangeError.
 * @param work A future, anything with `poll`, or a Promise.
 * @param phase What the error says was being waited for. Default `operation`.
 *
 * @example
 * ```ts
 * import { sleep, timeout, TimeoutError } from "@millrace/millrace/runtime";
 *
 * const value = await timeout(1000, Promise.resolve(42), "answer");
 * if (value !== 42) throw new Error(`${value}`);
 *
 * try {
 *   await timeout(1, sleep(60_000), "nap");
 *   throw new Error("not reached");
 * } catch (error) {
 *   if (!(error instanceof TimeoutError) || error.phase !== "nap" || error.afterMs !== 1) throw error;
 * }
 * ```
 */
export function timeout<T>(ms: number, work: Pollable<T> | PromiseLike<T>, phase = "operation"): Future<T> {
  checkDelay("ms", ms);
  const time = spawner().time;
  const inner = isPollable(work) ? waiterFor(work) : new PromiseFuture(work);
  return new Timeout(inner, new Alarm(time, time.refresh() + ms), ms, phase);
}

function isPollable<T>(work: Pollable<T> | PromiseLike<T>): work is Pollable<T> {
  return typeof (work as Pollable<T>).poll === "function";
}

class Timeout<T> extends Future<T> {
  readonly #inner: Pollable<T>;
  readonly #alarm: Alarm;
  readonly #ms: number;
  readonly #phase: string;

  constructor(inner: Pollable<T>, alarm: Alarm, ms: number, phase: string) {
    super();
    this.#inner = inner;
    this.#alarm = alarm;
    this.#ms = ms;
    this.#phase = phase;
  }

  override poll(cx: Context): Poll<T> {
    let value: Poll<T>;
    try {
      value = this.#inner.poll(cx);
    } catch (error) {
      this.#alarm.cancel();
      throw error;
    }
    if (value !== PENDING) {
      this.#alarm.cancel();
      return value;
    }
    // Spends no budget: work that always uses up its own would never be stopped.
    if (!this.#alarm.poll(cx.waker)) return PENDING;
    this.#inner.cancel?.();
    throw new TimeoutError(this.#phase, this.#ms);
  }

  override cancel(): void {
    this.#alarm.cancel();
    this.#inner.cancel?.();
  }
}
