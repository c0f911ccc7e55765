import { assertEquals, assertInstanceOf, assertRejects, assertStrictEquals, assertThrows } from "@std/assert";
import { TimeoutError } from "../errors.ts";
import type { Context } from "../task/context.ts";
import { Future, type Pollable } from "../task/future.ts";
import { PENDING, type Poll } from "../task/poll.ts";
import { FakeRuntime } from "./support_test.ts";
import { sleep } from "./sleep.ts";
import { timeout } from "./timeout.ts";

/** Answers what the test has set, and counts. */
class Scripted extends Future<string> {
  next: Poll<string> = PENDING;
  failure: Error | undefined = undefined;
  polls = 0;
  cancels = 0;
  spends = 0;

  override poll(cx: Context): Poll<string> {
    this.polls++;
    for (let i = 0; i < this.spends; i++) cx.spend();
    if (this.failure !== undefined) throw this.failure;
    return this.next;
  }

  override cancel(): void {
    this.cancels++;
  }
}

Deno.test("a value in time is passed on, and the timer is taken back", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    const inner = new Scripted();
    const limited = timeout(100, inner);
    assertEquals([inner.polls, runtime.time.size], [0, 0]);
    assertStrictEquals(limited.poll(runtime.cx), PENDING);
    assertEquals(runtime.time.size, 1);
    inner.next = "done";
    assertEquals(limited.poll(runtime.cx), "done");
    assertEquals([runtime.time.size, inner.cancels], [0, 0]);
  });
});

Deno.test("a value at the first poll arms no timer", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    const inner = new Scripted();
    inner.next = "done";
    let armed = 0;
    runtime.time.onEarlier = (): void => {
      armed++;
    };
    assertEquals(timeout(0, inner).poll(runtime.cx), "done");
    assertEquals(armed, 0);
  });
});

Deno.test("after the time the inner future is cancelled and a TimeoutError thrown", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    const inner = new Scripted();
    const limited = timeout(100, inner, "head");
    limited.poll(runtime.cx);
    runtime.advance(99);
    assertEquals(runtime.cx.wakes, 0);
    runtime.advance(1);
    assertEquals(runtime.cx.wakes, 1);
    const error = assertThrows(() => limited.poll(runtime.cx), TimeoutError);
    assertEquals([error.code, error.phase, error.afterMs], ["ERR_TIMEOUT", "head", 100]);
    assertEquals([inner.cancels, runtime.time.size], [1, 0]);
  });
});

Deno.test("the phase is `operation` unless it is given", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    const limited = timeout(0, new Scripted());
    limited.poll(runtime.cx);
    runtime.advance(0);
    assertEquals(assertThrows(() => limited.poll(runtime.cx), TimeoutError).phase, "operation");
  });
});

Deno.test("when both are ready in the same poll, the value wins", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    const inner = new Scripted();
    const limited = timeout(10, inner);
    limited.poll(runtime.cx);
    runtime.advance(1000);
    inner.next = "just in time";
    assertEquals(limited.poll(runtime.cx), "just in time");
    assertEquals(inner.cancels, 0);
  });
});

Deno.test("an error of the inner future is passed on, and the timer is taken back", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    const inner = new Scripted();
    const limited = timeout(10, inner);
    limited.poll(runtime.cx);
    inner.failure = new Error("boom");
    assertStrictEquals(assertThrows(() => limited.poll(runtime.cx)), inner.failure);
    assertEquals([runtime.time.size, inner.cancels], [0, 0]);
  });
});

Deno.test("cancel cancels both", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    const inner = new Scripted();
    const limited = timeout(10, inner);
    limited.poll(runtime.cx);
    limited.cancel();
    assertEquals([runtime.time.size, inner.cancels], [0, 1]);
    assertEquals(runtime.advance(100), 0);
  });
});

Deno.test("work that uses up its budget at every poll is stopped all the same", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    const inner = new Scripted();
    inner.spends = 200;
    const limited = timeout(10, inner);
    for (let i = 0; i < 5; i++) {
      runtime.cx.budget = 128;
      assertStrictEquals(limited.poll(runtime.cx), PENDING);
      runtime.advance(1);
    }
    runtime.advance(5);
    runtime.cx.budget = 128;
    assertThrows(() => limited.poll(runtime.cx), TimeoutError);
  });
});

Deno.test("anything with poll will do, also without cancel; and timeouts nest", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    const bare: Pollable<number> = { poll: (): Poll<number> => PENDING };
    const limited = timeout(10, timeout(20, bare, "inner"), "outer");
    limited.poll(runtime.cx);
    assertEquals(runtime.time.size, 2);
    runtime.advance(10);
    assertEquals(assertThrows(() => limited.poll(runtime.cx), TimeoutError).phase, "outer");
    assertEquals(runtime.time.size, 0);
  });
});

Deno.test("Infinity is no limit; NaN and negative numbers are RangeErrors", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    assertStrictEquals(timeout(Infinity, sleep(50)).poll(runtime.cx), PENDING);
    assertEquals(runtime.time.size, 1);
    for (const bad of [NaN, -1]) assertThrows(() => timeout(bad, sleep(1)), RangeError, `"${bad}"`);
  });
});

Deno.test("a Promise that fulfils in time wakes the task and gives its value", async () => {
  const runtime = new FakeRuntime();
  const { promise, resolve } = Promise.withResolvers<number>();
  const limited = runtime.within(() => timeout(10, promise));
  assertStrictEquals(runtime.within(() => limited.poll(runtime.cx)), PENDING);
  resolve(7);
  await promise;
  assertEquals(runtime.cx.wakes, 1);
  runtime.cx.budget = 0;
  assertStrictEquals(runtime.within(() => limited.poll(runtime.cx)), PENDING);
  runtime.cx.budget = 1;
  assertEquals(runtime.within(() => limited.poll(runtime.cx)), 7);
  assertEquals(runtime.time.size, 0);
});

Deno.test("a Promise that rejects in time gives its reason, unchanged", async () => {
  const runtime = new FakeRuntime();
  const reason = { not: "an Error" };
  const caught = await runtime.within(() => runtime.drive(timeout(10, Promise.reject(reason)))).catch((e) =>
    e
  );
  assertStrictEquals(caught, reason);
});

Deno.test("a Promise that is too slow is left alone: its rejection is not an unhandled one", async () => {
  const runtime = new FakeRuntime();
  const { promise, reject } = Promise.withResolvers<number>();
  const outcome = runtime.drive(runtime.within(() => timeout(10, promise, "slow")));
  runtime.advance(10);
  const error = await assertRejects(() => outcome, TimeoutError);
  assertInstanceOf(error, TimeoutError);
  reject(new Error("much later"));
  await new Promise((resolve) => queueMicrotask(() => resolve(undefined)));
});

Deno.test("a future can be given a limit and driven to its end", async () => {
  const runtime = new FakeRuntime();
  const outcome = runtime.drive(runtime.within(() => timeout(50, sleep(10))));
  runtime.advance(10);
  assertEquals(await outcome, undefined);
  assertEquals(runtime.time.size, 0);
});
