import { assertEquals, assertRejects } from "@std/assert";
import { LocalExecutor } from "../scheduler/local.ts";
import { CancelledError } from "../errors.ts";
import { PENDING } from "./poll.ts";

/** An executor, and what it has reported. */
function reporting(): { executor: LocalExecutor; reported: [unknown, string][] } {
  const reported: [unknown, string][] = [];
  const executor = new LocalExecutor(undefined, (error, name) => void reported.push([error, name]));
  return { executor, reported };
}

const macrotask = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 1));

const fail = (error: unknown) => (): never => {
  throw error;
};

Deno.test("a task that fails unwatched is reported, once, with its name", async () => {
  const { executor, reported } = reporting();
  const handle = executor.spawn(fail("a"), { name: "first" });
  executor.spawn(fail(undefined), { name: "second" });
  executor.spawn(async () => await Promise.reject("c"), { name: "third" });
  executor.run();
  await Promise.resolve();
  assertEquals(reported, [], "not in the middle of the turn");
  await macrotask();
  executor.run();
  await macrotask();
  assertEquals(reported, [["a", "first"], [undefined, "second"], ["c", "third"]]);
  await handle.then(undefined, () => {});
  await macrotask();
  assertEquals(reported.length, 3);
});

Deno.test("who begins to wait in the same turn of the host's loop is in time", async () => {
  const { executor, reported } = reporting();
  const first = executor.spawn(() => "first");
  const awaited = executor.spawn(fail(1));
  const polled = executor.spawn(fail(2));
  const main = (async () => {
    await first;
    for (let index = 0; index < 100; index++) await undefined;
    await awaited;
  })();
  executor.run();
  const waiting = executor.spawn(function* () {
    yield* polled;
  });
  executor.run();
  const both = await Promise.allSettled([main, waiting]);
  await macrotask();
  assertEquals(both, [{ status: "rejected", reason: 1 }, { status: "rejected", reason: 2 }]);
  assertEquals(reported, []);
});

Deno.test("an aborted task is no failure, and neither is one that somebody has given up to wait for", async () => {
  const { executor, reported } = reporting();
  const aborted = executor.spawn({ poll: () => PENDING });
  const slow = executor.spawn(() => Promise.reject("late"));
  const waiting = executor.spawn(slow);
  executor.run();
  aborted.abort();
  waiting.abort();
  await macrotask();
  executor.run();
  await macrotask();
  assertEquals([slow.isFinished, reported], [true, []]);
  await assertRejects(() => waiting.then(), CancelledError);
});

Deno.test("without a handler it is an unhandled rejection", async () => {
  const seen: unknown[] = [];
  const listener = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    seen.push(event.reason);
  };
  globalThis.addEventListener("unhandledrejection", listener);
  try {
    const executor = new LocalExecutor();
    executor.spawn(fail("nobody sees me"));
    executor.run();
    await macrotask();
    assertEquals(seen, ["nobody sees me"]);
  } finally {
    globalThis.removeEventListener("unhandledrejection", listener);
  }
});

Deno.test("a handler that throws is reported itself, and the others are told", async () => {
  const told: unknown[] = [];
  const seen: unknown[] = [];
  const listener = (event: ErrorEvent) => {
    event.preventDefault();
    seen.push(event.error);
  };
  globalThis.addEventListener("error", listener);
  try {
    const executor = new LocalExecutor(undefined, (error) => {
      told.push(error);
      throw `handling ${error}`;
    });
    executor.spawn(fail(1));
    executor.spawn(fail(2));
    executor.run();
    await macrotask();
    assertEquals([told, seen], [[1, 2], ["handling 1", "handling 2"]]);
  } finally {
    globalThis.removeEventListener("error", listener);
  }
});
