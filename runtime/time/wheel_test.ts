import { assert, assertEquals, assertFalse, assertStrictEquals, assertThrows } from "@std/assert";
import { Callback } from "./support_test.ts";
import { TimerWheel } from "./wheel.ts";

/** A wheel, and a log of `name@tick` of all that fired. */
function logged(startTick = 0) {
  const wheel = new TimerWheel(startTick);
  const log: string[] = [];
  const add = (name: string, tick: number): Callback => {
    const entry = new Callback(() => log.push(`${name}@${wheel.now}`));
    wheel.insert(entry, tick);
    return entry;
  };
  return { wheel, log, add };
}

Deno.test("an entry fires once, at its tick", () => {
  const { wheel, log, add } = logged();
  const entry = add("a", 5);
  assert(entry.armed);
  assertEquals(wheel.size, 1);
  assertEquals(wheel.advance(4), 0);
  assertEquals(wheel.advance(5), 1);
  assertEquals(wheel.advance(1000), 0);
  assertEquals(log, ["a@5"]);
  assertFalse(entry.armed);
  assertEquals(wheel.size, 0);
});

Deno.test("one advance fires in the order of deadlines, and of insertion among equals", () => {
  const { wheel, log, add } = logged();
  add("d", 70_000);
  add("b", 300);
  add("a", 3);
  add("c", 300);
  add("e", 70_000);
  assertEquals(wheel.advance(100_000), 5);
  assertEquals(log, ["a@3", "b@300", "c@300", "d@70000", "e@70000"]);
});

Deno.test("equal deadlines keep their order when they are inserted from different distances", () => {
  const tick = 2 ** 24 + 2 ** 16 + 2 ** 8 + 7;
  const { wheel, log, add } = logged();
  add("far", tick);
  for (const at of [2 ** 24, 2 ** 24 + 2 ** 16, tick - 7, tick - 1]) {
    wheel.advance(at);
    add(`${tick - at}`, tick);
  }
  wheel.advance(tick);
  assertEquals(log.map((line) => line.split("@")[0]), ["far", "65799", "263", "7", "1"]);
});

Deno.test("cancel takes an entry out, once", () => {
  const { wheel, log, add } = logged();
  const a = add("a", 10);
  add("b", 10);
  const c = add("c", 10);
  assert(wheel.cancel(a));
  assertFalse(wheel.cancel(a));
  assert(wheel.cancel(c));
  wheel.advance(20);
  assertEquals(log, ["b@10"]);
  assertEquals(wheel.nextTick(), Infinity);
});

Deno.test("inserting an armed entry moves it behind its equals", () => {
  const { wheel, log, add } = logged();
  const a = add("a", 10);
  add("b", 500);
  wheel.insert(a, 500);
  assertEquals(wheel.size, 2);
  wheel.advance(1000);
  assertEquals(log, ["b@500", "a@500"]);
});

Deno.test("an entry belongs to one wheel at a time", () => {
  const { wheel, add } = logged();
  const entry = add("a", 10);
  const other = new TimerWheel();
  assertFalse(other.cancel(entry));
  assertThrows(() => other.insert(entry, 10), Error, "armed in another wheel");
  assert(wheel.cancel(entry));
  other.insert(entry, 10);
  assertEquals([wheel.size, other.size], [0, 1]);
});

Deno.test("what is due when it is inserted fires first in the next advance, even at the same tick", () => {
  const { wheel, log, add } = logged(100);
  add("later", 101);
  add("due", 100);
  add("overdue", 3);
  assertEquals(wheel.nextTick(), 100);
  assertEquals(wheel.advance(100), 2);
  assertEquals(wheel.nextTick(), 101);
  wheel.advance(101);
  assertEquals(log, ["due@100", "overdue@100", "later@101"]);
});

Deno.test("an earlier tick than the current one does not turn the wheel back", () => {
  const { wheel, log, add } = logged(100);
  add("due", 50);
  add("a", 101);
  assertEquals(wheel.advance(7), 1);
  assertEquals(wheel.now, 100);
  assertEquals(log, ["due@100"]);
});

