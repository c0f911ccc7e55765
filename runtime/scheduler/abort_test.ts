import { assertEquals, assertThrows } from "@std/assert";
import { CancelledError } from "../errors.ts";
import type { Pollable } from "../task/future.ts";
import type { JoinHandle } from "../task/join.ts";
import { PENDING, type Poll } from "../task/poll.ts";
import { LocalExecutor } from "./local.ts";
import { drain, Manual, never, outcome } from "./support_test.ts";

Deno.test("abort in the queue: never polled, cancelled once, rejects with the name", () => {
  const executor = new LocalExecutor();
  const future = never();
  const handle = executor.spawn(future, { name: "job" });
  handle.abort();
  handle.abort();
  assertEquals([handle.isFinished, executor.alive], [true, 0]);
  executor.run();
  assertEquals([future.polls, future.cancels], [0, 1]);
  const error = assertThrows(() => outcome(handle), CancelledError, "job") as CancelledError;
  assertEquals(error.code, "ERR_CANCELLED");
});

Deno.test("abort while idle: cancelled, and a late wake does nothing", () => {
  const executor = new LocalExecutor();
  const future = never();
  const handle = executor.spawn(future);
  executor.run();
  handle.abort();
  future.waker!.wake();
  assertEquals([executor.ready, executor.run(), future.polls, future.cancels], [0, 0, 1, 1]);
  assertThrows(() => outcome(handle), CancelledError);
});

Deno.test("abort after a wake: in the queue again, and not polled", () => {
  const executor = new LocalExecutor();
  const future = never();
  const handle = executor.spawn(future);
  executor.run();
  future.waker!.wake();
  handle.abort();
  executor.run();
  assertEquals([future.polls, future.cancels, executor.ready], [1, 1, 0]);
});

Deno.test("abort of a finished task does nothing", () => {
  const executor = new LocalExecutor();
  const future = new Manual(() => 5);
  const handle = executor.spawn(future);
  executor.run();
  handle.abort();
  assertEquals([outcome(handle), future.cancels, executor.alive], [5, 0, 0]);
});

Deno.test("a task that aborts itself and pends is cancelled after its poll, once", () => {
  const executor = new LocalExecutor();
  const events: string[] = [];
  const future: Pollable<never> = {
    poll: (cx) => {
      handle.abort();
      cx.waker.wake();
      events.push("poll ends");
      return PENDING;
    },
    cancel: () => void events.push("cancel"),
  };
  const handle: JoinHandle<never> = executor.spawn(future);
  drain(executor);
  assertEquals([events, executor.alive], [["poll ends", "cancel"], 0]);
  assertThrows(() => outcome(handle), CancelledError);
});

Deno.test("a task that aborts itself and then returns or throws is cancelled for its handle, and has ended", () => {
  for (const value of [1, undefined]) {
    const executor = new LocalExecutor();
    const future = new Manual<number>(() => {
      handle.abort();
      if (value === undefined) throw new Error("late");
      return value;
    });
    const handle: JoinHandle<number> = executor.spawn(future);
    drain(executor);
    assertThrows(() => outcome(handle), CancelledError);
    assertEquals([future.cancels, executor.alive], [0, 0]);
  }
});

Deno.test("a generator that aborts itself has its finally blocks run at its next wait", () => {
  const executor = new LocalExecutor();
  const events: string[] = [];
  const inner = never();
  const handle: JoinHandle<void> = executor.spawn(function* () {
    try {
      handle.abort();
      events.push("goes on to its next wait");
      yield inner;
      events.push("not reached");
    } finally {
      events.push("finally");
    }
  });
  drain(executor);
  assertEquals(events, ["goes on to its next wait", "finally"]);
  assertEquals(inner.cancels, 1);
  assertEquals(assertThrows(() => outcome(handle), CancelledError).cause, undefined);
});

Deno.test("an error in cancel is the cause of the cancellation", () => {
  const executor = new LocalExecutor();
  const broken = new Error("cannot let go");
  const handle = executor.spawn({
    poll: (): Poll<never> => PENDING,
    cancel: () => {
      throw broken;
    },
  });
  executor.run();
  handle.abort();
  assertEquals((assertThrows(() => outcome(handle), CancelledError) as Error).cause, broken);
});

Deno.test("a task may abort others, in any state", () => {
  const executor = new LocalExecutor();
  const [idle, queued] = [never(), never()];
  const handles: JoinHandle<unknown>[] = [executor.spawn(idle)];
  executor.run();
  executor.spawn(() => handles.forEach((handle) => handle.abort()));
  handles.push(executor.spawn(queued));
  drain(executor);
  assertEquals([idle.cancels, queued.cancels, queued.polls, executor.alive], [1, 1, 0, 0]);
});
