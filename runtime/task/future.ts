/**
 * `Future<T>`: lazy, polled, awaitable.
 * @module
 */
import type { Context } from "./context.ts";
import type { Poll } from "./poll.ts";
import { spawner } from "./spawner.ts";

/** Anything that can be polled to a value; {@link Future} is the base that also can be awaited. */
export interface Pollable<T> {
  /**
   * Make progress. Returns the value once, or `PENDING` after noting `cx.waker`. Throws if the work failed.
   * A future must stand spurious polls, and must not be polled again after it has returned or thrown.
   */
  poll(cx: Context): Poll<T>;
  /** Give up: forget wakers, timers, registrations. Called at most once, never after completion. */
  cancel?(): void;
}

/**
 * A value that will be there later; nothing happens before it is polled, awaited or spawned.
 *
 * `await future` spawns it on the current runtime; `yield* future` inside a generator task polls it in place.
 *
 * @example
 * ```ts
 * import { sleep } from "@millrace/millrace/runtime";
 *
 * await sleep(1);
 * ```
 */
export abstract class Future<T> implements Pollable<T>, PromiseLike<T> {
  /** See {@link Pollable.poll}. */
  abstract poll(cx: Context): Poll<T>;

  /** See {@link Pollable.cancel}. */
  cancel(): void {}

  /** Spawn this future on the current runtime and follow its handle: this is what `await` calls. */
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    return spawner().drive(this).then(onFulfilled, onRejected);
  }

  /** Lets a generator task wait for this future: `const value = yield* future`. */
  *[Symbol.iterator](): Generator<Future<T>, T> {
    return (yield this) as T;
  }
}
