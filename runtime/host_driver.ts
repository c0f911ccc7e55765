/**
 * When a runtime takes its turns, so that it lives beside the host's own event loop.
 * @module
 */
import type { Reactor } from "../reactor/reactor.ts";
import type { HostLoop } from "./task/host_loop.ts";
import type { TimeDriver } from "./time/driver.ts";

/**
 * Microseconds for which an idle runtime waits in a blocking call before it parks on another thread, which costs
 * 13 µs and a hand-over. Longer than a loopback round trip. While a Promise is waited for, the host is not held up
 * at all.
 */
export const SPIN_US = 200;

/**
 * Milliseconds after which the host's loop has a turn, which costs as much as a request. The turn of ours in which
 * they pass may still wait for {@link SPIN_US}: that and its own work is how long the host's work is held up.
 */
export const TICK_MS = 0.5;

/** Turns of ours in one turn of the host's loop at most, for clocks that stand still. */
const TURNS_PER_TICK = 64;

/** The longest park in milliseconds; the wheel's deadlines and the waker end it earlier. */
const MAX_PARK_MS = 0x7fffffff;

/** Turns that closing may take: what was written goes out first. */
const CLOSING_TICKS = 8;

const PARK_CELL = new Int32Array(new SharedArrayBuffer(4));

/** Hold the thread for `ms` milliseconds. */
export function holdThread(ms: number): void {
  Atomics.wait(PARK_CELL, 0, 0, ms);
}

/** What is driven. */
export interface Driven {
  /** Its timers. */
  readonly time: TimeDriver;
  /** Whether Promises are waited for. */
  readonly host: HostLoop;
  /** On a virtual clock, whose deadlines are not waited for. */
  readonly isVirtual: boolean;
  /** See {@link SPIN_US}. */
  readonly spinUs: number;
  /** The reactor if it is open. */
  reactor(): Reactor | undefined;
  /** Do tasks wait to be polled? */
  hasReady(): boolean;
  /** Take one turn. Returns how much happened. */
  turn(waitUs: number): number;
}

/** Takes the turns of a runtime on the host's thread. */
export class HostDriver {
  readonly #driven: Driven;
  readonly #tick = (): void => this.#runTick();
  #scheduled = false;
  #stopped = false;
  #hostTimer: ReturnType<typeof setTimeout> | undefined;
  #parkUntil = 0;
  #parked: Promise<void> | undefined;

  /** @param driven Whose turns are taken. */
  constructor(driven: Driven) {
    this.#driven = driven;
  }

  /** The wait on the other thread, if there is one. */
  get parked(): Promise<void> | undefined {
    return this.#parked;
  }

  /** Have a turn taken soon; does nothing if one is on its way. */
  schedule(): void {
    if (this.#scheduled || this.#stopped) return;
    this.#scheduled = true;
    setImmediate(this.#tick);
  }

  /** Take no turn any more. A wait that is outstanding still has to come back. */
  stop(): void {
    this.#stopped = true;
    this.stopHostTimer();
  }

  /** No timer is left to wait for. */
  stopHostTimer(): void {
    if (this.#hostTimer !== undefined) clearTimeout(this.#hostTimer);
    this.#hostTimer = undefined;
  }

  /** See `Runtime.quiesce`. */
  async quiesce(): Promise<void> {
    for (let left = CLOSING_TICKS; left > 0 && this.#driven.reactor()?.hasWork; left--) {
      await new Promise((resolve) => setImmediate(resolve));
    }
    while (this.#parked !== undefined && this.#driven.reactor()?.size === 0) {
      this.#driven.reactor()!.wake();
      await this.#parked;
    }
  }

  /**
   * One turn of the host's loop: turns of ours while there is something to do, the last with a short wait for more.
   * Then another turn of the host's loop, or a rest.
   */
  #runTick(): void {
    this.#scheduled = false;
    const { time, host } = this.#driven;
    let untilMs = Infinity;
    for (let left = TURNS_PER_TICK; left > 0; left--) {
      if (this.#stopped) return;
      let progress = 1;
      try {
        progress = this.#driven.turn(this.#waitUs());
      } catch (error) {
        // A source or a timer let an error out: a fault of ours, to be seen. It ends the process, as every error
        // that nobody catches; with an `error` listener that prevents that, the others go on.
        reportError(error);
      }
      if (progress === 0) return this.#rest();
      // The turn has read the clock: before the first one it may be as old as the last rest.
      const nowMs = time.nowMs();
      if (untilMs === Infinity) untilMs = nowMs + TICK_MS;
      if (nowMs >= untilMs || host.awaited > 0) break;
    }
    this.schedule();
  }

  /**
   * How long a turn may block the thread in the hope that the next request is on its way: not at all while a
   * Promise of the host is waited for.
   */
  #waitUs(): number {
    const driven = this.#driven;
    const reactor = driven.reactor();
    if (driven.host.awaited > 0 || driven.hasReady()) return 0;
    if (reactor === undefined || reactor.size === 0 || reactor.hasDeferred) return 0;
    return driven.spinUs;
  }

  /** Nothing to do for now: again at the next deadline, or when the selector has something. */
  #rest(): void {
    if (this.#stopped) return;
    const driven = this.#driven;
    const reactor = driven.reactor();
    if (driven.hasReady() || reactor?.hasWork) return this.schedule();
    const delayMs = driven.isVirtual ? Infinity : driven.time.nextDelayMs();
    if (delayMs <= 0) return this.schedule();
    if (reactor !== undefined && reactor.size > 0) return this.#park(reactor, delayMs);
    if (this.#parked !== undefined) reactor?.wake();
    this.#sleepOnHost(delayMs);
  }

  #sleepOnHost(delayMs: number): void {
    this.stopHostTimer();
    if (delayMs === Infinity) return;
    this.#hostTimer = setTimeout(() => {
      this.#hostTimer = undefined;
      if (!this.#scheduled) this.#runTick();
    }, Math.min(Math.ceil(delayMs), MAX_PARK_MS));
  }

  #park(reactor: Reactor, delayMs: number): void {
    const until = performance.now() + delayMs;
    if (this.#parked !== undefined) {
      // One wait at a time: if it would last too long, end it, and its end parks anew.
      if (until < this.#parkUntil) reactor.wake();
      return;
    }
    this.#parkUntil = until;
    const timeoutMs = delayMs === Infinity ? -1 : Math.min(Math.ceil(delayMs), MAX_PARK_MS);
    this.#parked = reactor.park(timeoutMs).then(() => {
      this.#parked = undefined;
      if (!this.#scheduled) this.#runTick();
    });
  }
}
