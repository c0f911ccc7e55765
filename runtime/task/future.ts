/**
 * `Future<T>`: lazy, polled, awaitable.
 * @module
 */
import type { Context } from "./context.ts";
import type { Poll } from "./poll.ts";
import { running, type Spawner, spawner } from "./spawner.ts";

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
 * `await future` spawns it, on the runtime whose task or async function has made it, otherwise on the current one;
 * awaited again it gives the same outcome again. `yield* future` inside a generator task polls it in place.
 *
 * @example
 * ```ts
 * import { sleep } from "@millrace/millrace/runtime";
 *
 * await sleep(1);
 * ```
 */
export abstract class Future<T> implements Pollable<T>, PromiseLike<T> {
  /** By the time of an `await` in a microtask, nothing tells any more where it was made. */
  readonly #home: Spawner | undefined = running();
  #awaited: Promise<T> | undefined;

  /** See {@link Pollable.poll}. */
  abstract poll(cx: Context): Poll<T>;

  /** See {@link Pollable.cancel}. */
  cancel(): void {}

  /** Spawn this future, once, and follow its handle: this is what `await` calls. */
  then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): PromiseLike<A | B> {
    this.#awaited ??= (this.#home ?? spawner()).drive(this);
    return this.#awaited.then(onFulfilled, onRejected);
  }

  /** For futures that can be used again: the next `await` polls anew. Call it after the value was returned only. */
  protected renew(): void {
    this.#awaited = undefined;
  }

  /** Lets a generator task wait for this future: `const value = yield* future`. */
  *[Symbol.iterator](): Generator<Future<T>, T> {
    return (yield this) as T;
  }
}
