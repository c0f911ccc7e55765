/**
 * What the tests of the executor share.
 * @module
 */
import { assert } from "@std/assert";
import type { Context, Waker } from "../task/context.ts";
import type { Pollable } from "../task/future.ts";
import type { JoinHandle } from "../task/join.ts";
import { PENDING, type Poll } from "../task/poll.ts";
import type { LocalExecutor } from "./local.ts";

/** For polls of tasks that have finished. */
export const NO_CONTEXT: Context = { waker: { wake() {} }, spend: () => true };

/** A future that is made of a function; counts polls and cancels. */
export class Manual<T> implements Pollable<T> {
  polls = 0;
  cancels = 0;
  waker: Waker | undefined;
  readonly #body: (cx: Context, polls: number) => Poll<T>;

  constructor(body: (cx: Context, polls: number) => Poll<T>) {
    this.#body = body;
  }

  poll(cx: Context): Poll<T> {
    this.waker = cx.waker;
    return this.#body(cx, ++this.polls);
  }

  cancel(): void {
    this.cancels++;
  }
}

/** A future that never is. */
export const never = (): Manual<never> => new Manual<never>(() => PENDING);

/** The outcome of a finished task. */
export function outcome<T>(handle: JoinHandle<T>): T {
  assert(handle.isFinished, "the task has not finished");
  return handle.poll(NO_CONTEXT) as T;
}

export function drain(executor: LocalExecutor, maxRuns = 1000): void {
  for (let runs = 0; executor.ready > 0; runs++) {
    assert(runs < maxRuns, "it never ends");
    executor.run();
  }
}
