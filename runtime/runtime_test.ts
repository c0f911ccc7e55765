import {
  assert,
  assertEquals,
  assertFalse,
  assertGreaterOrEqual,
  assertInstanceOf,
  assertLess,
  assertRejects,
  assertStrictEquals,
  assertThrows,
} from "@std/assert";
import { KIND_LISTENER, KIND_STREAM, LEVEL, OP_ACCEPT, READABLE } from "../ffi/abi.ts";
import { native } from "../ffi/load.ts";
import type { Native } from "../ffi/native.ts";
import { ScriptedNative } from "../reactor/scripted.ts";
import { connected, listen, ok, pattern, Recorder } from "../reactor/support_test.ts";
import { requireNative, requireNoAsan, testIf } from "../tests/support/skip.ts";
import { CancelledError, MillraceError } from "./errors.ts";
import { blockOn, run, Runtime, spawn } from "./runtime.ts";
import { spawner } from "./task/spawner.ts";
import type { Context, Waker } from "./task/context.ts";
import type { TaskGenerator } from "./task/from.ts";
import { Future, type Pollable } from "./task/future.ts";
import type { JoinHandle } from "./task/join.ts";
import { PENDING, type Poll } from "./task/poll.ts";
import { VirtualClock } from "./time/clock.ts";
import { sleep } from "./time/sleep.ts";
import { TimerEntry } from "./time/wheel.ts";

const withoutNative = requireNative();

const hostSleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The value, if it is there within a second. */
async function soon<T>(value: PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it did not happen within a second")), 1000);
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A future that never is. */
const never: Pollable<string> = { poll: (): Poll<string> => PENDING };

function code(body: () => unknown): string {
  return (assertThrows(body, MillraceError) as MillraceError).code;
}

/** A runtime of its own on the real library; at the end no descriptor may be left. */
async function withRuntime(body: (runtime: Runtime, lib: Native) => Promise<void>): Promise<void> {
  const before = native().liveHandles();
  const runtime = new Runtime();
  await body(runtime, native());
  await runtime[Symbol.asyncDispose]();
  assertEquals(native().liveHandles(), before, "descriptors leaked");
}

/** Open a listener on the runtime; returns its address and what closes it. */
function openListener(runtime: Runtime, lib: Native, onAccept: (fd: number) => void = () => {}) {
  const { fd, address } = listen(lib);
  const source = new Recorder();
  source.then = ({ operation, result }) => {
    if (operation === OP_ACCEPT) onAccept(result);
  };
  const token = runtime.reactor.add(source, fd, READABLE | LEVEL, KIND_LISTENER);
  return { address, close: () => runtime.reactor.close(token, fd) };
}

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

// ---- blockOn ----

Deno.test("blockOn gives the value, waits for our timers, and throws what main throws", () => {
  using runtime = new Runtime();
  assertEquals(runtime.blockOn(() => 1), 1);
  const before = performance.now();
  assertEquals(
    runtime.blockOn(function* () {
      yield* sleep(15);
      return "awake";
    }),
    "awake",
  );
  assertGreaterOrEqual(performance.now() - before, 15);
  assertThrows(
    () =>
      runtime.blockOn(() => {
        throw new RangeError("broken");
      }),
    RangeError,
    "broken",
  );
  assertEquals(blockOn(() => 2), 2);
});

Deno.test("blockOn runs other tasks meanwhile", () => {
  using runtime = new Runtime();
  const order: string[] = [];
  const sum = runtime.blockOn(function* () {
    const task = (name: string, ms: number) =>
      runtime.spawn(function* () {
        yield* sleep(ms);
        order.push(name);
        return ms;
      });
    const handles = [task("slow", 12), task("fast", 2)];
    return (yield* handles[0]) + (yield* handles[1]);
  });
  assertEquals([sum, order], [14, ["fast", "slow"]]);
});

Deno.test("blockOn refuses a Promise wherever it meets one, and names run", () => {
  using runtime = new Runtime();
  for (
    const main of [
      Promise.resolve(1),
      async () => await Promise.resolve(1),
      function* () {
        yield* runtime.spawn(Promise.resolve(1));
      },
    ]
  ) {
    const error = assertThrows(() => runtime.blockOn<unknown>(main), MillraceError) as MillraceError;
    assertEquals(error.code, "ERR_BLOCK_ON_PROMISE");
    assert(error.message.includes("run("), error.message);
  }
});

Deno.test("blockOn inside a task or inside itself is refused", async () => {
  using runtime = new Runtime();
  assertEquals(runtime.blockOn(() => code(() => runtime.blockOn(() => 1))), "ERR_NESTED");
  assertEquals(await runtime.run(() => code(() => runtime.blockOn(() => 1))), "ERR_NESTED");
});

Deno.test("blockOn that nothing can ever wake says so, and lets go of its task", () => {
  using runtime = new Runtime();
  let cleaned = false;
  const main = function* (): Generator<Pollable<unknown>, void> {
    try {
      yield never;
    } finally {
      cleaned = true;
    }
  };
  assertEquals(code(() => runtime.blockOn(main)), "ERR_DEADLOCK");
  assert(cleaned);
  assertEquals([runtime.executor.alive, runtime.blockOn(() => "goes on")], [0, "goes on"]);
});

Deno.test("blockOn with a virtual clock does not wait for what will never come", () => {
  using runtime = new Runtime({ clock: new VirtualClock() });
  assertEquals(code(() => runtime.blockOn(sleep(1))), "ERR_DEADLOCK");
  assertEquals(runtime.time.size, 0);
});

Deno.test("tasks spawned inside of blockOn go on after it", async () => {
  using runtime = new Runtime();
  const handle = runtime.blockOn(() =>
    [
      runtime.spawn(function* () {
        yield* sleep(10);
        return "later";
      }),
    ] as const
  )[0];
  await hostSleep(0);
  assertFalse(handle.isFinished);
  assertEquals(await soon(handle), "later");
});

Deno.test("a task that waits for a timer inside of blockOn goes on after it", async () => {
  using runtime = new Runtime();
  let handle: JoinHandle<string> | undefined;
  await hostSleep(5);
  runtime.blockOn(function* () {
    handle = runtime.spawn(function* () {
      yield* sleep(20);
      return "later";
    });
    yield* sleep(5);
  });
  // Whatever was scheduled before has had its turn: only what blockOn leaves behind counts.
  assertEquals(await soon(handle!), "later");
});

testIf(withoutNative, "blockOn waits for sockets", async () => {
  await withRuntime(async (runtime, lib) => {
    const { client, server } = connected(lib);
    class Received extends Future<number> {
      #waker: Waker | undefined;
      #count: number | undefined;
      readonly source = new Recorder();
      constructor() {
        super();
        this.source.then = ({ result }) => {
          this.#count = result;
          this.#waker?.wake();
        };
      }
      override poll(cx: Context): Poll<number> {
        this.#waker = cx.waker;
        return this.#count ?? PENDING;
      }
    }
    const received = new Received();
    const token = runtime.reactor.add(received.source, server, READABLE, KIND_STREAM);
    runtime.spawn(function* () {
      yield* sleep(10);
      lib.send(client, pattern(3), 0, 3);
    });
    assertEquals(runtime.blockOn(received), 3);
    runtime.reactor.close(token, server);
    ok(lib.close(client));
    await Promise.resolve();
  });
});

// ---- parked ----

testIf(withoutNative, "a timer that is scheduled while the runtime is parked fires in time", async () => {
  await withRuntime(async (runtime, lib) => {
    const listener = openListener(runtime, lib);
    await hostSleep(20);
    for (const ms of [5, 1, 0]) {
      const before = performance.now();
      await runtime.run(function* () {
        yield* sleep(ms);
      });
      const took = performance.now() - before;
      assert(took >= ms && took < ms + 500, `${took} for ${ms}`);
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

// ---- the end ----

Deno.test("a closed runtime takes no tasks and opens no sockets; closing twice is closing once", () => {
  const runtime = new Runtime();
  runtime.close();
  runtime.close();
  for (
    const body of [() => runtime.spawn(() => 1), () => runtime.run(() => 1), () => runtime.blockOn(() => 1)]
  ) {
    assertEquals(code(body), "ERR_RUNTIME_CLOSED");
  }
  assertEquals(code(() => runtime.reactor), "ERR_RUNTIME_CLOSED");
});

testIf(
  withoutNative,
  "close during a park: the descriptors are closed after the thread came back",
  async () => {
    const before = native().liveHandles();
    const runtime = new Runtime();
    const { fd } = listen(native());
    runtime.reactor.add(new Recorder(), fd, READABLE, KIND_LISTENER);
    await hostSleep(20);
    await runtime[Symbol.asyncDispose]();
    ok(native().close(fd));
    assertEquals(native().liveHandles(), before);
  },
);

Deno.test("close ends the timers of the host", async () => {
  const runtime = new Runtime();
  const handle = runtime.spawn(sleep(60_000));
  await hostSleep(5);
  runtime.close();
  assertFalse(handle.isFinished);
});

Deno.test("options are checked, the current runtime is the one that polls", async () => {
  for (const spinUs of [-1, NaN]) {
    assertThrows(() => new Runtime({ spinUs }), RangeError, `"${spinUs}"`);
  }
  using runtime = new Runtime({ spinUs: 0 });
  assertStrictEquals(await runtime.run(() => [spawner()]).then(([current]) => current), runtime);
  assertStrictEquals(runtime.blockOn(() => [spawner()])[0], runtime);
  assertStrictEquals(spawner(), Runtime.current());
  assertInstanceOf(Runtime.current(), Runtime);
});
