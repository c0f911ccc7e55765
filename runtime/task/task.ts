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

/** One spawned future: its own waker, its own context, its own result. */
export class Task<T> implements Waker, Context {
  /** What people see in messages. */
  readonly name: string;
  readonly #future: Pollable<T>;
  readonly #queue: TaskQueue;
  #state = IDLE;
  #budget = 0;
  #result: unknown;
  #watchers: (() => void)[] | undefined;

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
    let value: unknown;
    try {
      value = this.#future.poll(this);
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
      this.#cancel(this.#result as Error);
    }
  }

  /**
   * End it now with a {@link CancelledError}; nothing happens if it has ended. From inside of its own poll, its
   * future is cancelled when that poll has ended.
   */
  abort(): void {
    if (this.isFinished) return;
    const reason = new CancelledError(this.name);
    const polling = this.#state === RUNNING || this.#state === WOKEN_WHILE_RUNNING;
    // Finished first: what the future does while it lets go finds a task that has ended.
    this.#finish(FAILED, reason);
    if (!polling) this.#cancel(reason);
  }

  #cancel(reason: Error): void {
    try {
      this.#future.cancel?.();
    } catch (error) {
      reason.cause = error;
    }
  }

  #finish(state: number, result: unknown): void {
    if (this.isFinished) return;
    this.#state = state;
    this.#result = result;
    this.#queue.finished(this as Task<unknown>);
    const watchers = this.#watchers;
    this.#watchers = undefined;
    if (watchers !== undefined) { for (const watcher of watchers) watcher(); }
  }

  /** The result of a finished task: its value, or its error thrown. */
  result(): T {
    if (this.#state === FAILED) throw this.#result;
    return this.#result as T;
  }

  /** Call back once when it has ended. */
  watch(watcher: () => void): void {
    (this.#watchers ??= []).push(watcher);
  }
}
