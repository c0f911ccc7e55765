/**
 * A Promise as something to poll.
 * @module
 */
import { MillraceError } from "../bytes/errors.ts";
import type { Context, Waker } from "./context.ts";
import type { Pollable } from "./future.ts";
import type { HostLoop } from "./host_loop.ts";
import { PENDING, type Poll } from "./poll.ts";
import { spawner } from "./spawner.ts";

/** The error of a `blockOn` whose main task waits for a Promise. */
export function blockedOnPromise(): MillraceError {
  return new MillraceError(
    "ERR_BLOCK_ON_PROMISE",
    "blockOn cannot wait for a Promise: the host's loop stands still meanwhile; use `await runtime.run(...)`",
  );
}

/** Follows a Promise. While a task waits for it, the host's loop knows. */
export class PromiseFuture<T> implements Pollable<T> {
  readonly #promise: PromiseLike<T>;
  readonly #host: HostLoop | undefined;
  #state: "new" | "waiting" | "fulfilled" | "rejected" = "new";
  #value: unknown;
  #waker: Waker | undefined;
  /** Where it is counted as awaited. */
  #awaitedBy: HostLoop | undefined;

  /** @param host The loop beside the tasks that poll it. Default: that of the runtime that polls. */
  constructor(promise: PromiseLike<T>, host?: HostLoop) {
    this.#promise = promise;
    this.#host = host;
    // At once: one that rejects before the first poll would be reported as unhandled and end the process. Other
    // thenables may start their work when they are asked, so they are asked when they are polled.
    if (promise instanceof Promise) this.#subscribe();
  }

  poll(cx: Context): Poll<T> {
    if (this.#state === "fulfilled" || this.#state === "rejected") {
      if (!cx.spend()) return PENDING;
      if (this.#state === "rejected") throw this.#value;
      return this.#value as T;
    }
    const host = this.#host ?? spawner().host;
    // Other tasks wait until the loop turns again; this one would wait for itself.
    if (host.blockedBy === cx.waker) throw blockedOnPromise();
    this.#waker = cx.waker;
    if (this.#awaitedBy !== host) {
      this.#release();
      this.#awaitedBy = host;
      host.awaited++;
    }
    if (this.#state === "new") this.#subscribe();
    return PENDING;
  }

  #subscribe(): void {
    this.#state = "waiting";
    this.#promise.then(
      (value) => this.#settle("fulfilled", value),
      (reason) => this.#settle("rejected", reason),
    );
  }

  #settle(state: "fulfilled" | "rejected", value: unknown): void {
    this.#release();
    this.#state = state;
    this.#value = value;
    this.#waker?.wake();
    this.#waker = undefined;
  }

  #release(): void {
    if (this.#awaitedBy !== undefined) this.#awaitedBy.awaited--;
    this.#awaitedBy = undefined;
  }

  cancel(): void {
    this.#release();
    this.#waker = undefined;
  }
}