Deno.test("deadlines on and around every cascade boundary fire exactly on time", () => {
  const edges = [1, 255, 256, 257, 65535, 65536, 65537, 2 ** 24 - 1, 2 ** 24, 2 ** 24 + 1];
  const far = [2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 33, 3 * 2 ** 32 + 5, 2 ** 40 + 1];
  for (const start of [0, 1, 255, 256, 65535, 2 ** 24 - 1, 2 ** 24 + 3, 2 ** 32 - 1, 2 ** 32, 2 ** 45 + 77]) {
    const delays = [...edges, ...far];
    const expected = delays.map((delay) => `${delay}@${start + delay}`);
    const inOneGo = logged(start);
    for (const delay of delays.toReversed()) inOneGo.add(`${delay}`, start + delay);
    assertEquals(inOneGo.wheel.advance(start + 2 ** 41), delays.length);
    assertEquals(inOneGo.log, expected);

    const tickByTick = logged(start);
    for (const delay of delays) tickByTick.add(`${delay}`, start + delay);
    for (const delay of delays) {
      assertEquals(tickByTick.wheel.advance(start + delay - 1), 0, `${delay} from ${start} is early`);
      assertEquals(tickByTick.wheel.advance(start + delay), 1, `${delay} from ${start} is late`);
    }
    assertEquals(tickByTick.log, expected);
  }
});

Deno.test("following nextTick reaches a deadline exactly, in a few steps", () => {
  for (
    const tick of [1, 255, 256, 300, 65536, 70_000, 2 ** 24, 2 ** 31 + 5, 2 ** 32 - 1, 2 ** 32, 2 ** 35 + 9]
  ) {
    const { wheel, log, add } = logged(0);
    add("a", tick);
    let steps = 0;
    for (; log.length === 0 && steps < 20; steps++) {
      const next = wheel.nextTick();
      assert(next > wheel.now && next <= tick, `${next} on the way to ${tick}`);
      wheel.advance(next);
    }
    assertEquals(log, [`a@${tick}`]);
    assert(steps <= 4 + Math.ceil(tick / 2 ** 32), `${steps} steps to ${tick}`);
  }
});

Deno.test("nextTick is exact on level 0 and forgets what was cancelled", () => {
  const { wheel, add } = logged(1000);
  assertEquals(wheel.nextTick(), Infinity);
  const far = add("far", 1_000_000);
  const near = add("near", 1010);
  add("nearer", 1005);
  assertEquals(wheel.nextTick(), 1005);
  wheel.advance(1005);
  assertEquals(wheel.nextTick(), 1010);
  wheel.cancel(near);
  assertEquals(wheel.nextTick(), 1_000_000 - 1_000_000 % 65536);
  wheel.cancel(far);
  assertEquals(wheel.nextTick(), Infinity);
});

Deno.test("the top level tells the slots of this round from those of the next", () => {
  const slot = 2 ** 24;
  const { wheel, add } = logged(40 * slot + 1);
  const current = add("current slot, next round", 2 ** 32 + 40 * slot + 2);
  assertEquals(wheel.nextTick(), 2 ** 32 + 40 * slot);
  const before = add("earlier slot, next round", 2 ** 32 + 3 * slot + 9);
  assertEquals(wheel.nextTick(), 2 ** 32 + 3 * slot);
  for (const later of [255, 64, 63, 41]) {
    add(`slot ${later}, this round`, later * slot);
    assertEquals(wheel.nextTick(), later * slot);
  }
  wheel.advance(255 * slot);
  assertEquals(wheel.size, 2);
  wheel.advance(2 ** 32 + 4 * slot);
  assertEquals([before.armed, current.armed], [false, true]);
});

Deno.test("advance over all of time looks at nothing", () => {
  const tick = Number.MAX_SAFE_INTEGER;
  const before = performance.now();
  for (let round = 0; round < 5; round++) {
    const { wheel, log, add } = logged();
    add("a", tick);
    wheel.advance(tick - 1);
    assertEquals(log, []);
    wheel.advance(tick);
    assertEquals(log, [`a@${tick}`]);
  }
  // Milliseconds, or a second where coverage is counted; a walk over the slots of the top level alone would take many.
  assert(performance.now() - before < 5000, "slots are skipped, not walked");
});

