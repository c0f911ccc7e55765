/**
 * What a future is polled with.
 * @module
 */

/** Schedules one task to be polled again. Waking twice before the poll is the same as once. */
export interface Waker {
  /** Put the task in the queue of its executor, if it is not there already. Never throws, never polls. */
  wake(): void;
}

/** What a future sees of the executor while it is polled. */
export interface Context {
  /** Wakes the task that is polling. A future that returns `PENDING` keeps it and calls it later. */
  readonly waker: Waker;
  /**
   * Spend one unit of the task's budget. `false`: the budget of this poll is used up; the task has been
   * scheduled again and the future must return `PENDING` without doing more.
   */
  spend(): boolean;
}
