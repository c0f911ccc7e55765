/**
 * The single-threaded executor.
 * @module
 */
import { Failures, type TaskErrorHandler } from "../task/failures.ts";
import { intoFuture, type Spawnable } from "../task/from.ts";
import { HostLoop } from "../task/host_loop.ts";
import { handleOf, type JoinHandle } from "../task/join.ts";
import { Task, type TaskQueue } from "../task/task.ts";
import { RingQueue } from "./queue.ts";

/** Options of `spawn`. */
export interface SpawnOptions {
  /** Shown in messages about the task. Default `task`. */
  readonly name?: string;
}

/** Polls of one `run` before it hands control back. */
export const RUN_BATCH = 1024;

/**
 * Polls spawned tasks in the order in which they were woken. It knows no clock and no operating system: whoever
 * owns it calls {@link LocalExecutor.run} and is told through `onReady` that there is something to run.
 *
 * @example
 * ```ts
 * import { LocalExecutor } from "@millrace/millrace/runtime";
 *
 * const executor = new LocalExecutor();
 * const handle = executor.spawn(() => "done");
 * executor.run();
 * if (!handle.isFinished) throw new Error("one poll was enough");
 * ```
 */
export class LocalExecutor {
  /** Called when the queue stops being empty. */
  onReady: (() => void) | undefined;
  readonly #queue = new RingQueue<Task<unknown>>();
  /** Each knows its place: an array that is filled up from its end is half the price of a Set. */
  readonly #tasks: Task<unknown>[] = [];
  readonly #host: HostLoop;
  readonly #failures: Failures;
  readonly #side: TaskQueue = {
    enqueue: (task) => {
      this.#queue.push(task);
      if (this.#queue.length === 1) this.onReady?.();
    },
    finished: (task) => {
      const last = this.#tasks.pop()!;
      last.place = task.place;
      if (last !== task) this.#tasks[task.place] = last;
      if (task.isUnwatchedFailure) this.#failures.add(task);
    },
  };

  /**
   * No tasks yet.
   *
   * @param host What is known of the host's loop. Default: it turns.
   * @param onTaskError See `RuntimeOptions.onTaskError`.
   */
  constructor(host: HostLoop = new HostLoop(), onTaskError?: TaskErrorHandler) {
    this.#host = host;
    this.#failures = new Failures(onTaskError);
  }

  /** Tasks that were spawned and have not ended. */
  get alive(): number {
    return this.#tasks.length;
  }

  /** Tasks that wait to be polled. */
  get ready(): number {
    return this.#queue.length;
  }

  /** Start a task; it is first polled by the next {@link run}. */
  spawn<T>(source: Spawnable<T>, options?: SpawnOptions): JoinHandle<T> {
    const task = new Task<T>(intoFuture(source, this.#host), this.#side, options?.name ?? "task");
    task.place = this.#tasks.push(task as Task<unknown>) - 1;
    task.wake();
    return handleOf(task);
  }

  /**
   * Poll what is ready, at most {@link RUN_BATCH} tasks and none twice: a task that wakes itself has its turn
   * after the others. Returns how many were polled.
   */
  run(): number {
    const count = Math.min(this.#queue.length, RUN_BATCH);
    for (let index = 0; index < count; index++) this.#queue.shift()!.run();
    return count;
  }

  /** Abort every task, in no certain order. */
  abortAll(): void {
    for (const task of [...this.#tasks]) task.abort();
  }
}
