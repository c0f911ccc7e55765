import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { PENDING } from "../task/poll.ts";
import { type Interval, interval, MISSED_AFTER_MS, type MissedTicks, nextTickMs } from "./interval.ts";
import { FakeContext, FakeRuntime } from "./support_test.ts";

/** Poll one new tick; it must be ready. */
function taken(runtime: FakeRuntime, from: Interval): number {
  const value = runtime.within(() => from.tick().poll(runtime.cx));
  if (value === PENDING) throw new Error("the tick is not ready");
  return value;
}

/** Poll one new tick; it must not be ready. Its timer is taken back. */
function notYet(runtime: FakeRuntime, from: Interval): void {
  runtime.within(() => {
    const tick = from.tick();
    assertStrictEquals(tick.poll(runtime.cx), PENDING);
    tick.cancel();
  });
}

Deno.test("the tick after one in time is a period later, whatever the mode", () => {
  for (const missed of ["burst", "delay", "skip"] as const) {
    assertEquals(nextTickMs(missed, 100, 100, 50), 150);
    assertEquals(nextTickMs(missed, 100, 100 + MISSED_AFTER_MS, 50), 150);
    assertEquals(nextTickMs(missed, 100, 103.5, 2), 102);
  }
});

Deno.test("the tick after a late one depends on the mode", () => {
  const cases: [missed: MissedTicks, nowMs: number, expected: number][] = [
    ["burst", 106, 200],
    ["burst", 350, 200],
    ["delay", 106, 206],
    ["delay", 350, 450],
    ["skip", 106, 200],
    ["skip", 199.5, 200],
    ["skip", 200, 300],
    ["skip", 350, 400],
    ["skip", 1099, 1100],
  ];
  for (const [missed, nowMs, expected] of cases) {
    assertEquals(nextTickMs(missed, 100, nowMs, 100), expected, `${missed} at ${nowMs}`);
  }
});

Deno.test("the first tick is ready at once, the next one a period later", () => {
  const runtime = new FakeRuntime(1000.25);
  const every = runtime.within(() => interval(10));
  assertEquals(every.periodMs, 10);
  assertEquals(taken(runtime, every), 1000.25);
  const tick = every.tick();
  runtime.within(() => {
    assertStrictEquals(tick.poll(runtime.cx), PENDING);
    assertEquals(runtime.advance(10), 0);
    assertEquals(runtime.advance(1), 1);
    assertEquals(runtime.cx.wakes, 1);
    assertEquals(tick.poll(runtime.cx), 1010.25);
    assertEquals(runtime.time.size, 0);
  });
});

Deno.test("startMs says when the first tick is due", () => {
  const runtime = new FakeRuntime(1000);
  const later = runtime.within(() => interval(10, { startMs: 1030 }));
  notYet(runtime, later);
  runtime.advance(30);
  assertEquals(taken(runtime, later), 1030);
  const past = runtime.within(() => interval(10, { startMs: 1000, missed: "skip" }));
  assertEquals(taken(runtime, past), 1000);
  notYet(runtime, past);
});

Deno.test("burst catches up, delay starts anew, skip leaves out", () => {
  const expected: Record<MissedTicks, number[]> = {
    burst: [1000, 1100, 1200, 1300, 1400, 1500],
    delay: [1000, 1100, 1450, 1550],
    skip: [1000, 1100, 1400, 1500],
  };
  for (const missed of ["burst", "delay", "skip"] as const) {
    const runtime = new FakeRuntime(1000);
    const every = runtime.within(() => interval(100, { missed }));
    const ticks = [taken(runtime, every)];
    runtime.advance(350);
    while (runtime.clock.nowMs() <= 1550) {
      const value = runtime.within(() => every.tick().poll(runtime.cx));
      if (value === PENDING) runtime.advance(10);
      else ticks.push(value);
    }
    assertEquals(ticks, expected[missed], missed);
  }
});

