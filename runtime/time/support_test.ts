/**
 * What the tests of this folder share: a runtime without a reactor, on a clock that is moved by hand.
 * @module
 */
import type { Context, Waker } from "../task/context.ts";
import type { Pollable } from "../task/future.ts";
import { HostLoop } from "../task/host_loop.ts";
import { PENDING } from "../task/poll.ts";
import { enter, type Spawner } from "../task/spawner.ts";
import { VirtualClock } from "./clock.ts";
import { TimeDriver } from "./driver.ts";
import { TimerEntry } from "./wheel.ts";

/** Counts its wakes; the budget is what the test sets. */
export class FakeContext implements Context {
  wakes = 0;
  budget: number = Infinity;
  readonly waker: Waker = {
    wake: (): void => {
      this.wakes++;
    },
  };

  spend(): boolean {
    if (this.budget === 0) return false;
    this.budget--;
    return true;
  }
}

/** A runtime that polls what it drives at each wake, within the wake. */
export class FakeRuntime implements Spawner {
  readonly clock: VirtualClock;
  readonly time: TimeDriver;
  readonly host: HostLoop = new HostLoop();
  readonly cx: FakeContext = new FakeContext();

  constructor(startMs = 1000) {
    this.clock = new VirtualClock(startMs);
    this.time = new TimeDriver(this.clock);
  }

  drive<T>(future: Pollable<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      const wake = (): void => {
        try {
          const value = this.within(() => future.poll({ waker: { wake }, spend: () => true }));
          if (value !== PENDING) resolve(value as T);
        } catch (error) {
          reject(error);
        }
      };
      wake();
    });
  }

  /** Let `ms` pass and fire what is due then. */
  advance(ms: number): number {
    this.clock.advance(ms);
    return this.time.fireExpired();
  }

  /** Run `body` as code that runs on this runtime. */
  within<T>(body: () => T): T {
    const before = enter(this);
    try {
      return body();
    } finally {
      enter(before);
    }
  }
}

/** Calls a function when it fires. */
export class Callback extends TimerEntry {
  readonly #body: () => void;

  constructor(body: () => void) {
    super();
    this.#body = body;
  }

  override fire(): void {
    this.#body();
  }
}

/** A small generator of random numbers, so that a seed repeats a failure. Returns [0, 1). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return (): number => {
    state = state + 0x9e3779b9 >>> 0;
    let mixed = Math.imul(state ^ state >>> 16, 0x21f0aaad);
    mixed = Math.imul(mixed ^ mixed >>> 15, 0x735a2d97);
    return ((mixed ^ mixed >>> 15) >>> 0) / 2 ** 32;
  };
}

/** The seed of a random test: `MILLRACE_SEED`, otherwise a fresh one; printed either way. */
export function printedSeed(): number {
  const seed = Number(Deno.env.get("MILLRACE_SEED") ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`MILLRACE_SEED=${seed}`);
  return seed;
}
