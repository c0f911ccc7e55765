import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { CancelledError } from "../errors.ts";
import { LocalExecutor } from "../scheduler/local.ts";
import { TASK_BUDGET } from "./budget.ts";
import type { Context, Waker } from "./context.ts";
import { Future } from "./future.ts";
import { HostLoop } from "./host_loop.ts";
import { type JoinHandle, taskOf, waiterFor } from "./join.ts";
import { PENDING, type Poll } from "./poll.ts";
import { enter, type Spawner, spawner } from "./spawner.ts";
import type { TimeDriver } from "../time/driver.ts";

class Gate extends Future<string> {
  waker: Waker | undefined;
  value: string | undefined;

  override poll(cx: Context): Poll<string> {
    this.waker = cx.waker;
    return this.value ?? PENDING;
  }

  open(value: string): void {
    this.value = value;
    this.waker?.wake();
  }
}

Deno.test("awaiting a handle: before the end, after it, twice, by several", async () => {
  const executor = new LocalExecutor();
  const gate = new Gate();
  const handle = executor.spawn(gate);
  const early = [handle.then(), handle.then(), (async () => await handle)()];
  executor.run();
  gate.open("value");
  executor.run();
  assertEquals(await Promise.all(early), ["value", "value", "value"]);
  assertEquals([await handle, await handle], ["value", "value"]);
});

Deno.test("awaiting a task that failed rejects with its error, each time the same", async () => {
  const executor = new LocalExecutor();
  const broken = new RangeError("broken");
  const handle = executor.spawn(() => {
    throw broken;
  });
  const early = assertRejects(() => handle.then(), RangeError);
  executor.run();
  assertStrictEquals(await early, broken);
  assertStrictEquals(await assertRejects(() => handle.then()), broken);
});

Deno.test("abort while somebody awaits rejects with CancelledError", async () => {
  const executor = new LocalExecutor();
  const handle = executor.spawn(new Gate(), { name: "gatekeeper" });
  const waiting = assertRejects(() => handle.then(), CancelledError, "gatekeeper");
  executor.run();
  handle.abort();
  await waiting;
});

Deno.test("an aborted async function goes on unseen; its late error is nobody's", async () => {
  const executor = new LocalExecutor();
  const { promise, reject } = Promise.withResolvers<void>();
  let reached = false;
  const handle = executor.spawn(async () => {
    try {
      await promise;
    } finally {
      reached = true;
    }
  });
  executor.run();
  handle.abort();
  await assertRejects(() => handle.then(), CancelledError);
  reject(new Error("late"));
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert(reached);
});

Deno.test("a value that is a Promise is followed, as await does", async () => {
  const executor = new LocalExecutor();
  const handle = executor.spawn(
    // deno-lint-ignore require-yield
    function* (): Generator<never, Promise<number>> {
      return Promise.resolve(5);
    },
  );
  executor.run();
  assertEquals(await handle, 5);
});

/** Drives futures on an executor of its own. */
class TestSpawner implements Spawner {
  readonly host = new HostLoop();
  readonly executor = new LocalExecutor(this.host);
  get time(): TimeDriver {
    throw new Error("no time here");
  }
  drive<T>(future: Parameters<Spawner["drive"]>[0]): Promise<T> {
    const handle = this.executor.spawn(future) as JoinHandle<T>;
    return handle.then();
  }
}

Deno.test("awaiting a future spawns it on the runtime that is current at that moment", async () => {
  const runtime = new TestSpawner();
  const gate = new Gate();
  const before = enter(runtime);
  let waiting: PromiseLike<string>;
  try {
    assertStrictEquals(spawner(), runtime);
    waiting = gate.then((value) => `got ${value}`);
  } finally {
    assertStrictEquals(enter(before), runtime);
  }
  assertEquals(runtime.executor.alive, 1);
  runtime.executor.run();
  gate.open("it");
  runtime.executor.run();
  assertEquals(await waiting, "got it");
});

Deno.test("yield* of a future gives its value inside a generator", () => {
  const gate = new Gate();
  const steps = gate[Symbol.iterator]();
  assertEquals(steps.next(), { done: false, value: gate });
  assertEquals(steps.next("value" as never), { done: true, value: "value" });
});

Deno.test("a future that is awaited twice, or by two at once, is polled by one task and gives one outcome", async () => {
  const runtime = new TestSpawner();
  const before = enter(runtime);
  const gate = new Gate();
  enter(before);
  const both = Promise.all([gate, gate]);
  await Promise.resolve();
  assertEquals(runtime.executor.alive, 1);
  runtime.executor.run();
  gate.open("it");
  runtime.executor.run();
  assertEquals([...await both, await gate], ["it", "it", "it"]);
});

Deno.test("polling a handle that has finished spends budget: the others have their turn", () => {
  const executor = new LocalExecutor();
  const done = executor.spawn(() => 1);
  executor.run();
  let polls = 0;
  let seenAt = -1;
  executor.spawn(function* () {
    while (polls < 10 * TASK_BUDGET) {
      yield* done;
      polls++;
    }
  });
  executor.spawn(() => {
    seenAt = polls;
  });
  while (executor.ready > 0) executor.run();
  assertEquals([seenAt, polls], [TASK_BUDGET, 10 * TASK_BUDGET]);
});

/** Never ready. */
class Waiting extends Future<void> {
  override poll(): Poll<void> {
    return PENDING;
  }
}

Deno.test("who gives up waiting for a handle is forgotten: only those who still wait are woken", () => {
  const executor = new LocalExecutor();
  const gate = new Gate();
  const shared = executor.spawn(gate);
  let wakes = 0;
  const waker = { wake: () => void wakes++ };
  const waiters = Array.from({ length: 5 }, () => waiterFor(shared));
  for (const waiter of waiters) assertStrictEquals(waiter.poll({ waker, spend: () => true }), PENDING);
  for (const waiter of waiters.slice(1)) waiter.cancel!();
  executor.run();
  gate.open("it");
  executor.run();
  assertEquals(wakes, 1);
  assertEquals(waiters[0].poll({ waker, spend: () => true }), "it");
});

Deno.test("generators and tasks wait for a handle in a way that can be given up", () => {
  const runtime = new TestSpawner();
  const { executor } = runtime;
  const watched = new Set<Waker>();
  const shared = executor.spawn(new Waiting());
  const task = taskOf(shared);
  const { watch, unwatch } = task;
  task.watch = (watcher) => (watched.add(watcher), watch.call(task, watcher));
  task.unwatch = (watcher) => (watched.delete(watcher), unwatch.call(task, watcher));
  const waiting = executor.spawn(function* () {
    yield* shared;
  });
  const passedOn = executor.spawn(shared);
  executor.run();
  assertEquals(watched.size, 2);
  waiting.abort();
  passedOn.abort();
  assertEquals(watched.size, 0);
  shared.abort();
});
