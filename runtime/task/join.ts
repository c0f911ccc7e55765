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
  /** Of all that wait: the task that is told last must not be the only one. */
  #wakers: Set<Waker> | undefined;
  #promise: Promise<T> | undefined;

  /** For executors: a handle of the task that `spawn` has made. */
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
    if (this.#wakers === undefined) {
      const wakers = this.#wakers = new Set<Waker>();
      this.#task.watch(() => {
        for (const waker of wakers) waker.wake();
      });
    }
    this.#wakers.add(cx.waker);
    return PENDING;
  }

  /** Stop waiting; the task goes on. One wake may still come: it is not known whose waiting ends. */
  override cancel(): void {}

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
