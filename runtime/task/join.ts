/**
 * The handle of a spawned task.
 * @module
 */
import type { Context, Waker } from "./context.ts";
import { Future } from "./future.ts";
import { PENDING, type Poll } from "./poll.ts";
import type { Task } from "./task.ts";

/**
 * Waits for a spawned task, or ends it. Dropping the handle leaves the task alone; awaiting it twice gives the
 * same outcome twice.
 *
 * @example
 * ```ts
 * import { spawn } from "@millrace/millrace/runtime";
 *
 * const handle = spawn(() => 6 * 7);
 * if (await handle !== 42) throw new Error("42 was expected");
 * ```
 */
export class JoinHandle<T> extends Future<T> {
  readonly #task: Task<T>;
  #waker: Waker | undefined;
  #watching = false;
  #promise: Promise<T> | undefined;

  /** @param task Made by an executor's `spawn`. */
  constructor(task: Task<T>) {
    super();
    this.#task = task;
  }

  /** The task's name, as given to `spawn`. */
  get name(): string {
    return this.#task.name;
  }

  /** Has the task returned, thrown or been aborted? */
  get isFinished(): boolean {
    return this.#task.isFinished;
  }

  /**
   * End the task: its future is cancelled and this handle rejects with `CancelledError`. Does nothing to a
   * task that has finished. A JavaScript function that is in the middle of an `await` goes on unseen, for
   * nothing can stop it; its result is dropped.
   */
  abort(): void {
    this.#task.abort();
  }

  /** The task's value; throws what it threw. Cancel safe. */
  poll(cx: Context): Poll<T> {
    if (this.#task.isFinished) return this.#task.result();
    this.#waker = cx.waker;
    if (!this.#watching) {
      this.#watching = true;
      this.#task.watch(() => this.#waker?.wake());
    }
    return PENDING;
  }

  /** Stop waiting; the task goes on. */
  override cancel(): void {
    this.#waker = undefined;
  }

  /** What `await` calls; no second task is needed. */
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#outcome().then(onFulfilled, onRejected);
  }

  #outcome(): Promise<T> {
    return this.#promise ??= new Promise((resolve, reject) => {
      const settle = () => {
        try {
          resolve(this.#task.result());
        } catch (error) {
          reject(error);
        }
      };
      if (this.#task.isFinished) settle();
      else this.#task.watch(settle);
    });
  }
}
