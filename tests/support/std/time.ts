/**
 * Stand-in for `@std/testing/time` where JSR cannot be reached: `FakeTime` over the npm package.
 *
 * @module
 */

// deno-lint-ignore no-import-prefix -- only this stand-in may know the package
import timers from "npm:@sinonjs/fake-timers@^15.0.0";

type Clock = ReturnType<typeof timers.install>;

/** Replaces `Date` and the timers of this isolate until restored. */
export class FakeTime implements Disposable {
  #clock: Clock;

  /** Time starts at `start` (default: now) and moves only by the methods below. */
  constructor(start?: number | string | Date | null) {
    this.#clock = timers.install({
      now: start === undefined || start === null ? Date.now() : new Date(start).getTime(),
      toFake: ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"],
    });
  }

  /** Milliseconds since the epoch; setting it fires what became due. */
  get now(): number {
    return this.#clock.now;
  }
  set now(value: number) {
    if (value < this.#clock.now) throw new RangeError("time cannot go back");
    this.#clock.tick(value - this.#clock.now);
  }

  /** Moves time on by `ms` and fires what became due. */
  tick(ms: number = 0): void {
    this.#clock.tick(ms);
  }

  /** As `tick`, with microtasks run between timers. */
  async tickAsync(ms: number = 0): Promise<void> {
    await this.#clock.tickAsync(ms);
  }

  /** Moves to the next timer; false when there is none. */
  next(): boolean {
    const some = this.#clock.countTimers() > 0;
    this.#clock.next();
    return some;
  }

  /** As `next`, with microtasks run before. */
  async nextAsync(): Promise<boolean> {
    const some = this.#clock.countTimers() > 0;
    await this.#clock.nextAsync();
    return some;
  }

  /** Fires timers until none is left. */
  runAll(): void {
    this.#clock.runAll();
  }

  /** As `runAll`, with microtasks run between timers. */
  async runAllAsync(): Promise<void> {
    await this.#clock.runAllAsync();
  }

  /** Runs the microtasks that are queued. */
  async runMicrotasks(): Promise<void> {
    await this.#clock.tickAsync(0);
  }

  /** Puts the real clock back. */
  restore(): void {
    this.#clock.uninstall();
  }

  [Symbol.dispose](): void {
    this.restore();
  }
}
