/**
 * Makes a future of everything that can be spawned: a future, a generator, a Promise, a function.
 * @module
 */
import type { Context } from "./context.ts";
import type { Pollable } from "./future.ts";
import type { HostLoop } from "./host_loop.ts";
import { waiterFor } from "./join.ts";
import { PENDING, type Poll } from "./poll.ts";
import { PromiseFuture } from "./promise.ts";
import { callInside } from "./spawner.ts";

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
      this.#inner = waiterFor(step.value);
      const resumed = this.#resume(this.#inner, cx);
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
      const result = callInside(this.#call);
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
  if (isPollable(value)) return waiterFor(value as Pollable<T>);
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
