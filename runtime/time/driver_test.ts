import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import type { Clock } from "./clock.ts";
import { VirtualClock } from "./clock.ts";
import { TimeDriver } from "./driver.ts";
import { Callback, printedSeed, seeded } from "./support_test.ts";

/** A driver, and the clock's times at which `schedule`d entries fired. */
function driven(startMs = 0) {
  const clock = new VirtualClock(startMs);
  const time = new TimeDriver(clock);
  const log: number[] = [];
  const entry = (): Callback => new Callback(() => log.push(clock.nowMs()));
  return { clock, time, log, entry };
}

Deno.test("VirtualClock moves only when told, and only forward", () => {
  const clock = new VirtualClock(1.5);
  assertEquals(clock.nowMs(), 1.5);
  clock.advance(0.25);
  assertEquals(clock.nowMs(), 1.75);
  clock.set(1.75);
  clock.set(100);
  assertEquals(clock.nowMs(), 100);
  assertThrows(() => clock.set(99.9), RangeError, "not before 100");
  for (const bad of [-1, NaN, Infinity]) assertThrows(() => clock.advance(bad), RangeError);
  assertThrows(() => new VirtualClock(NaN), RangeError);
  assertEquals(new VirtualClock().nowMs(), 0);
});

Deno.test("nowMs reads the clock at refresh only, and never goes back", () => {
  let nowMs = 10;
  let reads = 0;
  const clock: Clock = { nowMs: (): number => (reads++, nowMs) };
  const time = new TimeDriver(clock);
  assertEquals(reads, 1);
  nowMs = 20;
  assertEquals(time.nowMs(), 10);
  assertEquals(time.refresh(), 20);
  nowMs = 15;
  assertEquals(time.refresh(), 20);
  assertEquals(time.nowMs(), 20);
  time.schedule(new Callback(() => {}), 1000);
  assertEquals(reads, 3);
});

Deno.test("a delay is rounded up to a whole tick", () => {
  const { clock, time, log, entry } = driven(100.75);
  time.schedule(entry(), 10);
  clock.set(110.74);
  assertEquals(time.fireExpired(), 0);
  clock.set(110.99);
  assertEquals(time.fireExpired(), 0);
  clock.set(111);
  assertEquals(time.fireExpired(), 1);
  assertEquals(log, [111]);
});

Deno.test("0 and what is over already are the next turn, without the clock moving", () => {
  const { clock, time, log, entry } = driven(100.75);
  time.schedule(entry(), 0);
  time.scheduleAt(entry(), 100.75);
  time.scheduleAt(entry(), 3);
  time.scheduleAt(entry(), -Infinity);
  assertEquals(time.nextDelayMs(), 0);
  assertEquals(time.fireExpired(), 4);
  clock.advance(10);
  assertEquals(time.fireExpired(), 0);
  assertEquals(log.length, 4);
});

Deno.test("an entry that asks for 0 when it fires waits for the next turn, wherever the clock is", () => {
  for (const startMs of [0, 0.5]) {
    const { clock, time } = driven(startMs);
    let fired = 0;
    const again = new Callback(() => {
      fired++;
      time.schedule(again, 0);
    });
    time.schedule(again, 3);
    clock.advance(10.25);
    for (let turn = 1; turn <= 3; turn++) {
      assertEquals(time.fireExpired(), 1);
      assertEquals(fired, turn);
    }
  }
});

Deno.test("what is over is fired among the others in the order of deadlines", () => {
  const { clock, time } = driven(0);
  const log: string[] = [];
  time.schedule(new Callback(() => log.push("7")), 7);
  clock.set(9.5);
  time.refresh();
  time.schedule(new Callback(() => log.push("9.5")), 0);
  time.scheduleAt(new Callback(() => log.push("6")), 6);
  assertEquals(time.fireExpired(), 3);
  assertEquals(log, ["6", "7", "9.5"]);
});

Deno.test("Infinity is never, and so is a deadline that no clock will see", () => {
  const { clock, time, log, entry } = driven(5);
  const idle = entry();
  time.schedule(idle, 10);
  for (const never of [Infinity, Number.MAX_VALUE, 2 ** 54]) {
    time.schedule(idle, never);
    assertFalse(idle.armed);
    time.scheduleAt(idle, never);
    assertEquals(time.nextDelayMs(), Infinity);
    time.schedule(idle, 10);
    assert(idle.armed);
  }
  time.schedule(idle, 2 ** 53 - 10);
  assert(idle.armed);
  clock.advance(2 ** 52);
  time.fireExpired();
  assertEquals(log, []);
});

