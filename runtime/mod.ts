/**
 * The runtime: tasks, futures, timers, on the thread of the host's own event loop.
 *
 * Somebody who knows Tokio finds `spawn`, `JoinHandle`, `sleep`, `timeout`, `interval` and `blockOn` here, with
 * the same meaning.
 * @module
 */
export * from "./errors.ts";
export { SPIN_US } from "./host_driver.ts";
export { blockOn, quiesce, run, Runtime, type RuntimeOptions, spawn } from "./runtime.ts";
export { LocalExecutor, RUN_BATCH, type SpawnOptions } from "./scheduler/local.ts";
export { TASK_BUDGET } from "./task/budget.ts";
export type { Context, Waker } from "./task/context.ts";
export type { TaskErrorHandler } from "./task/failures.ts";
export type { Spawnable, TaskGenerator } from "./task/from.ts";
export { Future, type Pollable } from "./task/future.ts";
export type { HostLoop } from "./task/host_loop.ts";
export { JoinHandle } from "./task/join.ts";
export { PENDING, type Poll } from "./task/poll.ts";
export { type Clock, systemClock, VirtualClock } from "./time/clock.ts";
export { TimeDriver } from "./time/driver.ts";
export {
  Interval,
  interval,
  type IntervalOptions,
  MISSED_AFTER_MS,
  type MissedTicks,
} from "./time/interval.ts";
export { Sleep, sleep, sleepUntil } from "./time/sleep.ts";
export { timeout } from "./time/timeout.ts";
export { TimerEntry, TimerWheel } from "./time/wheel.ts";
