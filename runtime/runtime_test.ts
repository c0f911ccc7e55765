import {
  assert,
  assertEquals,
  assertGreaterOrEqual,
  assertLess,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { KIND_STREAM, READABLE } from "../ffi/abi.ts";
import { native } from "../ffi/load.ts";
import type { Native } from "../ffi/native.ts";
import { ScriptedNative } from "../reactor/scripted.ts";
import { ok, pattern, Recorder } from "../reactor/support_test.ts";
import { requireNoAsan, testIf } from "../tests/support/skip.ts";
import { CancelledError } from "./errors.ts";
import { run, Runtime, spawn } from "./runtime.ts";
import type { Context } from "./task/context.ts";
import type { TaskGenerator } from "./task/from.ts";
import { PENDING, type Poll } from "./task/poll.ts";
import { VirtualClock } from "./time/clock.ts";
import { sleep } from "./time/sleep.ts";
import { TimerEntry } from "./time/wheel.ts";
import { hostSleep, openListener, soon, withoutNative, withRuntime } from "./support_test.ts";

// ---- run ----

Deno.test("run gives the value of every kind of main", async () => {
  using runtime = new Runtime();
  assertEquals(await runtime.run(() => 1), 1);
  assertEquals(await runtime.run({ poll: () => 2 }), 2);
  assertEquals(await runtime.run(Promise.resolve(3)), 3);
  assertEquals(await runtime.run(async () => await hostSleep(1).then(() => 4)), 4);
  assertEquals(
    await runtime.run(function* () {
      yield* sleep(1);
      return 5;
    }),
    5,
  );
  assertEquals(await run(() => 6), 6);
  assertEquals(await spawn(() => 7), 7);
});

Deno.test("run rejects with what main throws", async () => {
  using runtime = new Runtime();
  const broken = new RangeError("broken");
  for (
    const main of [
      () => () => {
        throw broken;
      },
      () => async () => await Promise.reject(broken),
      () => Promise.reject(broken),
      () =>
        function* () {
          yield* sleep(0);
          throw broken;
        },
    ]
  ) {
    assertStrictEquals(await assertRejects(() => runtime.run<unknown>(main())), broken);
  }
});

Deno.test("the host's loop lives beside us: timers, files, microtasks", async () => {
  using runtime = new Runtime();
  const text = await runtime.run(function* () {
    const file = runtime.spawn(Deno.readTextFile(new URL(import.meta.url)));
    const timer = runtime.spawn(hostSleep(2).then(() => "timer"));
    yield* sleep(1);
    return [(yield* file).slice(0, 6), yield* timer];
  });
  assertEquals(text, ["import", "timer"]);
});

Deno.test("host timers run while tasks are ready all the time", async () => {
  using runtime = new Runtime();
  let polls = 0;
  const greedy = runtime.spawn({
    poll: (cx: Context): Poll<string> => {
      polls++;
      cx.waker.wake();
      return PENDING;
    },
  });
  await hostSleep(20);
  greedy.abort();
  await assertRejects(() => greedy.then(), CancelledError);
  assert(polls > 100, `${polls}`);
});

Deno.test("at most one turn is on its way at any time", async () => {
  using runtime = new Runtime();
  const original = globalThis.setImmediate;
  let pending = 0;
  let most = 0;
  globalThis.setImmediate = ((callback: () => void) => {
    most = Math.max(most, ++pending);
    return original(() => {
      pending--;
      callback();
    });
  }) as typeof setImmediate;
  try {
    for (let round = 0; round < 20; round++) {
      const timer = runtime.run(sleep(1));
      await hostSleep(1);
      // Wakes from outside at the moment at which the host's timer is due.
      await Promise.all([timer, runtime.run(() => 1), runtime.run(sleep(0))]);
    }
  } finally {
    globalThis.setImmediate = original;
  }
  assertEquals(most, 1);
});

// ---- parked ----

testIf(withoutNative, "a timer that is scheduled while the runtime is parked fires in time", async () => {
  await withRuntime(async (runtime, lib) => {
    const listener = openListener(runtime, lib);
    await hostSleep(20);
    for (const ms of [5, 1, 0]) {
      const before = performance.now();
      // The park would last for ever: that it comes back at all is the point, however slow the machine.
      await runtime.run(function* () {
        yield* sleep(ms);
      });
      const took = performance.now() - before;
      assertGreaterOrEqual(took, ms);
    }
    // One that is far away does not hold up one that is near.
    const far = runtime.spawn(sleep(60_000));
    await hostSleep(20);
    await soon(runtime.run(sleep(5)));
    far.abort();
    listener.close();
    await runtime.quiesce();
  });
});

testIf(withoutNative, "a timer set directly while parked, without any task, fires in time", async () => {
  await withRuntime(async (runtime, lib) => {
    const listener = openListener(runtime, lib);
    await hostSleep(20);
    const fired = new Promise<void>((resolve) => {
      runtime.time.refresh();
      runtime.time.schedule(
        new class extends TimerEntry {
          override fire(): void {
            resolve();
          }
        }(),
        5,
      );
    });
    await soon(fired);
    listener.close();
    await runtime.quiesce();
  });
});

testIf(withoutNative, "a connection ends the park, and so does a task that the host spawns", async () => {
  await withRuntime(async (runtime, lib) => {
    const accepted = Promise.withResolvers<number>();
    const listener = openListener(runtime, lib, accepted.resolve);
    await hostSleep(20);
    assertEquals(await runtime.run(() => "spawned"), "spawned");
    await hostSleep(20);
    const client = ok(lib.tcpConnect(listener.address));
    ok(lib.close(await soon(accepted.promise)));
    ok(lib.close(client));
    listener.close();
    await runtime.quiesce();
  });
});

testIf(requireNoAsan() ?? withoutNative, "an idle runtime with an open listener takes no turns", async () => {
  let turns = 0;
  const lib = native();
  const counting: Native = { ...lib, turn: (...args) => (turns++, lib.turn(...args)) };
  const before = lib.liveHandles();
  const runtime = new Runtime({ native: counting });
  const listener = openListener(runtime, lib);
  const far = runtime.spawn(sleep(60_000));
  await hostSleep(20);
  turns = 0;
  await hostSleep(100);
  assertLess(turns, 5);
  far.abort();
  listener.close();
  await runtime[Symbol.asyncDispose]();
  assertEquals(lib.liveHandles(), before);
});

testIf(withoutNative, "a closed listener's descriptor is closed without anybody taking a turn", async () => {
  await withRuntime(async (runtime, lib) => {
    const listener = openListener(runtime, lib);
    await hostSleep(10);
    const before = lib.liveHandles();
    listener.close();
    for (let tries = 0; lib.liveHandles() === before && tries < 100; tries++) await hostSleep(1);
    assertEquals(lib.liveHandles(), before - 1);
    await runtime.quiesce();
  });
});

// ---- errors ----

Deno.test("an error that a source or a timer lets out is reported, and the others go on", async () => {
  const lib = new ScriptedNative();
  using runtime = new Runtime({ native: lib });
  const reported: unknown[] = [];
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error.message);
  };
  globalThis.addEventListener("error", listener);
  try {
    const [client, server] = lib.pair();
    const source = new Recorder();
    source.then = () => {
      throw new Error("a source fails");
    };
    const token = runtime.reactor.add(source, server, READABLE, KIND_STREAM);
    runtime.time.schedule(
      new class extends TimerEntry {
        override fire(): void {
          throw new Error("a timer fails");
        }
      }(),
      1,
    );
    lib.send(client, pattern(1), 0, 1);
    assertEquals(await runtime.run(async () => (await hostSleep(10), "goes on")), "goes on");
    assertEquals(reported.toSorted(), ["a source fails", "a timer fails"]);
    runtime.reactor.close(token, server);
    lib.close(client);
  } finally {
    globalThis.removeEventListener("error", listener);
  }
});