Deno.test("fire may arm its own entry again: later in this advance, due in the next", () => {
  const wheel = new TimerWheel();
  const ticks: number[] = [];
  const entry = new Callback(() => {
    ticks.push(wheel.now);
    wheel.insert(entry, ticks.length < 3 ? wheel.now + 300 : wheel.now);
  });
  wheel.insert(entry, 10);
  assertEquals(wheel.advance(100_000), 3);
  assertEquals(ticks, [10, 310, 610]);
  assertEquals(wheel.advance(100_000), 1);
  assertEquals(wheel.advance(100_000), 1);
  assertEquals(wheel.size, 1);
});

Deno.test("fire may cancel what is due in the same tick, and its neighbours in the list", () => {
  const { wheel, log, add } = logged();
  const victims: Callback[] = [];
  wheel.insert(new Callback(() => victims.forEach((victim) => wheel.cancel(victim))), 10);
  victims.push(add("next in the list", 10));
  add("survivor", 10);
  victims.push(add("last in the list", 10), add("later", 20), add("far", 70_000));
  assertEquals(wheel.advance(100_000), 2);
  assertEquals(log, ["survivor@10"]);
  assertEquals([wheel.size, wheel.nextTick()], [0, Infinity]);
});

Deno.test("fire may insert on the way: at later ticks it fires in turn, at the same tick in the next advance", () => {
  const { wheel, log, add } = logged();
  wheel.insert(
    new Callback(() => {
      add("same", wheel.now);
      add("later", wheel.now + 5);
      add("beyond", 5000);
    }),
    10,
  );
  add("neighbour", 10);
  add("after", 15);
  assertEquals(wheel.advance(1000), 4);
  assertEquals(log, ["neighbour@10", "after@15", "later@15"]);
  assertEquals(wheel.advance(1000), 1);
  assertEquals(wheel.size, 1);
});

Deno.test("fire may not advance the wheel", () => {
  const wheel = new TimerWheel();
  wheel.insert(new Callback(() => wheel.advance(20)), 10);
  assertThrows(() => wheel.advance(10), Error, "advancing already");
  assertEquals(wheel.advance(30), 0);
});

Deno.test("an entry that throws does not cost the others their turn", () => {
  const { wheel, log, add } = logged();
  const failure = new Error("boom");
  const bad = new Callback(() => {
    throw failure;
  });
  const worse = new Callback(() => {
    throw "not an Error";
  });
  wheel.insert(bad, 10);
  add("same tick", 10);
  add("later", 300);
  assertStrictEquals(assertThrows(() => wheel.advance(400)), failure);
  assertEquals(log, ["same tick@10", "later@300"]);
  assertEquals(wheel.now, 400);

  wheel.insert(bad, 401);
  wheel.insert(worse, 402);
  add("last", 403);
  const all = assertThrows(() => wheel.advance(500), AggregateError, "2 timers failed");
  assertEquals(all.errors, [failure, "not an Error"]);
  assertEquals(log.length, 3);
  assertEquals(wheel.size, 0);
});

Deno.test("ticks are whole numbers up to 2^53 - 1", () => {
  const { wheel, add } = logged();
  for (const bad of [NaN, -1, 0.5, Infinity, 2 ** 53]) {
    assertThrows(() => add("bad", bad), RangeError, `"${bad}"`);
    assertThrows(() => wheel.advance(bad), RangeError);
    assertThrows(() => new TimerWheel(bad), RangeError);
  }
  assertEquals(wheel.size, 0);
  const last = add("last", Number.MAX_SAFE_INTEGER);
  assertEquals(wheel.nextTick() <= Number.MAX_SAFE_INTEGER, true);
  assert(wheel.cancel(last));
});

Deno.test("the tables grow with the number of timers, and nodes are used again", () => {
  const { wheel, log, add } = logged();
  for (let round = 0; round < 3; round++) {
    for (let i = 0; i < 5000; i++) add(`${i}`, wheel.now + 1 + i * 7 % 5000);
    assertEquals(wheel.size, 5000);
    assertEquals(wheel.advance(wheel.now + 5000), 5000);
  }
  assertEquals(log.length, 15_000);
});
