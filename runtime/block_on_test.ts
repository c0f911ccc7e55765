import { assert, assertEquals, assertFalse, assertGreaterOrEqual, assertThrows } from "@std/assert";
import { KIND_STREAM, READABLE } from "../ffi/abi.ts";
import { connected, ok, pattern, Recorder } from "../reactor/support_test.ts";
import { testIf } from "../tests/support/skip.ts";
import { MillraceError } from "./errors.ts";
import { blockOn, Runtime } from "./runtime.ts";
import type { Context, Waker } from "./task/context.ts";
import { Future, type Pollable } from "./task/future.ts";
import type { JoinHandle } from "./task/join.ts";
import { PENDING, type Poll } from "./task/poll.ts";
import { VirtualClock } from "./time/clock.ts";
import { sleep } from "./time/sleep.ts";
import { timeout } from "./time/timeout.ts";
import { TimerEntry } from "./time/wheel.ts";
import { code, hostSleep, never, soon, withoutNative, withRuntime } from "./support_test.ts";

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

Deno.test("blockOn refuses its own main only: other tasks wait for their Promises, and go on after it", async () => {
  using runtime = new Runtime();
  const beside = runtime.spawn(async () => (await hostSleep(5), "beside"));
  runtime.blockOn(sleep(20));
  assertFalse(beside.isFinished);
  assertEquals(await soon(beside), "beside");
  assertEquals(runtime.host.awaited, 0);
});

Deno.test("blockOn is over when main is, whatever the others wait for", () => {
  using runtime = new Runtime();
  const handles = [runtime.spawn(never), runtime.spawn(Promise.resolve(1)), runtime.spawn(sleep(60_000))];
  assertEquals(runtime.blockOn(() => "done"), "done");
  assertEquals(handles.map((handle) => handle.isFinished), [false, false, false]);
});

Deno.test("blockOn refuses a timeout over a Promise at once", () => {
  using runtime = new Runtime();
  for (const make of [() => timeout(60_000, Promise.resolve(1)), timeout(60_000, Promise.resolve(1))]) {
    assertEquals(code(() => runtime.blockOn(make)), "ERR_BLOCK_ON_PROMISE");
  }
  assertEquals([runtime.time.size, runtime.host.awaited], [0, 0]);
});

Deno.test("a timeout over a Promise counts as waiting for the host, on the runtime that polls it", async () => {
  using runtime = new Runtime();
  const gate = Promise.withResolvers<string>();
  const handle = runtime.spawn(timeout(60_000, gate.promise));
  runtime.turn();
  assertEquals([runtime.host.awaited, Runtime.process().host.awaited], [1, 0]);
  gate.resolve("there");
  assertEquals(await soon(handle), "there");
  assertEquals(runtime.host.awaited, 0);
});

Deno.test("a timer of somebody else that throws is reported, not thrown out of blockOn", () => {
  using runtime = new Runtime();
  const reported: unknown[] = [];
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    reported.push(event.error.message);
  };
  globalThis.addEventListener("error", listener);
  try {
    runtime.time.schedule(
      new class extends TimerEntry {
        override fire(): void {
          throw new Error("somebody else's timer");
        }
      }(),
      2,
    );
    assertEquals(runtime.blockOn(sleep(10)), undefined);
    assertEquals(reported, ["somebody else's timer"]);
  } finally {
    globalThis.removeEventListener("error", listener);
  }
});

Deno.test("a turn inside a task, or inside blockOn, is refused", async () => {
  using runtime = new Runtime();
  assertEquals(await runtime.run(() => code(() => runtime.turn())), "ERR_NESTED");
  assertEquals(runtime.blockOn(() => code(() => runtime.turn())), "ERR_NESTED");
  assertEquals(runtime.turn(), 0);
});
