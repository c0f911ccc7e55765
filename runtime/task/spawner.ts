/**
 * The runtime that code is running on, or the default one. A port: the runtime installs itself here, so that
 * futures need not know it.
 * @module
 */
import type { Pollable } from "./future.ts";
import type { TimeDriver } from "../time/driver.ts";

/** What futures need of a runtime. */
export interface Spawner {
  /** The runtime's timers. */
  readonly time: TimeDriver;
  /** Poll the future to its end in a task of its own. */
  drive<T>(future: Pollable<T>): Promise<T>;
}

let current: Spawner | undefined;
let fallback: (() => Spawner) | undefined;

/** The runtime whose task is being polled, otherwise the process-wide one. */
export function spawner(): Spawner {
  if (current !== undefined) return current;
  if (fallback === undefined) throw new Error("no runtime: import @millrace/millrace/runtime first");
  return fallback();
}

/** Make `next` the current runtime; returns the one before, to be put back. */
export function enter(next: Spawner | undefined): Spawner | undefined {
  const before = current;
  current = next;
  return before;
}

/** Name the function that makes, or returns, the process-wide runtime. */
export function setDefault(make: () => Spawner): void {
  fallback = make;
}
