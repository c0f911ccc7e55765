import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { TASK_BUDGET } from "../task/budget.ts";
import type { Pollable } from "../task/future.ts";
import type { JoinHandle } from "../task/join.ts";
import { PENDING } from "../task/poll.ts";
import { LocalExecutor, RUN_BATCH } from "./local.ts";
import { drain, Manual, never, NO_CONTEXT, outcome } from "./support_test.ts";

Deno.test("a task is not polled by spawn, and has its name", () => {
  const executor = new LocalExecutor();
  const future = new Manual(() => 1);
  const handle = executor.spawn(future, { name: "first" });
  assertEquals([future.polls, handle.isFinished, handle.name, executor.spawn(() => 1).name], [
    0,
    false,
    "first",
    "task",
  ]);
  assertEquals([executor.alive, executor.ready], [2, 2]);
  assertEquals(executor.run(), 2);
  assertEquals([executor.alive, executor.ready, outcome(handle)], [0, 0, 1]);
});

Deno.test("tasks are polled in the order in which they were woken", () => {
  const executor = new LocalExecutor();
  const order: string[] = [];
  const futures = ["a", "b", "c"].map((name) =>
    new Manual<string>((_, polls) => (order.push(`${name}${polls}`), polls === 2 ? name : PENDING))
  );
  futures.forEach((future) => executor.spawn(future));
  executor.run();
  futures[2].waker!.wake();
  futures[0].waker!.wake();
  futures[1].waker!.wake();
  executor.run();
  assertEquals(order, ["a1", "b1", "c1", "c2", "a2", "b2"]);
});

Deno.test("waking many times is one poll; waking a finished task is none", () => {
  const executor = new LocalExecutor();
  const future = new Manual<number>((_, polls) => polls === 2 ? 7 : PENDING);
  const handle = executor.spawn(future);
  executor.run();
  for (let index = 0; index < 5; index++) future.waker!.wake();
  assertEquals([executor.ready, executor.run(), future.polls], [1, 1, 2]);
  future.waker!.wake();
  assertEquals([executor.ready, executor.run(), future.polls, outcome(handle)], [0, 0, 2, 7]);
});

Deno.test("a wake during the poll is a poll in the next run, not in this one", () => {
  const executor = new LocalExecutor();
  const future = new Manual<string>((cx, polls) => {
    cx.waker.wake();
    cx.waker.wake();
    return polls === 3 ? "done" : PENDING;
  });
  executor.spawn(future);
  assertEquals([executor.run(), future.polls, executor.ready], [1, 1, 1]);
  assertEquals([executor.run(), executor.run(), future.polls, executor.ready], [1, 1, 3, 0]);
});

Deno.test("a task that wakes itself for ever does not starve others", () => {
  const executor = new LocalExecutor();
  const greedy = new Manual<never>((cx) => {
    cx.waker.wake();
    return PENDING;
  });
  executor.spawn(greedy);
  let steps = 0;
  const handle = executor.spawn(
    new Manual<number>((cx) => {
      cx.waker.wake();
      return ++steps === 50 ? steps : PENDING;
    }),
  );
  for (let runs = 0; runs < 50; runs++) executor.run();
  assertEquals([outcome(handle), greedy.polls], [50, 50]);
});

Deno.test("a run is at most one batch; the rest has its turn in the next", () => {
  const executor = new LocalExecutor();
  const handles = Array.from({ length: RUN_BATCH + 10 }, (_, index) => executor.spawn(() => index));
  assertEquals([executor.run(), executor.ready], [RUN_BATCH, 10]);
  assertEquals([executor.run(), executor.ready, outcome(handles.at(-1)!)], [10, 0, RUN_BATCH + 9]);
});

Deno.test("tasks spawned by a task are polled in the next run", () => {
  const executor = new LocalExecutor();
  const order: string[] = [];
  executor.spawn(() => {
    order.push("parent");
    executor.spawn(() => order.push("child"));
    order.push("parent goes on");
  });
  executor.run();
  assertEquals(order, ["parent", "parent goes on"]);
  executor.run();
  assertEquals(order, ["parent", "parent goes on", "child"]);
});

