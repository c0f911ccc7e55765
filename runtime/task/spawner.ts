/**
 * The runtime that code is running on, or the default one. A port: the runtime installs itself here, so that
 * futures need not know it.
 * @module
 */
// Nothing else follows a function across its awaits.
import { AsyncLocalStorage } from "node:async_hooks";
import type { TimeDriver } from "../time/driver.ts";
import type { Pollable } from "./future.ts";
import type { HostLoop } from "./host_loop.ts";

/** What futures need of a runtime. */
export interface Spawner {
  /** The runtime's timers. */
  readonly time: TimeDriver;
  /** What is known of the host's loop. */
  readonly host: HostLoop;
  /** Poll the future to its end in a task of its own. */
  drive<T>(future: Pollable<T>): Promise<T>;
}

/** Whose task is being polled: a variable, for entering the storage costs a tenth of a request. */
let current: Spawner | undefined;
const functions = new AsyncLocalStorage<Spawner | undefined>();
let make: (() => Spawner) | undefined;
let processWide: Spawner | undefined;

/** The runtime whose task is being polled, or whose task's async function goes on; otherwise undefined. */
export function running(): Spawner | undefined {
  return current ?? functions.getStore();
}

/** The same, otherwise the process-wide one. */
export function spawner(): Spawner {
  return running() ?? processSpawner();
}

/** The process-wide runtime; made at the first call. */
export function processSpawner(): Spawner {
  if (processWide !== undefined) return processWide;
  if (make === undefined) throw new Error("no runtime: import @millrace/millrace/runtime first");
  return processWide = make();
}

/** Make `next` the current runtime; returns the one before, to be put back. */
export function enter(next: Spawner | undefined): Spawner | undefined {
  const before = current;
  current = next;
  return before;
}

/** Call a task's function so that its code still is the current runtime's after an `await`. */
export function callInside<T>(call: () => T): T {
  // The process-wide one is what is found without a word.
  const home = current === processWide ? undefined : current;
  return functions.getStore() === home ? call() : functions.run(home, call);
}

/** Name the function that makes the process-wide runtime. */
export function setDefault(makeProcessWide: () => Spawner): void {
  make = makeProcessWide;
}
