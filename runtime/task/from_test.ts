import { assert, assertEquals, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { MillraceError } from "../errors.ts";
import type { Context } from "./context.ts";
import { intoFuture, type Spawnable, type TaskGenerator } from "./from.ts";
import type { Pollable } from "./future.ts";
import { HostLoop } from "./host_loop.ts";
import { PENDING, type Poll } from "./poll.ts";

const cx: Context = { waker: { wake() {} }, spend: () => true };
const running = new HostLoop();
const stopped = new HostLoop();
stopped.blockedBy = cx.waker;

/** Ready with `value` at poll `at`. */
function after<T>(value: T, at: number): Pollable<T> & { polls: number; cancels: number } {
  return {
    polls: 0,
    cancels: 0,
    poll(): Poll<T> {
      return ++this.polls >= at ? value : PENDING;
    },
    cancel(): void {
      this.cancels++;
    },
  };
}

/** Every kind of spawnable that is ready at once with 42. */
const ready: Record<string, () => Spawnable<number>> = {
  "a future": () => after(42, 1),
  "a generator": () =>
    // deno-lint-ignore require-yield
    (function* (): TaskGenerator<number> {
      return 42;
    })(),
  "a function that returns a value": () => () => 42,
  "a function that returns a future": () => () => after(42, 1),
  "a generator function": () =>
    // deno-lint-ignore require-yield
    function* () {
      return 42;
    },
};

for (const [name, make] of Object.entries(ready)) {
  Deno.test(`${name} gives its value`, () => assertEquals(intoFuture(make(), running).poll(cx), 42));
}

const promised: Record<string, () => Spawnable<number>> = {
  "a Promise": () => Promise.resolve(42),
  "a thenable": () => ({ then: (resolve) => (resolve?.(42), undefined as never) }) as PromiseLike<number>,
  "an async function": () => async () => await Promise.resolve(42),
};

for (const [name, make] of Object.entries(promised)) {
  Deno.test(`${name} is pending at first, wakes, and gives its value`, async () => {
    let wakes = 0;
    const future = intoFuture(make(), running);
    assertStrictEquals(future.poll({ ...cx, waker: { wake: () => void wakes++ } }), PENDING);
    await new Promise((resolve) => setTimeout(resolve, 0));
    assert(wakes <= 1);
    assertEquals(future.poll(cx), 42);
  });
}

Deno.test("a Promise that rejects throws at the poll, also undefined", async () => {
  for (const reason of [new Error("no"), undefined]) {
    const future = intoFuture(Promise.reject(reason), running);
    assertStrictEquals(future.poll(cx), PENDING);
    await Promise.resolve();
    await assertRejects(
      async () => {
        try {
          await Promise.resolve(future.poll(cx));
        } catch (error) {
          assertStrictEquals(error, reason);
          throw new Error("as expected");
        }
      },
      Error,
      "as expected",
    );
  }
});

Deno.test("a Promise where the host stands still: the error names run, and nothing is left unhandled", async () => {
  for (const source of [Promise.reject(new Error("later")), async () => await Promise.resolve()]) {
    const error = assertThrows(
      () => intoFuture<unknown>(source, stopped).poll(cx),
      MillraceError,
    ) as MillraceError;
    assertEquals(error.code, "ERR_BLOCK_ON_PROMISE");
    assert(error.message.includes("run("), error.message);
  }
  // An unhandled rejection would end the test run.
  await new Promise((resolve) => setTimeout(resolve, 0));
});

Deno.test("a Promise that rejects before the first poll is not unhandled", async () => {
  const future = intoFuture(Promise.reject(new RangeError("early")), running);
  await new Promise((resolve) => setTimeout(resolve, 0));
  assertThrows(() => future.poll(cx), RangeError, "early");
});

Deno.test("a thenable that is no Promise is asked at the first poll, not before", () => {
  let thens = 0;
  const lazy = { then: () => (thens++, undefined as never) } as PromiseLike<void>;
  const future = intoFuture(lazy, running);
  assertEquals(thens, 0);
  future.poll(cx);
  future.poll(cx);
  assertEquals(thens, 1);
});

Deno.test("what is none of the kinds is refused", () => {
  for (const source of [1, "text", null, undefined, {}, Symbol("x"), { next() {} }]) {
    assertThrows(() => intoFuture(source as unknown as Spawnable<void>, running), TypeError, "pass a future");
  }
});

Deno.test("a function is called in the first poll, once, and its error is the poll's", () => {
  let calls = 0;
  const inner = after("x", 3);
  const future = intoFuture(() => (calls++, inner), running);
  assertEquals(calls, 0);
  assertEquals([future.poll(cx), future.poll(cx), future.poll(cx)], [PENDING, PENDING, "x"]);
  assertEquals(calls, 1);
  const thrower = intoFuture(() => {
    throw new RangeError("called");
  }, running);
  assertThrows(() => thrower.poll(cx), RangeError, "called");
});

Deno.test("cancelling before the first poll calls nothing", () => {
  let calls = 0;
  intoFuture(() => calls++, running).cancel?.();
  intoFuture(
    // deno-lint-ignore require-yield
    function* () {
      calls++;
    },
    running,
  ).cancel?.();
  assertEquals(calls, 0);
});

Deno.test("a generator waits for each future in turn and gets its value", () => {
  const [one, two] = [after(1, 2), after("two", 2)];
  const future = intoFuture(
    function* (): TaskGenerator<unknown> {
      const first = yield one;
      const second = yield two;
      const third = yield after(3, 1);
      return [first, second, third];
    },
    running,
  );
  assertStrictEquals(future.poll(cx), PENDING);
  assertEquals([one.polls, two.polls], [1, 0]);
  assertStrictEquals(future.poll(cx), PENDING);
  assertEquals([one.polls, two.polls], [2, 1]);
  assertEquals(future.poll(cx), [1, "two", 3]);
});

Deno.test("generators call generators with yield*", () => {
  const future = intoFuture(function* (): TaskGenerator<number> {
    const inner = function* (value: number): TaskGenerator<number> {
      return (yield after(value, 2)) as number + 1;
    };
    return (yield* inner(1)) + (yield* inner(10));
  }, running);
  assertEquals([future.poll(cx), future.poll(cx), future.poll(cx)], [PENDING, PENDING, 13]);
});

Deno.test("the error of a future is thrown where the generator waits, and can be caught there", () => {
  const failing: Pollable<never> = {
    poll: () => {
      throw new RangeError("inner");
    },
  };
  const caught = intoFuture(function* (): TaskGenerator<string> {
    try {
      yield failing;
    } catch (error) {
      return `${(error as Error).message} ${yield after("and on", 1)}`;
    }
    return "not reached";
  }, running);
  assertEquals(caught.poll(cx), "inner and on");
  const uncaught = intoFuture(
    function* () {
      yield failing;
    },
    running,
  );
  assertThrows(() => uncaught.poll(cx), RangeError, "inner");
});

Deno.test("a generator may yield futures only; the text says what to write, and finally blocks run", () => {
  for (const wrong of [1, Promise.resolve(), undefined, {}]) {
    let cleaned = false;
    const future = intoFuture(
      function* () {
        try {
          yield wrong as unknown as Pollable<unknown>;
        } finally {
          cleaned = true;
        }
      },
      running,
    );
    assertThrows(() => future.poll(cx), TypeError, "yield* future");
    assert(cleaned, "the generator stays suspended for ever");
  }
});

Deno.test("cancelling a generator cancels what it waits for, then runs its finally blocks, inner ones first", () => {
  const events: string[] = [];
  const inner: Pollable<never> = { poll: () => PENDING, cancel: () => void events.push("cancel") };
  const future = intoFuture(
    function* () {
      try {
        try {
          yield inner;
        } finally {
          events.push("inner finally");
        }
      } finally {
        events.push("outer finally");
      }
    },
    running,
  );
  future.poll(cx);
  future.cancel?.();
  assertEquals(events, ["cancel", "inner finally", "outer finally"]);
});

Deno.test("finally blocks run even if what the generator waits for cannot be cancelled", () => {
  let cleaned = false;
  const inner: Pollable<never> = {
    poll: () => PENDING,
    cancel: () => {
      throw new Error("stuck");
    },
  };
  const future = intoFuture(
    function* () {
      try {
        yield inner;
      } finally {
        cleaned = true;
      }
    },
    running,
  );
  future.poll(cx);
  assertThrows(() => future.cancel?.(), Error, "stuck");
  assert(cleaned);
});

Deno.test("cancelling a function cancels what it returned; a Promise's late outcome wakes nobody", async () => {
  const inner = after(1, 9);
  const future = intoFuture(() => inner, running);
  future.poll(cx);
  future.cancel?.();
  assertEquals(inner.cancels, 1);

  let wakes = 0;
  const { promise, resolve } = Promise.withResolvers<void>();
  const waiting = intoFuture(promise, running);
  waiting.poll({ ...cx, waker: { wake: () => void wakes++ } });
  waiting.cancel?.();
  resolve();
  await promise;
  assertEquals(wakes, 0);
});

Deno.test("spurious polls of a Promise subscribe once and wake the latest waker", async () => {
  let thens = 0;
  const { promise, resolve } = Promise.withResolvers<number>();
  const counted: PromiseLike<number> = {
    then: (onFulfilled, onRejected) => (thens++, promise.then(onFulfilled, onRejected)),
  };
  const woken: string[] = [];
  const future = intoFuture(counted, running);
  for (const name of ["a", "b"]) future.poll({ ...cx, waker: { wake: () => void woken.push(name) } });
  resolve(5);
  await promise;
  assertEquals([thens, woken, future.poll(cx)], [1, ["b"], 5]);
});

Deno.test("a Promise that is waited for is counted, until it settles or the wait is given up", async () => {
  const host = new HostLoop();
  const settled = intoFuture(Promise.resolve(1), host);
  assertStrictEquals(settled.poll(cx), PENDING);
  settled.poll(cx);
  assertEquals(host.awaited, 1);
  await Promise.resolve();
  assertEquals([host.awaited, settled.poll(cx)], [0, 1]);
  const given = Promise.withResolvers<void>();
  const abandoned = intoFuture(given.promise, host);
  abandoned.poll(cx);
  abandoned.cancel?.();
  assertEquals(host.awaited, 0);
  given.resolve();
  await given.promise;
  assertEquals(host.awaited, 0);
});