Deno.test("a delay that is no delay is a RangeError and leaves the entry as it was", () => {
  const { time, entry } = driven();
  const idle = entry();
  time.schedule(idle, 10);
  for (const bad of [NaN, -1, -0.001, -Infinity]) {
    assertThrows(() => time.schedule(idle, bad), RangeError, `"${bad}"`);
  }
  assertThrows(() => time.scheduleAt(idle, NaN), RangeError);
  assert(idle.armed);
  assertEquals(time.size, 1);
});

Deno.test("cancel says whether there was something to cancel", () => {
  const { clock, time, log, entry } = driven();
  const idle = entry();
  assertFalse(time.cancel(idle));
  time.schedule(idle, 10);
  assertEquals(time.size, 1);
  assert(time.cancel(idle));
  assertFalse(time.cancel(idle));
  assertEquals([time.size, time.nextDelayMs()], [0, Infinity]);
  clock.advance(20);
  assertEquals(time.fireExpired(), 0);
  assertEquals(log, []);
});

Deno.test("nextDelayMs counts from the clock, not from the last refresh", () => {
  const { clock, time, entry } = driven(0.5);
  assertEquals(time.nextDelayMs(), Infinity);
  time.schedule(entry(), 100);
  assertEquals(time.nextDelayMs(), 100.5);
  clock.advance(30);
  assertEquals(time.nextDelayMs(), 70.5);
  clock.advance(1000);
  assertEquals(time.nextDelayMs(), 0);
  assertEquals(time.fireExpired(), 1);
  assertEquals(time.nextDelayMs(), Infinity);
});

Deno.test("parking for nextDelayMs wakes at the deadline, never after it", () => {
  const { clock, time, log, entry } = driven(77.25);
  for (const delayMs of [1, 300, 70_000, 2 ** 24 + 1, 2 ** 33]) time.schedule(entry(), delayMs);
  let parks = 0;
  for (; time.size > 0; parks++) {
    clock.advance(time.nextDelayMs());
    time.fireExpired();
  }
  assertEquals(log, [79, 378, 70_078, 2 ** 24 + 79, 2 ** 33 + 78]);
  assert(parks < 30, `${parks} parks`);
});

Deno.test("onEarlier is called for a deadline before all others", () => {
  const { clock, time, entry } = driven();
  let calls = 0;
  time.onEarlier = (): void => {
    calls++;
  };
  const expectCalls = (count: number, delayMs: number): void => {
    calls = 0;
    time.schedule(entry(), delayMs);
    assertEquals(calls, count, `after schedule(${delayMs})`);
  };
  expectCalls(1, 50);
  expectCalls(0, 60);
  expectCalls(0, 50);
  expectCalls(1, 20);
  assertEquals(time.nextDelayMs(), 20);
  expectCalls(0, 30);
  expectCalls(1, 0);
  expectCalls(0, 0);
  clock.advance(100);
  assertEquals(time.fireExpired(), 7);
  expectCalls(1, 1000);
  time.onEarlier = undefined;
  time.schedule(entry(), 1);
});

Deno.test("onEarlier is not called for what the parked runtime wakes up in time for", () => {
  const { time, entry } = driven();
  time.schedule(entry(), 300);
  assertEquals(time.nextDelayMs(), 256);
  let calls = 0;
  time.onEarlier = (): void => {
    calls++;
  };
  time.schedule(entry(), 280);
  assertEquals(calls, 0);
  time.schedule(entry(), 255);
  assertEquals(calls, 1);
});

Deno.test("an entry that throws reaches the caller of fireExpired, after the rest has fired", () => {
  const { clock, time, log, entry } = driven();
  const failure = new Error("boom");
  time.schedule(
    new Callback(() => {
      throw failure;
    }),
    1,
  );
  time.schedule(entry(), 2);
  clock.advance(5);
  assertStrictEquals(assertThrows(() => time.fireExpired()), failure);
  assertEquals(log, [5]);
  time.schedule(entry(), 0);
  assertEquals(time.fireExpired(), 1);
});

Deno.test("never early, and a tick late at most, on clocks with fractions", () => {
  const random = seeded(printedSeed());
  for (const startMs of [0, 0.1, 1234.567, 1e9 + 1 / 3, 1.7e12 + 0.3]) {
    const { clock, time } = driven(startMs);
    let late = 0;
    for (let i = 0; i < 20_000; i++) {
      if (random() < 0.7) {
        const delayMs = random() < 0.1 ? 0 : random() * 2 ** (random() * 20);
        const atMs = time.nowMs() + delayMs;
        time.schedule(
          new Callback(() => {
            const nowMs = clock.nowMs();
            if (nowMs < atMs) throw new Error(`${atMs} fired at ${nowMs}`);
            late = Math.max(late, nowMs - atMs);
          }),
          delayMs,
        );
      }
      // Not further than the driver allows: then nothing is later than one tick.
      clock.advance(Math.min(random() * 50, time.nextDelayMs()));
      time.fireExpired();
    }
    assert(late <= 1.001, `${late} ms late`);
  }
});
