import { assertEquals } from "@std/assert";
import { VirtualClock } from "../../runtime/time/clock.ts";
import { TimeDriver } from "../../runtime/time/driver.ts";
import { Deadline } from "./deadline.ts";

class Fixture {
  readonly clock: VirtualClock = new VirtualClock(500);
  readonly time: TimeDriver = new TimeDriver(this.clock);
  passed: number[] = [];
  readonly deadline: Deadline = new Deadline(this.time, this);

  deadlinePassed(): void {
    this.passed.push(this.clock.nowMs() - 500);
  }

  /** Millisecond by millisecond. */
  run(ms: number): void {
    for (let i = 0; i < ms; i++) {
      this.clock.advance(1);
      this.time.fireExpired();
    }
  }
}

Deno.test("it passes once, when it is due", () => {
  const it = new Fixture();
  it.deadline.set(100);
  it.run(99);
  assertEquals(it.passed, []);
  it.run(300);
  assertEquals([it.passed, it.time.size], [[100], 0]);
});

Deno.test("a later one is only noted, an earlier one counts", () => {
  const it = new Fixture();
  it.deadline.set(100);
  it.run(50);
  it.deadline.set(100);
  it.run(90);
  assertEquals(it.passed, []);
  it.deadline.set(5);
  it.run(100);
  assertEquals(it.passed, [145]);
});

Deno.test("moved a thousand times it fires when the last says", () => {
  const it = new Fixture();
  for (let i = 0; i < 1000; i++) {
    it.deadline.set(70);
    it.run(3);
  }
  assertEquals(it.passed, []);
  it.run(100);
  assertEquals(it.passed, [999 * 3 + 70]);
});

Deno.test("Infinity is none, until another is set", () => {
  const it = new Fixture();
  it.deadline.set(10);
  it.deadline.set(Infinity);
  it.run(1000);
  assertEquals(it.passed, []);
  it.deadline.set(10);
  it.run(20);
  assertEquals(it.passed, [1010]);
});

Deno.test("clear leaves nothing behind", () => {
  const it = new Fixture();
  it.deadline.set(10);
  it.deadline.clear();
  assertEquals(it.time.size, 0);
  it.run(100);
  assertEquals(it.passed, []);
});

Deno.test("one that is set when the other passes", () => {
  const it = new Fixture();
  it.deadlinePassed = () => {
    it.passed.push(it.clock.nowMs() - 500);
    if (it.passed.length < 3) it.deadline.set(10);
  };
  it.deadline.set(10);
  it.run(100);
  assertEquals(it.passed, [10, 20, 30]);
});
