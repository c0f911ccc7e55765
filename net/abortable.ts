/**
 * Ends a wait by an `AbortSignal`.
 * @module
 */
import type { Context, Waker } from "../runtime/task/context.ts";
import { Future } from "../runtime/task/future.ts";
import { PENDING, type Poll } from "../runtime/task/poll.ts";

/** How long to wait. */
export interface WaitOptions {
  /**
   * Give up when it aborts: at once, as `cancel()` does, and the future throws the signal's reason. The way to end
   * what an `async` function waits for: such a function cannot be stopped, also when its task was aborted.
   */
  readonly signal?: AbortSignal | undefined;
}

/** `inner`, given up when `signal` aborts; `inner` itself without one. */
export function abortable<T>(inner: Future<T>, { signal }: WaitOptions): Future<T> {
  return signal === undefined ? inner : new Abortable(inner, signal);
}

class Abortable<T> extends Future<T> {
  readonly #inner: Future<T>;
  readonly #signal: AbortSignal;
  readonly #onAbort = (): void => {
    this.#release();
    // Now, not in the poll to come: others may take their turn.
    this.#inner.cancel();
    this.#waker?.wake();
  };
  #waker: Waker | undefined;
  #listens = false;

  constructor(inner: Future<T>, signal: AbortSignal) {
    super();
    this.#inner = inner;
    this.#signal = signal;
  }

  override poll(cx: Context): Poll<T> {
    const signal = this.#signal;
    if (signal.aborted) throw signal.reason;
    this.#waker = cx.waker;
    let value: Poll<T>;
    try {
      value = this.#inner.poll(cx);
    } catch (error) {
      this.#release();
      throw error;
    }
    if (value !== PENDING) this.#release();
    else if (!this.#listens) {
      this.#listens = true;
      signal.addEventListener("abort", this.#onAbort, { once: true });
    }
    return value;
  }

  #release(): void {
    if (this.#listens) this.#signal.removeEventListener("abort", this.#onAbort);
    this.#listens = false;
  }

  override cancel(): void {
    this.#release();
    if (!this.#signal.aborted) this.#inner.cancel();
  }
}
