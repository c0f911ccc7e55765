/**
 * The single-threaded executor.
 * @module
 */
import { intoFuture, type Spawnable } from "../task/from.ts";
import { HostLoop } from "../task/host_loop.ts";
import { JoinHandle } from "../task/join.ts";
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
export class LocalExecutor implements TaskQueue {
  /** Called when the queue stops being empty. */
  onReady: (() => void) | undefined;
  readonly #queue = new RingQueue<Task<unknown>>();
  readonly #host: HostLoop;
  #alive = 0;

  /** `host` is what is known of the host's loop; default: it turns. */
  constructor(host: HostLoop = new HostLoop()) {
    this.#host = host;
  }

  /** Tasks that were spawned and have not ended. */
  get alive(): number {
    return this.#alive;
  }

  /** Tasks that wait to be polled. */
  get ready(): number {
    return this.#queue.length;
  }

  /** Start a task; it is first polled by the next {@link run}. */
  spawn<T>(source: Spawnable<T>, options?: SpawnOptions): JoinHandle<T> {
    const task = new Task<T>(intoFuture(source, this.#host), this, options?.name ?? "task");
    this.#alive++;
    task.wake();
    return new JoinHandle(task);
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

  /** For tasks. */
  enqueue(task: Task<unknown>): void {
    this.#queue.push(task);
    if (this.#queue.length === 1) this.onReady?.();
  }

  /** For tasks. */
  finished(_task: Task<unknown>): void {
    this.#alive--;
  }
}
