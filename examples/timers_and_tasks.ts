/**
 * Tasks and timers without a server: spawn, join, abort, sleep, timeout, interval.
 *
 * ```sh
 * deno run examples/timers_and_tasks.ts   # needs no permission and no native library
 * ```
 */
import { CancelledError, interval, sleep, spawn, timeout, TimeoutError } from "@millrace/millrace/runtime";

// A generator is a task without a Promise in it: `yield*` waits for a future and gives its value.
const slow = spawn(function* () {
  yield* sleep(30);
  return "slow";
});
const fast = spawn(function* () {
  yield* sleep(10);
  return "fast";
});
// Both run beside each other; a handle is awaited like a Promise, as often as one likes.
console.log(await Promise.all([slow, fast]));

// An async function can be spawned too; `yield*` and `await` take the same futures.
const sum = spawn(async () => {
  let ticks = 0;
  for await (const _ of interval(5)) {
    if (++ticks === 3) break;
  }
  return ticks;
});
console.log(`${await sum} ticks`);

// What takes too long is cancelled, and says after how long.
try {
  await timeout(10, sleep(10_000));
} catch (error) {
  if (!(error instanceof TimeoutError)) throw error;
  console.log(error.message);
}

// A task that nobody needs any more.
const endless = spawn(function* () {
  for (;;) yield* sleep(1);
});
endless.abort();
await endless.then(() => {}, (error) => console.log(error instanceof CancelledError));
