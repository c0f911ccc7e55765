/**
 * Tasks that have failed and that nobody waits for.
 * @module
 */
import type { Task } from "./task.ts";

/** Told of the error of a task that nobody waits for, and of the task's name. */
export type TaskErrorHandler = (error: unknown, name: string) => void;

/** As the host takes a Promise that nobody handles: the `unhandledrejection` event, then the end of the process. */
function reject(error: unknown): void {
  void Promise.reject(error);
}

/** Reports a failed task once, unless somebody begins to wait for it in the same turn of the host's loop. */
export class Failures {
  readonly #report: TaskErrorHandler;
  #tasks: Task<unknown>[] = [];

  /** @param report Told of each. Default: an unhandled rejection. */
  constructor(report: TaskErrorHandler = reject) {
    this.#report = report;
  }

  /** A task that has failed unwatched. */
  add(task: Task<unknown>): void {
    this.#tasks.push(task);
    // After all microtasks of the turn: `await first; await second` may be about to come to the second.
    if (this.#tasks.length === 1) setImmediate(() => this.#flush());
  }

  #flush(): void {
    const tasks = this.#tasks;
    this.#tasks = [];
    for (const task of tasks) {
      if (!task.isUnwatchedFailure) continue;
      try {
        task.result();
      } catch (error) {
        this.#tell(error, task.name);
      }
    }
  }

  #tell(error: unknown, name: string): void {
    try {
      this.#report(error, name);
    } catch (failure) {
      reportError(failure);
    }
  }
}