// ---- virtual time ----

Deno.test("a virtual clock: nothing is waited for, and advance and turn fire", async () => {
  const clock = new VirtualClock();
  using runtime = new Runtime({ clock });
  const order: number[] = [];
  for (const ms of [60_000, 10, 3000]) {
    runtime.spawn(function* () {
      yield* sleep(ms);
      order.push(ms);
    });
  }
  runtime.turn();
  await hostSleep(15);
  assertEquals(order, []);
  clock.advance(10);
  runtime.turn();
  assertEquals(order, [10]);
  clock.advance(100_000);
  runtime.turn();
  assertEquals(order, [10, 3000, 60_000]);
  assertEquals([runtime.time.size, runtime.executor.alive], [0, 0]);
});

Deno.test("a turn by hand leaves a runtime that goes on by itself", async () => {
  const clock = new VirtualClock();
  using runtime = new Runtime({ clock });
  const handle = runtime.spawn(function* (): TaskGenerator<unknown> {
    yield* sleep(10);
    let polls = 0;
    // Ready again and again, as a task that has used up its budget.
    return yield {
      poll: (cx: Context): Poll<unknown> => {
        cx.waker.wake();
        return ++polls === 5 ? "done" : PENDING;
      },
    };
  });
  await hostSleep(5);
  clock.advance(10);
  runtime.turn();
  assertEquals(await soon(handle), "done");
});

Deno.test("on the twin in virtual time: what is sent arrives, what is closed is gone", async () => {
  const clock = new VirtualClock();
  const lib = new ScriptedNative({ maxReceive: 2, delayTurns: 3, onWait: (ms) => clock.advance(ms) });
  const runtime = new Runtime({ clock, native: lib });
  const [client, server] = lib.pair();
  const source = new Recorder();
  const bytes: number[] = [];
  const whole = Promise.withResolvers<void>();
  source.then = ({ result, at }) => {
    if (result > 0) bytes.push(...runtime.reactor.input.subarray(at, at + result));
    if (bytes.length === 9) whole.resolve();
  };
  const token = runtime.reactor.add(source, server, READABLE, KIND_STREAM);
  await hostSleep(1);
  lib.send(client, pattern(9), 0, 9);
  await soon(whole.promise);
  assertEquals(bytes, [...pattern(9)]);
  runtime.reactor.close(token, server);
  lib.close(client);
  await runtime[Symbol.asyncDispose]();
  assertEquals([lib.liveHandles(), lib.misuses], [0, []]);
});

// ---- options ----

Deno.test("options are checked", () => {
  for (const spinUs of [-1, NaN]) {
    assertThrows(() => new Runtime({ spinUs }), RangeError, `"${spinUs}"`);
  }
});

Deno.test("onTaskError hears of the tasks that fail unwatched", async () => {
  const told: unknown[] = [];
  using runtime = new Runtime({ onTaskError: (error, name) => told.push([error, name]) });
  runtime.spawn(() => Promise.reject("unseen"), { name: "background" });
  const watched = runtime.spawn(() => Promise.reject("seen"));
  await assertRejects(async () =>
    await watched.then(undefined, (reason) => Promise.reject(new Error(`${reason}`)))
  );
  await hostSleep(5);
  assertEquals(told, [["unseen", "background"]]);
});
