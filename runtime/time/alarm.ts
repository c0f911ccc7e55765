/**
 * What the timer futures share: a deadline on a runtime's clock that wakes the task that polled last.
 * @module
 */
import type { Waker } from "../task/context.ts";
import { spawner } from "../task/spawner.ts";
import type { TimeDriver } from "./driver.ts";
import { TimerEntry } from "./wheel.ts";

/** The same moment on the clock of `to`, where `atMs` is meant on the clock of `from`. */
export function translate(atMs: number, from: TimeDriver, to: TimeDriver): number {
  return from === to ? atMs : to.refresh() + (atMs - from.refresh());
}

/** Throws a RangeError unless `ms` is 0 or more (Infinity is). */
export function checkDelay(name: string, ms: number): void {
  if (!(ms >= 0)) throw new RangeError(`${name} "${ms}" must be 0 or more`);
}

/**
 * A deadline that takes part in polling. It arms on the runtime that polls it, even if it was made on another
 * one: nobody would turn the wheel of a runtime that is not running.
 */
export class Alarm extends TimerEntry {
  #time: TimeDriver;
  #atMs: number;
  #fired = false;
  #waker: Waker | undefined = undefined;

  /** Not armed yet. @param time The driver on whose clock `atMs` is meant. */
  constructor(time: TimeDriver, atMs: number) {
    super();
    this.#time = time;
    this.#atMs = atMs;
  }

  /** The deadline, on the clock of the runtime that made or last polled it. */
  get atMs(): number {
    return this.#atMs;
  }

  /** The driver on whose clock {@link atMs} is meant. */
  get time(): TimeDriver {
    return this.#time;
  }

  /** Whether the deadline is over; if not, `waker` is woken when it is. At the earliest in the next turn. */
  poll(waker: Waker): boolean {
    if (this.#fired) return true;
    this.#waker = waker;
    const time = spawner().time;
    if (time !== this.#time) this.moveTo(time, translate(this.#atMs, this.#time, time));
    else if (!this.armed) time.scheduleAt(this, this.#atMs);
    return false;
  }

  /** Set another deadline, meant on the clock of `time`. If a task waits, it now waits for this one. */
  moveTo(time: TimeDriver, atMs: number): void {
    if (time !== this.#time) this.#time.cancel(this);
    this.#time = time;
    this.#atMs = atMs;
    this.#fired = false;
    if (this.#waker !== undefined) time.scheduleAt(this, atMs);
  }

  /** Disarm and forget the waker. */
  cancel(): void {
    this.#time.cancel(this);
    this.#waker = undefined;
  }

  /** See {@link TimerEntry.fire}. */
  override fire(): void {
    const waker = this.#waker;
    this.#fired = true;
    this.#waker = undefined;
    waker?.wake();
  }
}
