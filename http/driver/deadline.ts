/**
 * The one timer of a connection.
 * @module
 */
import type { TimeDriver } from "../../runtime/time/driver.ts";
import { TimerEntry } from "../../runtime/time/wheel.ts";

/** Who is told that a deadline has passed. */
export interface DeadlineOwner {
  /** The deadline has passed; there is none until another is set. */
  deadlinePassed(): void;
}

/**
 * A deadline that moves with every request and costs the wheel nothing for it: a later deadline is only noted, and
 * when the timer fires too early it is set anew.
 */
export class Deadline extends TimerEntry {
  readonly #time: TimeDriver;
  readonly #owner: DeadlineOwner;
  #atMs = Infinity;
  #armedForMs = Infinity;

  /** @param time The runtime's timers. @param owner Told when the deadline has passed. */
  constructor(time: TimeDriver, owner: DeadlineOwner) {
    super();
    this.#time = time;
    this.#owner = owner;
  }

  /** The deadline is `delayMs` from now; `Infinity`: there is none. */
  set(delayMs: number): void {
    const atMs = this.#time.nowMs() + delayMs;
    this.#atMs = atMs;
    if (atMs < this.#armedForMs) this.#arm(atMs);
  }

  /** There is no deadline any more, ever. */
  clear(): void {
    this.#atMs = Infinity;
    this.#armedForMs = Infinity;
    this.#time.cancel(this);
  }

  #arm(atMs: number): void {
    this.#armedForMs = atMs;
    this.#time.scheduleAt(this, atMs);
  }

  /** For the wheel. */
  override fire(): void {
    this.#armedForMs = Infinity;
    if (this.#atMs === Infinity) return;
    if (this.#time.nowMs() < this.#atMs) return this.#arm(this.#atMs);
    this.#atMs = Infinity;
    this.#owner.deadlinePassed();
  }
}
