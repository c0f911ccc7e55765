/**
 * Makes a future of everything that can be spawned: a future, a generator, a Promise, a function.
 * @module
 */
import { MillraceError } from "../bytes/errors.ts";
import type { Context, Waker } from "./context.ts";
import type { Pollable } from "./future.ts";
import type { HostLoop } from "./host_loop.ts";
import { PENDING, type Poll } from "./poll.ts";

/** A generator that yields futures and gets their values back: `const value = yield* future`. */
export type TaskGenerator<T> = Generator<Pollable<unknown>, T, unknown>;

/** What `spawn` and `blockOn` take. A function is called in the task's first poll. */
export type Spawnable<T> =
  | Pollable<T>
  | TaskGenerator<T>
  | PromiseLike<T>
  | (() => TaskGenerator<T> | PromiseLike<T> | Pollable<T> | T);

function isPollable(value: unknown): value is Pollable<unknown> {
  return typeof (value as Pollable<unknown> | null)?.poll === "function";
}

function isGenerator(value: unknown): value is TaskGenerator<unknown> {
  const candidate = value as Partial<TaskGenerator<unknown>> | null;
  return typeof candidate?.next === "function" && typeof candidate.throw === "function" &&
    Symbol.iterator in (candidate as object);
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof (value as PromiseLike<unknown> | null)?.then === "function";
}

class GeneratorFuture<T> implements Pollable<T> {
  readonly #generator: TaskGenerator<T>;
  #inner: Pollable<unknown> | undefined;

  constructor(generator: TaskGenerator<T>) {
    this.#generator = generator;
  }

  poll(cx: Context): Poll<T> {
    let step: IteratorResult<Pollable<unknown>, T>;
    if (this.#inner === undefined) {
      step = this.#generator.next();
    } else {
      const resumed = this.#resume(this.#inner, cx);
      if (resumed === PENDING) return PENDING;
      step = resumed;
    }
    while (!step.done) {
      if (!isPollable(step.value)) {
        // Thrown where it was yielded: finally blocks run.
        step = this.#generator.throw(
          new TypeError("a task's generator may yield futures only: write `yield* future`"),
        );
        continue;
      }
      this.#inner = step.value;
      const resumed = this.#resume(step.value, cx);
      if (resumed === PENDING) return PENDING;
      step = resumed;
    }
    return step.value;
  }

  /** Poll what the generator waits for, and let the generator go on with the outcome. */
  #resume(inner: Pollable<unknown>, cx: Context): Poll<IteratorResult<Pollable<unknown>, T>> {
    let value: unknown;
    try {
      value = inner.poll(cx);
    } catch (error) {
      this.#inner = undefined;
      return this.#generator.throw(error);
    }
    if (value === PENDING) return PENDING;
    this.#inner = undefined;
    return this.#generator.next(value);
  }

  cancel(): void {
    const inner = this.#inner;
    this.#inner = undefined;
    try {
      inner?.cancel?.();
    } finally {
      // Runs the generator's finally blocks; what they yield is not waited for.
      this.#generator.return(undefined as T);
    }
  }
}

class PromiseFuture<T> implements Pollable<T> {
  readonly #promise: PromiseLike<T>;
  readonly #host: HostLoop;
  #waker: Waker | undefined;
  #state: "new" | "waiting" | "fulfilled" | "rejected" = "new";
  #value: unknown;

  constructor(promise: PromiseLike<T>, host: HostLoop) {
    this.#promise = promise;
    this.#host = host;
    // At once: one that rejects before the first poll would be reported as unhandled and end the process. Other
    // thenables may start their work when they are asked, so they are asked when they are polled.
    if (promise instanceof Promise) this.#subscribe();
  }

  poll(cx: Context): Poll<T> {
    if (this.#state === "fulfilled") return this.#value as T;
    if (this.#state === "rejected") throw this.#value;
    if (this.#host.isStopped) {
      throw new MillraceError(
        "ERR_BLOCK_ON_PROMISE",
        "blockOn cannot wait for a Promise: the host's loop stands still meanwhile; use `await runtime.run(...)`",
      );
    }
    this.#waker = cx.waker;
    if (this.#state === "new") this.#subscribe();
    return PENDING;
  }

  #subscribe(): void {
    this.#state = "waiting";
    this.#host.awaited++;
    this.#promise.then(
      (value) => this.#settle("fulfilled", value),
      (reason) => this.#settle("rejected", reason),
    );
  }

  #settle(state: "fulfilled" | "rejected", value: unknown): void {
    if (this.#state === "waiting") this.#host.awaited--;
    this.#state = state;
    this.#value = value;
    this.#waker?.wake();
    this.#waker = undefined;
  }

  cancel(): void {
    this.#waker = undefined;
    if (this.#state !== "waiting") return;
    this.#state = "new";
    this.#host.awaited--;
  }
}

class FunctionFuture<T> implements Pollable<T> {
  readonly #call: () => unknown;
  readonly #host: HostLoop;
  #inner: Pollable<T> | undefined;

  constructor(call: () => unknown, host: HostLoop) {
    this.#call = call;
    this.#host = host;
  }

  poll(cx: Context): Poll<T> {
    if (this.#inner === undefined) {
      const result = this.#call();
      const inner = wrap<T>(result, this.#host);
      if (inner === undefined) return result as T;
      this.#inner = inner;
    }
    return this.#inner.poll(cx);
  }

  cancel(): void {
    this.#inner?.cancel?.();
  }
}

function wrap<T>(value: unknown, host: HostLoop): Pollable<T> | undefined {
  if (isPollable(value)) return value as Pollable<T>;
  if (isGenerator(value)) return new GeneratorFuture(value as TaskGenerator<T>);
  if (isPromiseLike(value)) return new PromiseFuture(value as PromiseLike<T>, host);
  return undefined;
}

/**
 * The future behind a spawnable.
 *
 * @throws {TypeError} When the value is none of the kinds.
 */
export function intoFuture<T>(source: Spawnable<T>, host: HostLoop): Pollable<T> {
  if (typeof source === "function") return new FunctionFuture(source, host);
  const future = wrap<T>(source, host);
  if (future === undefined) {
    throw new TypeError(`cannot spawn ${typeof source}: pass a future, a generator, a Promise or a function`);
  }
  return future;
}
