/**
 * A spawned future and its states.
 * @module
 */
import { CancelledError } from "../errors.ts";
import { TASK_BUDGET } from "./budget.ts";
import type { Context, Waker } from "./context.ts";
import type { Pollable } from "./future.ts";
import { PENDING } from "./poll.ts";

/** Where a task is put when it can go on. */
export interface TaskQueue {
  /** Add a task at the end. */
  enqueue(task: Task<unknown>): void;
  /** The task has ended; it may have been in the queue. */
  finished(task: Task<unknown>): void;
}

const IDLE = 0;
const QUEUED = 1;
const RUNNING = 2;
const WOKEN_WHILE_RUNNING = 3;
const FULFILLED = 4;
const FAILED = 5;
const ABORTED = 6;

/** One spawned future: its own waker, its own context, its own result. */
export class Task<T> implements Waker, Context {
  /** What people see in messages. */
  readonly name: string;
  /** Among the tasks of its executor, which keeps it right. */
  place = 0;
  readonly #queue: TaskQueue;
  /** Until it has ended: a handle that is kept must not keep what the work has used. */
  #future: Pollable<T> | undefined;
  #state = IDLE;
  #budget = 0;
  #result: unknown;
  #isWatched = false;
  #watchers: Set<Waker> | undefined;

  /** A task that is idle: its first `wake` puts it in the queue. */
  constructor(future: Pollable<T>, queue: TaskQueue, name: string) {
    this.#future = future;
    this.#queue = queue;
    this.name = name;
  }

  /** The task is its own waker: nothing is allocated per poll. */
  get waker(): Waker {
    return this;
  }

  /** Has it returned, thrown or been aborted? */
  get isFinished(): boolean {
    return this.#state >= FULFILLED;
  }

  /** Did it throw, and has nobody ever asked for the outcome? An abort is no failure: somebody wanted it. */
  get isUnwatchedFailure(): boolean {
    return this.#state === FAILED && !this.#isWatched;
  }

  /** Put it in the queue, once. */
  wake(): void {
    if (this.#state === IDLE) {
      this.#state = QUEUED;
      this.#queue.enqueue(this as Task<unknown>);
    } else if (this.#state === RUNNING) {
      this.#state = WOKEN_WHILE_RUNNING;
    }
  }

  /** See {@link Context.spend}. */
  spend(): boolean {
    if (this.#budget > 0) {
      this.#budget--;
      return true;
    }
    this.wake();
    return false;
  }

  /** Poll once; called by the executor. */
  run(): void {
    if (this.#state !== QUEUED) return;
    this.#state = RUNNING;
    this.#budget = TASK_BUDGET;
    const future = this.#future!;
    let value: unknown;
    try {
      value = future.poll(this);
    } catch (error) {
      this.#finish(FAILED, error);
      return;
    }
    if (value !== PENDING) {
      this.#finish(FULFILLED, value);
      return;
    }
    const state = this.#state as number;
    if (state === WOKEN_WHILE_RUNNING) {
      this.#state = QUEUED;
      this.#queue.enqueue(this as Task<unknown>);
    } else if (state === RUNNING) {
      this.#state = IDLE;
    } else {
      // Aborted in the middle of its own poll, where nothing can be cancelled.
      cancel(future, this.#result as Error);
    }
  }

  /**
   * End it now with a {@link CancelledError}; nothing happens if it has ended. From inside of its own poll, its
   * future is cancelled when that poll has ended.
   */
  abort(): void {
    if (this.isFinished) return;
    const reason = new CancelledError(this.name);
    const future = this.#future!;
    const polling = this.#state === RUNNING || this.#state === WOKEN_WHILE_RUNNING;
    // Finished first: what the future does while it lets go finds a task that has ended.
    this.#finish(ABORTED, reason);
    if (!polling) cancel(future, reason);
  }

  #finish(state: number, result: unknown): void {
    if (this.isFinished) return;
    this.#state = state;
    this.#result = result;
    this.#future = undefined;
    this.#queue.finished(this as Task<unknown>);
    const watchers = this.#watchers;
    this.#watchers = undefined;
    if (watchers !== undefined) { for (const watcher of watchers) watcher.wake(); }
  }

  /** The result of a finished task: its value, or its error thrown. */
  result(): T {
    this.#isWatched = true;
    if (this.#state !== FULFILLED) throw this.#result;
    return this.#result as T;
  }

  /** Wake `watcher` once when it has ended. */
  watch(watcher: Waker): void {
    this.#isWatched = true;
    (this.#watchers ??= new Set()).add(watcher);
  }

  /** Wake it no more. */
  unwatch(watcher: Waker): void {
    this.#watchers?.delete(watcher);
  }
}

function cancel(future: Pollable<unknown>, reason: Error): void {
  try {
    future.cancel?.();
  } catch (error) {
    reason.cause = error;
  }
}
