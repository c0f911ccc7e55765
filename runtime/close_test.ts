/** The end of a runtime. */
import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { KIND_LISTENER, KIND_STREAM, READABLE } from "../ffi/abi.ts";
import { native } from "../ffi/load.ts";
import type { Reactor } from "../reactor/reactor.ts";
import { ScriptedNative } from "../reactor/scripted.ts";
import type { Source } from "../reactor/source.ts";
import { listen, ok, Recorder } from "../reactor/support_test.ts";
import { testIf } from "../tests/support/skip.ts";
import { CancelledError, type MillraceError } from "./errors.ts";
import { Runtime } from "./runtime.ts";
import type { TaskGenerator } from "./task/from.ts";
import { sleep } from "./time/sleep.ts";
import { code, hostSleep, never, soon, withoutNative } from "./support_test.ts";

Deno.test("a closed runtime takes no tasks and opens no sockets; closing twice is closing once", async () => {
  const runtime = new Runtime();
  const [made] = await runtime.run(() => [sleep(0)]);
  runtime.close();
  runtime.close();
  for (
    const body of [() => runtime.spawn(() => 1), () => runtime.run(() => 1), () => runtime.blockOn(() => 1)]
  ) {
    assertEquals(code(body), "ERR_RUNTIME_CLOSED");
  }
  assertEquals(code(() => runtime.reactor), "ERR_RUNTIME_CLOSED");
  assertEquals(await made.then(undefined, (error) => (error as MillraceError).code), "ERR_RUNTIME_CLOSED");
  assertEquals(runtime.turn(), 0);
});

Deno.test("close aborts the live tasks: finally blocks run, handles reject", async () => {
  const runtime = new Runtime();
  const cleaned: string[] = [];
  const task = function* (name: string): TaskGenerator<void> {
    try {
      yield* sleep(60_000);
    } finally {
      cleaned.push(name);
    }
  };
  const handles = [
    runtime.spawn(task("first"), { name: "first" }),
    runtime.spawn(function* () {
      yield* runtime.spawn(task("inner"));
    }),
    runtime.spawn(never),
    runtime.spawn(new Promise(() => {})),
  ];
  await hostSleep(5);
  const unpolled = runtime.spawn(task("not begun"));
  runtime.close();
  assertEquals(cleaned, ["first", "inner"]);
  assertEquals([runtime.time.size, runtime.executor.alive, runtime.host.awaited], [0, 0, 0]);
  for (const handle of [...handles, unpolled]) {
    await assertRejects(() => soon(handle as PromiseLike<unknown>), CancelledError);
  }
});

Deno.test("a task closes its own runtime", async () => {
  const runtime = new Runtime();
  let cleaned = false;
  const handle = runtime.spawn(function* () {
    try {
      runtime.close();
      yield* sleep(1);
    } finally {
      cleaned = true;
    }
  });
  await assertRejects(() => soon(handle), CancelledError);
  assertEquals(cleaned, true);
  const blocked = new Runtime();
  await assertRejects(async () => await blocked.blockOn(() => blocked.close()), CancelledError);
});

/** A source that lets go of its descriptor when the reactor ends. */
class Orderly implements Source {
  readonly #reactor: Reactor;
  readonly #fd: number;
  readonly #token: number;
  abandoned = 0;
  error: unknown;

  constructor(reactor: Reactor, fd: number, kind: number) {
    this.#reactor = reactor;
    this.#fd = fd;
    this.#token = reactor.add(this, fd, READABLE, kind);
  }

  complete(): void {}

  abandon(): void {
    this.abandoned++;
    this.#reactor.close(this.#token, this.#fd);
    if (this.error !== undefined) throw this.error;
  }
}

Deno.test("close has every source close its descriptor, also if one of them throws", () => {
  const lib = new ScriptedNative();
  const runtime = new Runtime({ native: lib });
  const sources = lib.pair().map((fd) => new Orderly(runtime.reactor, fd, KIND_STREAM));
  sources[0].error = new Error("a source fails");
  let thrown: unknown;
  try {
    runtime.close();
  } catch (error) {
    thrown = error;
  }
  assertStrictEquals(thrown, sources[0].error);
  assertEquals(sources.map((source) => source.abandoned), [1, 1]);
  assertEquals([lib.liveHandles(), lib.misuses], [0, []]);
  runtime.close();
});

Deno.test("closing from inside a task ends the sockets with the turn", async () => {
  const lib = new ScriptedNative();
  const runtime = new Runtime({ native: lib });
  const sources = lib.pair().map((fd) => new Orderly(runtime.reactor, fd, KIND_STREAM));
  await assertRejects(() => runtime.run(() => runtime.close()), CancelledError);
  assertEquals(sources.map((source) => source.abandoned), [1, 1]);
  assertEquals([lib.liveHandles(), lib.misuses], [0, []]);
});

testIf(
  withoutNative,
  "close during a park: sockets at once, the selector after the thread came back",
  async () => {
    const before = native().liveHandles();
    const runtime = new Runtime();
    const { fd } = listen(native());
    const foreign = listen(native()).fd;
    const source = new Orderly(runtime.reactor, fd, KIND_LISTENER);
    runtime.reactor.add(new Recorder(), foreign, READABLE, KIND_LISTENER);
    await hostSleep(20);
    runtime.close();
    // What it does not own it does not close: the foreign one, the selector, its waker.
    assertEquals([source.abandoned, native().liveHandles()], [1, before + 3]);
    await runtime[Symbol.asyncDispose]();
    ok(native().close(foreign));
    assertEquals(native().liveHandles(), before);
  },
);
