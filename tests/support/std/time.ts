/**
 * Stand-in for `@std/testing/time` where JSR cannot be reached: `FakeTime` for `Date` and the timers.
 *
 * @module
 */

type Callback = (...args: unknown[]) => void;

interface Timer {
  readonly id: number;
  readonly callback: Callback;
  readonly args: unknown[];
  /** `undefined` for one shot. */
  readonly everyMs: number | undefined;
  dueMs: number;
}

const NAMES = ["Date", "setTimeout", "clearTimeout", "setInterval", "clearInterval"] as const;

let installed = false;

/** Replaces `Date` and the timers of this isolate until restored; one at a time. */
export class FakeTime implements Disposable {
  #now: number;
  #nextId = 1;
  #timers = new Map<number, Timer>();
  #real = new Map(NAMES.map((name) => [name, globalThis[name]]));

  /** Time starts at `start` (default: now) and moves only by the methods below. */
  constructor(start?: number | string | Date | null) {
    if (installed) throw new TypeError("time is already faked");
    installed = true;
    this.#now = start === undefined || start === null ? Date.now() : new Date(start).valueOf();
    Object.assign(globalThis, {
      Date: this.#fakeDate(),
      setTimeout: (callback: Callback, ms = 0, ...args: unknown[]) => this.#add(callback, ms, args, false),
      setInterval: (callback: Callback, ms = 0, ...args: unknown[]) => this.#add(callback, ms, args, true),
      clearTimeout: (id?: number) => void this.#timers.delete(Number(id)),
      clearInterval: (id?: number) => void this.#timers.delete(Number(id)),
    });
  }

  /** Milliseconds since the epoch; setting it fires what became due. */
  get now(): number {
    return this.#now;
  }
  set now(value: number) {
    if (value < this.#now) throw new RangeError("time cannot go back");
    for (let timer = this.#first(); timer && timer.dueMs <= value; timer = this.#first()) this.#fire(timer);
    this.#now = value;
  }

  /** Moves time on by `ms` and fires what became due. */
  tick(ms: number = 0): void {
    this.now += ms;
  }

  /** As `tick`, with microtasks run before and after. */
  async tickAsync(ms: number = 0): Promise<void> {
    await this.runMicrotasks();
    const until = this.#now + ms;
    for (let timer = this.#first(); timer && timer.dueMs <= until; timer = this.#first()) {
      this.#fire(timer);
      await this.runMicrotasks();
    }
    this.#now = until;
  }

  /** Moves to the next timer and fires it; false when there is none. */
  next(): boolean {
    const timer = this.#first();
    if (timer) this.#fire(timer);
    return timer !== undefined;
  }

  /** As `next`, with microtasks run before and after. */
  async nextAsync(): Promise<boolean> {
    await this.runMicrotasks();
    const some = this.next();
    await this.runMicrotasks();
    return some;
  }

  /** Fires timers until none is left. */
  runAll(): void {
    while (this.next());
  }

  /** As `runAll`, with microtasks run between timers. */
  async runAllAsync(): Promise<void> {
    while (await this.nextAsync());
  }

  /** Runs the microtasks that are queued: a macrotask later they are done. */
  async runMicrotasks(): Promise<void> {
    const realTimeout = this.#real.get("setTimeout") as typeof setTimeout;
    await new Promise<void>((done) => realTimeout(done, 0));
  }

  /** Puts the real clock back. */
  restore(): void {
    installed = false;
    Object.assign(globalThis, Object.fromEntries(this.#real));
  }

  [Symbol.dispose](): void {
    this.restore();
  }

  #add(callback: Callback, ms: number, args: unknown[], repeat: boolean): number {
    const delayMs = Math.max(0, Number(ms) || 0);
    const id = this.#nextId++;
    const everyMs = repeat ? Math.max(1, delayMs) : undefined;
    this.#timers.set(id, { id, callback, args, everyMs, dueMs: this.#now + (everyMs ?? delayMs) });
    return id;
  }

  #first(): Timer | undefined {
    let first: Timer | undefined;
    for (const timer of this.#timers.values()) if (!first || timer.dueMs < first.dueMs) first = timer;
    return first;
  }

  #fire(timer: Timer): void {
    this.#now = Math.max(this.#now, timer.dueMs);
    // Taken out in any case: put back, an interval stands behind what is due at the same time.
    this.#timers.delete(timer.id);
    if (timer.everyMs !== undefined) {
      timer.dueMs += timer.everyMs;
      this.#timers.set(timer.id, timer);
    }
    timer.callback(...timer.args);
  }

  #fakeDate(): DateConstructor {
    const now = (): number => this.#now;
    return new Proxy(Date, {
      construct: (real, args, target) => Reflect.construct(real, args.length > 0 ? args : [now()], target),
      apply: (real) => new real(now()).toString(),
      get: (real, key, receiver) => key === "now" ? now : Reflect.get(real, key, receiver),
    });
  }
}
