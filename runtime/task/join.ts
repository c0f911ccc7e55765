/**
 * The handle of a spawned task.
 * @module
 */
import type { Context, Waker } from "./context.ts";
import { Future, type Pollable } from "./future.ts";
import { PENDING, type Poll } from "./poll.ts";
import type { Task } from "./task.ts";

let make: <T>(task: Task<T>) => JoinHandle<T>;
let unwrap: <T>(handle: JoinHandle<T>) => Task<T>;

/**
 * Waits for a spawned task, or ends it. Dropping the handle leaves the task alone; awaiting it twice gives the
 * same outcome twice. A task that throws and whose handle nobody has begun to wait for is reported: see
 * `RuntimeOptions.onTaskError`.
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
  #promise: Promise<T> | undefined;

  static {
    make = (task) => new JoinHandle(task);
    unwrap = (handle) => handle.#task;
  }

  private constructor(task: Task<T>) {
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
   * task that has finished.
   *
   * An async function cannot be stopped: it goes on unseen, its result is dropped, and what it awaits stays in
   * use; a stream that it reads from answers the next read with `ERR_BUSY`. A generator is stopped where it
   * waits, its `finally` blocks run and what it waits for is given up: write what is to be aborted as one.
   */
  abort(): void {
    this.#task.abort();
  }

  /** The task's value; throws what it threw. Cancel safe. */
  poll(cx: Context): Poll<T> {
    return pollTask(this.#task, cx, cx.waker);
  }

  /** Does nothing: the task goes on. */
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
      else this.#task.watch({ wake: settle });
    });
  }
}

function pollTask<T>(task: Task<T>, cx: Context, watcher: Waker): Poll<T> {
  // Costs a unit: whoever waits for what has finished again and again must not hold up the others.
  if (task.isFinished) return cx.spend() ? task.result() : PENDING;
  task.watch(watcher);
  return PENDING;
}

/** One who waits for a task that several may wait for: who gives up is forgotten, and only he. */
class Joining<T> extends Future<T> implements Waker {
  readonly #task: Task<T>;
  #waker: Waker | undefined;

  constructor(task: Task<T>) {
    super();
    this.#task = task;
  }

  override poll(cx: Context): Poll<T> {
    this.#waker = cx.waker;
    return pollTask(this.#task, cx, this);
  }

  override cancel(): void {
    this.#task.unwatch(this);
    this.#waker = undefined;
  }

  wake(): void {
    this.#waker?.wake();
  }
}

/** For executors: a handle of the task that they have made. */
export function handleOf<T>(task: Task<T>): JoinHandle<T> {
  return make(task);
}

/** For runtimes: the task behind a handle. */
export function taskOf<T>(handle: JoinHandle<T>): Task<T> {
  return unwrap(handle);
}

/** What to poll for `work` if the waiting may be given up: a handle can have many who wait, of whom one leaves. */
export function waiterFor<T>(work: Pollable<T>): Pollable<T> {
  return work instanceof JoinHandle ? new Joining(unwrap(work)) : work;
}
