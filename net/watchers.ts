/**
 * Those who wait for the same thing.
 * @module
 */
import type { Context, Waker } from "../runtime/task/context.ts";
import { Future } from "../runtime/task/future.ts";
import { PENDING, type Poll } from "../runtime/task/poll.ts";

/** Any number of wakers, of which all are woken at once and then forgotten. Costs nothing while nobody waits. */
export class Watchers {
  #wakers: Map<object, Waker> | undefined;

  /** Wake `waker` next time; `owner` is who may take that back. */
  add(owner: object, waker: Waker): void {
    (this.#wakers ??= new Map()).set(owner, waker);
  }

  /** `owner` waits no more. */
  delete(owner: object): void {
    this.#wakers?.delete(owner);
  }

  /** Wake all who wait. */
  wake(): void {
    const wakers = this.#wakers;
    this.#wakers = undefined;
    if (wakers !== undefined) { for (const waker of wakers.values()) waker.wake(); }
  }
}

/** Ready when a condition holds, which is looked at whenever the watchers are woken. */
export class ConditionFuture extends Future<void> {
  readonly #watchers: Watchers;
  readonly #holds: () => boolean;

  constructor(watchers: Watchers, holds: () => boolean) {
    super();
    this.#watchers = watchers;
    this.#holds = holds;
  }

  override poll(cx: Context): Poll<void> {
    if (!this.#holds()) {
      this.#watchers.add(this, cx.waker);
      return PENDING;
    }
    if (!cx.spend()) return PENDING;
    this.#watchers.delete(this);
  }

  override cancel(): void {
    this.#watchers.delete(this);
  }
}
