/** Which runtime code is running on. */
import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { TimeoutError } from "./errors.ts";
import { blockOn, run, Runtime, spawn } from "./runtime.ts";
import { Future } from "./task/future.ts";
import { PENDING, type Poll } from "./task/poll.ts";
import { spawner } from "./task/spawner.ts";
import { VirtualClock } from "./time/clock.ts";
import { sleep } from "./time/sleep.ts";
import { timeout } from "./time/timeout.ts";
import { code, hostSleep, soon } from "./support_test.ts";

Deno.test("outside of every task the current runtime is the process's", () => {
  assertStrictEquals(Runtime.current(), Runtime.process());
  assertStrictEquals(spawner(), Runtime.process());
});

Deno.test("spawn, run and blockOn inside a task mean its runtime", async () => {
  using runtime = new Runtime();
  assertEquals(
    runtime.blockOn(function* () {
      return yield* spawn(() => [Runtime.current() === runtime]);
    }),
    [true],
  );
  await runtime.run(function* () {
    const before = runtime.executor.alive;
    const handle = spawn(sleep(1));
    assertEquals(runtime.executor.alive, before + 1);
    const running = run(sleep(1));
    assertEquals(runtime.executor.alive, before + 2);
    assertEquals(code(() => blockOn(() => 1)), "ERR_NESTED");
    yield* handle;
    yield* spawn(running);
  });
});

Deno.test("an async function stays on its task's runtime, however often and for whatever it awaits", async () => {
  using runtime = new Runtime();
  const nap = async () => void await sleep(1);
  const seen = await runtime.run(async () => {
    const seen = [Runtime.current()];
    await nap();
    seen.push(Runtime.current());
    await hostSleep(1);
    seen.push(await spawn(() => [Runtime.current()]).then(([current]) => current));
    // Another's task that is started from here is the other's.
    seen.push((await Runtime.process().run(async () => (await nap(), [Runtime.current()])))[0]);
    return seen;
  });
  assertEquals(seen.map((each) => each === runtime), [true, true, true, false]);
  assertStrictEquals(seen[3], Runtime.process());
  assertStrictEquals(Runtime.current(), Runtime.process());
});

Deno.test("async functions live on the virtual clock of their runtime", async () => {
  const clock = new VirtualClock();
  using runtime = new Runtime({ clock });
  const steps: string[] = [];
  const nap = async (ms: number) => void await sleep(ms);
  const main = runtime.run(async () => {
    await sleep(300_000);
    steps.push(`first ${clock.nowMs()}`);
    await nap(300_000);
    steps.push(`second ${clock.nowMs()}`);
    await assertRejects(async () => await timeout(300_000, new Promise(() => {})), TimeoutError);
    steps.push(`third ${clock.nowMs()}`);
  });
  for (let minute = 0; minute < 15; minute++) {
    await hostSleep(1);
    clock.advance(60_000);
    runtime.turn();
  }
  await soon(main);
  assertEquals(steps, ["first 300000", "second 600000", "third 900000"]);
});

Deno.test("a future belongs to the runtime that has made it, wherever it is awaited", async () => {
  using runtime = new Runtime();
  class Where extends Future<boolean> {
    #polls = 0;
    override poll(cx: { waker: { wake(): void } }): Poll<boolean> {
      cx.waker.wake();
      return ++this.#polls < 3 ? PENDING : spawner() === runtime;
    }
  }
  const [made] = await runtime.run(() => [new Where()]);
  assertEquals([await made, await new Where()], [true, false]);
});

Deno.test("a sleep that was awaited and is set anew can be awaited again", async () => {
  const nap = sleep(1);
  await nap;
  await nap;
  const before = performance.now();
  nap.reset(15);
  await nap;
  assert(performance.now() - before >= 15);
});