Deno.test("the budget: so many units in one poll, then the others have their turn, then a full budget again", () => {
  const executor = new LocalExecutor();
  let spent = 0;
  const perPoll: number[] = [];
  const order: string[] = [];
  const handle = executor.spawn(
    new Manual<string>((cx) => {
      order.push("spender");
      const before = spent;
      while (spent < 2.5 * TASK_BUDGET) {
        if (!cx.spend()) {
          perPoll.push(spent - before);
          return PENDING;
        }
        spent++;
      }
      return "done";
    }),
  );
  executor.spawn(() => order.push("other"));
  drain(executor);
  assertEquals([outcome(handle), perPoll], ["done", [TASK_BUDGET, TASK_BUDGET]]);
  assertEquals(order, ["spender", "other", "spender", "spender"]);
});

Deno.test("onReady tells when the queue stops being empty, once", () => {
  const executor = new LocalExecutor();
  let told = 0;
  executor.onReady = () => told++;
  const future = never();
  executor.spawn(future);
  executor.spawn(() => 1);
  assertEquals(told, 1);
  executor.run();
  assertEquals(told, 1);
  future.waker!.wake();
  future.waker!.wake();
  assertEquals(told, 2);
});

Deno.test("an error stays with its handle: the others go on", () => {
  const executor = new LocalExecutor();
  const broken = new RangeError("broken");
  const handles: JoinHandle<unknown>[] = [
    executor.spawn(() => "before"),
    executor.spawn(() => {
      throw broken;
    }),
    executor.spawn(
      new Manual<string>(() => {
        throw broken;
      }),
    ),
    executor.spawn(() => "after"),
  ];
  assertEquals([executor.run(), executor.alive], [4, 0]);
  assertEquals([outcome(handles[0]), outcome(handles[3])], ["before", "after"]);
  for (const handle of handles.slice(1, 3)) {
    assertEquals(assertThrows(() => outcome(handle)), broken);
    assertEquals(assertThrows(() => outcome(handle)), broken, "twice the same");
  }
});

Deno.test("falsy values and errors are outcomes like any other", () => {
  const executor = new LocalExecutor();
  const handles = [undefined, null, 0, "", false, NaN].map((value) =>
    executor.spawn(new Manual(() => value))
  );
  const thrower = executor.spawn(() => {
    throw undefined;
  });
  executor.run();
  assertEquals(handles.map((handle) => outcome(handle as JoinHandle<unknown>)), [
    undefined,
    null,
    0,
    "",
    false,
    NaN,
  ]);
  assert(thrower.isFinished);
  let thrown = false;
  try {
    thrower.poll(NO_CONTEXT);
  } catch (error) {
    thrown = error === undefined;
  }
  assert(thrown);
});

// ---- waiting for tasks ----

Deno.test("a task that waits for another is polled when that has ended, whatever way", () => {
  const executor = new LocalExecutor();
  const gate = new Manual<string>((_, polls) => polls === 2 ? "value" : PENDING);
  const worker = executor.spawn(gate);
  const aborted = executor.spawn(never());
  const waiter = executor.spawn(function* () {
    const value: string = yield* worker;
    try {
      yield* aborted;
    } catch (error) {
      return [value, (error as Error).name];
    }
    return [];
  });
  drain(executor);
  assertFalse(waiter.isFinished);
  gate.waker!.wake();
  drain(executor);
  aborted.abort();
  drain(executor);
  assertEquals(outcome(waiter), ["value", "CancelledError"]);
});

Deno.test("several tasks may wait for the same one", () => {
  const executor = new LocalExecutor();
  const gate = new Manual<string>((_, polls) => polls === 2 ? "value" : PENDING);
  const worker = executor.spawn(gate);
  const waiters = [1, 2, 3].map((index) =>
    executor.spawn(function* () {
      return `${index} ${yield* worker}`;
    })
  );
  drain(executor);
  gate.waker!.wake();
  drain(executor);
  assertEquals(waiters.map((waiter) => outcome(waiter)), ["1 value", "2 value", "3 value"]);
});

Deno.test("one that stops waiting takes nothing from the others", () => {
  const executor = new LocalExecutor();
  const gate = new Manual<string>((_, polls) => polls === 2 ? "value" : PENDING);
  const worker = executor.spawn(gate);
  const wait = function* (): Generator<Pollable<unknown>, string, unknown> {
    return yield* worker;
  };
  const [first, second] = [executor.spawn(wait), executor.spawn(wait)];
  drain(executor);
  second.abort();
  gate.waker!.wake();
  drain(executor);
  assertEquals(outcome(first), "value");
});