Deno.test("burst is the default", () => {
  const runtime = new FakeRuntime(0);
  const every = runtime.within(() => interval(100));
  runtime.advance(250);
  assertEquals([taken(runtime, every), taken(runtime, every), taken(runtime, every)], [0, 100, 200]);
  notYet(runtime, every);
});

Deno.test("a cancelled tick has taken nothing", () => {
  const runtime = new FakeRuntime(0);
  const every = runtime.within(() => interval(100));
  taken(runtime, every);
  runtime.within(() => {
    const tick = every.tick();
    tick.poll(runtime.cx);
    runtime.advance(100);
    assertEquals(runtime.cx.wakes, 1);
    tick.cancel();
  });
  assertEquals(runtime.time.size, 0);
  assertEquals(taken(runtime, every), 100);
});

Deno.test("a tick taken before its timer has fired takes the timer back", () => {
  const runtime = new FakeRuntime(0);
  const every = runtime.within(() => interval(100));
  taken(runtime, every);
  runtime.within(() => {
    const tick = every.tick();
    tick.poll(runtime.cx);
    runtime.clock.advance(100);
    assertEquals(tick.poll(runtime.cx), 100);
  });
  assertEquals([runtime.time.size, runtime.cx.wakes], [0, 0]);
});

Deno.test("of two that wait, each gets its tick and neither is forgotten", () => {
  const runtime = new FakeRuntime(0);
  const every = runtime.within(() => interval(100));
  taken(runtime, every);
  const [first, second] = [every.tick(), every.tick()];
  const [firstCx, secondCx] = [new FakeContext(), new FakeContext()];
  runtime.within(() => {
    first.poll(firstCx);
    second.poll(secondCx);
    runtime.advance(100);
    assertEquals([firstCx.wakes, secondCx.wakes], [1, 1]);
    assertEquals(first.poll(firstCx), 100);
    assertStrictEquals(second.poll(secondCx), PENDING);
    runtime.advance(100);
    assertEquals(second.poll(secondCx), 200);
    assertEquals(secondCx.wakes, 2);
  });
});

Deno.test("a used-up budget takes no tick", () => {
  const runtime = new FakeRuntime(0);
  const every = runtime.within(() => interval(100));
  runtime.cx.budget = 0;
  notYet(runtime, every);
  runtime.cx.budget = 1;
  assertEquals(taken(runtime, every), 0);
});

Deno.test("an interval that another runtime polls goes on there", () => {
  const made = new FakeRuntime(1000);
  const polled = new FakeRuntime(0);
  const every = made.within(() => interval(100));
  taken(made, every);
  const tick = every.tick();
  assertStrictEquals(polled.within(() => tick.poll(polled.cx)), PENDING);
  assertEquals([made.time.size, polled.time.size], [0, 1]);
  polled.advance(99);
  assertEquals(polled.cx.wakes, 0);
  polled.advance(1);
  assertEquals(polled.within(() => tick.poll(polled.cx)), 100);
});

Deno.test("for await gives the scheduled times until the loop is left", async () => {
  const runtime = new FakeRuntime(1000);
  const every = runtime.within(() => interval(50));
  const times: number[] = [];
  const iterator = runtime.within(() => every[Symbol.asyncIterator]());
  for await (const scheduledMs of { [Symbol.asyncIterator]: () => iterator }) {
    times.push(scheduledMs);
    if (times.length === 4) break;
    queueMicrotask(() => runtime.advance(50));
  }
  assertEquals(times, [1000, 1050, 1100, 1150]);
  assertEquals(runtime.time.size, 0);
});

Deno.test("a period, a start or a mode that makes no sense is refused", () => {
  const runtime = new FakeRuntime();
  runtime.within(() => {
    for (const bad of [0, -1, NaN, Infinity]) assertThrows(() => interval(bad), RangeError, `"${bad}"`);
    for (const startMs of [NaN, Infinity]) {
      assertThrows(() => interval(1, { startMs }), RangeError, "startMs");
    }
    assertThrows(() => interval(1, { missed: "all" as MissedTicks }), TypeError, '"all"');
  });
});
