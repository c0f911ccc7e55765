import { assert, assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { PENDING } from "../task/poll.ts";
import { sleep, sleepUntil } from "./sleep.ts";
import { FakeContext, FakeRuntime } from "./support_test.ts";

Deno.test("sleep is ready at its deadline, after one wake", () => {
  const runtime = new FakeRuntime(1000.5);
  runtime.within(() => {
    const { cx } = runtime;
    const future = sleep(10);
    assertEquals(future.deadlineMs, 1010.5);
    assertEquals(runtime.time.size, 0);
    assertStrictEquals(future.poll(cx), PENDING);
    assertEquals(runtime.time.size, 1);
    assertEquals(runtime.advance(10), 0);
    assertEquals(cx.wakes, 0);
    assertEquals(runtime.advance(0.5), 1);
    assertEquals(cx.wakes, 1);
    assertEquals(future.poll(cx), undefined);
    assertEquals(runtime.time.size, 0);
  });
});

Deno.test("the deadline counts from the call, on the clock itself and not on the last refresh", () => {
  const runtime = new FakeRuntime(1000);
  runtime.within(() => {
    runtime.clock.advance(50);
    const future = sleep(20);
    assertEquals(future.deadlineMs, 1070);
    runtime.clock.advance(15);
    assertStrictEquals(future.poll(runtime.cx), PENDING);
    assertEquals(runtime.advance(4), 0);
    assertEquals(runtime.advance(1), 1);
  });
});

Deno.test("sleep(0), and a time that is over, wait for the next turn", () => {
  const runtime = new FakeRuntime(1000.5);
  runtime.within(() => {
    for (const future of [sleep(0), sleepUntil(5), sleepUntil(1000.5)]) {
      assertStrictEquals(future.poll(runtime.cx), PENDING);
      assertEquals(runtime.advance(0), 1);
      assertEquals(future.poll(runtime.cx), undefined);
    }
  });
});

Deno.test("sleepUntil waits for a time on the clock", () => {
  const runtime = new FakeRuntime(1000);
  runtime.within(() => {
    const future = sleepUntil(1234);
    assertEquals(future.deadlineMs, 1234);
    assertStrictEquals(future.poll(runtime.cx), PENDING);
    assertEquals(runtime.advance(233), 0);
    assertEquals(runtime.advance(1), 1);
  });
});

Deno.test("spurious polls arm nothing twice, and the waker of the last poll is woken", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    const first = new FakeContext();
    const last = new FakeContext();
    const future = sleep(10);
    assertStrictEquals(future.poll(first), PENDING);
    assertStrictEquals(future.poll(first), PENDING);
    assertStrictEquals(future.poll(last), PENDING);
    assertEquals(runtime.time.size, 1);
    runtime.advance(10);
    assertEquals([first.wakes, last.wakes], [0, 1]);
  });
});

Deno.test("cancel takes the timer back", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    const future = sleep(10);
    future.cancel();
    assertStrictEquals(future.poll(runtime.cx), PENDING);
    future.cancel();
    assertEquals(runtime.time.size, 0);
    runtime.advance(100);
    assertEquals(runtime.cx.wakes, 0);
  });
});

Deno.test("reset moves the deadline of a waiting task, either way", () => {
  const runtime = new FakeRuntime(1000);
  runtime.within(() => {
    const { cx } = runtime;
    const future = sleep(10);
    future.poll(cx);
    runtime.advance(5);
    future.reset(10);
    assertEquals(future.deadlineMs, 1015);
    runtime.advance(9);
    assertEquals(cx.wakes, 0);
    future.reset(0);
    runtime.advance(0);
    assertEquals(cx.wakes, 1);
    assertEquals(future.poll(cx), undefined);
  });
});

Deno.test("reset before the first poll arms nothing, and after the end starts anew", () => {
  const runtime = new FakeRuntime(1000);
  runtime.within(() => {
    const { cx } = runtime;
    const future = sleep(10);
    future.reset(20);
    assertEquals([runtime.time.size, future.deadlineMs], [0, 1020]);
    future.poll(cx);
    runtime.advance(20);
    assertEquals(future.poll(cx), undefined);
    future.reset(5);
    assertStrictEquals(future.poll(cx), PENDING);
    runtime.advance(5);
    assertEquals(future.poll(cx), undefined);
    assertEquals(cx.wakes, 2);
  });
});

Deno.test("Infinity never wakes and holds no timer", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    const future = sleep(Infinity);
    assertStrictEquals(future.poll(runtime.cx), PENDING);
    assertStrictEquals(future.poll(runtime.cx), PENDING);
    assertEquals([future.deadlineMs, runtime.time.size], [Infinity, 0]);
    future.reset(1);
    runtime.advance(1);
    assertEquals(runtime.cx.wakes, 1);
  });
});

Deno.test("a used-up budget puts the end off to the next poll", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    const { cx } = runtime;
    const future = sleep(1);
    cx.budget = 0;
    assertStrictEquals(future.poll(cx), PENDING);
    runtime.advance(1);
    assertStrictEquals(future.poll(cx), PENDING);
    cx.budget = 1;
    assertEquals(future.poll(cx), undefined);
    assertEquals(cx.budget, 0);
  });
});

Deno.test("a sleep that another runtime polls waits there, for what is left", () => {
  const made = new FakeRuntime(1000);
  const polled = new FakeRuntime(5);
  const future = made.within(() => sleep(100));
  made.clock.advance(40);
  assertStrictEquals(polled.within(() => future.poll(polled.cx)), PENDING);
  assertEquals([made.time.size, polled.time.size, future.deadlineMs], [0, 1, 65]);
  // And back, while it waits.
  assertStrictEquals(made.within(() => future.poll(made.cx)), PENDING);
  assertEquals([made.time.size, polled.time.size, future.deadlineMs], [1, 0, 1100]);
  made.advance(60);
  assertEquals([made.cx.wakes, polled.cx.wakes], [1, 0]);
  assertEquals(made.within(() => future.poll(made.cx)), undefined);
});

Deno.test("what is no duration is a RangeError", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    const future = sleep(1);
    for (const bad of [NaN, -1, -Infinity]) {
      assertThrows(() => sleep(bad), RangeError, `ms "${bad}"`);
      assertThrows(() => future.reset(bad), RangeError);
    }
    assertThrows(() => sleepUntil(NaN), RangeError);
    assert(sleepUntil(-1).deadlineMs === -1);
  });
});
