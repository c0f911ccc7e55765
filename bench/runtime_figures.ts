/**
 * What the executor and the timers cost, as latencies: each step starts only when the one before has been
 * reached. `deno run bench/runtime_figures.ts` prints them as JSON; `runtime_bench.ts` times the same steps.
 *
 * `blockOn` owns the thread; `run` lives beside the host's loop, whose turns are in its figure.
 *
 * @module
 */

import { type Context, Future, PENDING, type Poll, Runtime, sleep } from "@millrace/millrace/runtime";
import type { TaskGenerator, Waker } from "@millrace/millrace/runtime";
import { median } from "./harness/table.ts";

/** Nanoseconds a step; `Host`: beside the host's loop. */
export interface Figures {
  /** From the call of `spawn` to the first poll of the task. */
  readonly spawnToPollNs: number;
  readonly spawnToPollHostNs: number;
  /** From the call of `sleep(0)` to the poll that it wakes. */
  readonly sleepZeroNs: number;
  readonly sleepZeroHostNs: number;
}

/** A chain of tasks: the first poll of each spawns the next. Ready when the last has been polled. */
export class SpawnChain extends Future<void> {
  readonly #runtime: Runtime;
  #left: number;
  #waker: Waker | undefined;

  constructor(runtime: Runtime, count: number) {
    super();
    this.#runtime = runtime;
    this.#left = count;
  }

  override poll(cx: Context): Poll<void> {
    if (this.#left === 0) return undefined;
    if (this.#waker === undefined) {
      this.#waker = cx.waker;
      this.#runtime.spawn(new Link(this));
    }
    return PENDING;
  }

  /** A task has had its first poll. */
  reached(): void {
    if (--this.#left === 0) this.#waker!.wake();
    else this.#runtime.spawn(new Link(this));
  }
}

class Link extends Future<void> {
  readonly #chain: SpawnChain;

  constructor(chain: SpawnChain) {
    super();
    this.#chain = chain;
  }

  override poll(): Poll<void> {
    return this.#chain.reached();
  }
}

/** Sleeps for 0 ms `count` times, one after the other. */
export function* sleepChain(count: number): TaskGenerator<void> {
  for (let i = 0; i < count; i++) yield* sleep(0);
}

const STEPS = 20_000;
const REPEATS = 9;

async function nsPerStep(body: () => void | Promise<void>): Promise<number> {
  const samples = [];
  for (let i = 0; i < REPEATS; i++) {
    const started = performance.now();
    await body();
    samples.push((performance.now() - started) * 1e6 / STEPS);
  }
  return median(samples);
}

/** Measures; about a second. */
export async function measure(): Promise<Figures> {
  const runtime = new Runtime();
  try {
    return {
      spawnToPollNs: await nsPerStep(() => runtime.blockOn(new SpawnChain(runtime, STEPS))),
      spawnToPollHostNs: await nsPerStep(() => runtime.run(new SpawnChain(runtime, STEPS))),
      sleepZeroNs: await nsPerStep(() => runtime.blockOn(sleepChain(STEPS))),
      sleepZeroHostNs: await nsPerStep(() => runtime.run(sleepChain(STEPS))),
    };
  } finally {
    runtime.close();
  }
}

if (import.meta.main) console.log(JSON.stringify(await measure()));
