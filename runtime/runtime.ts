/**
 * The runtime: executor, timers and reactor on one thread, living beside the host's own event loop.
 * @module
 */
import { native } from "../ffi/load.ts";
import type { Native } from "../ffi/native.ts";
import { Reactor } from "../reactor/reactor.ts";
import { MillraceError } from "./errors.ts";
import { LocalExecutor, type SpawnOptions } from "./scheduler/local.ts";
import type { Spawnable } from "./task/from.ts";
import type { Pollable } from "./task/future.ts";
import { HostLoop } from "./task/host_loop.ts";
import type { JoinHandle } from "./task/join.ts";
import { enter, setDefault, type Spawner } from "./task/spawner.ts";
import { type Clock, systemClock } from "./time/clock.ts";
import { TimeDriver } from "./time/driver.ts";

/** How a {@link Runtime} is made. */
export interface RuntimeOptions {
  /** Where time comes from. Default: the system's monotonic clock. A virtual one is never waited for. */
  readonly clock?: Clock;
  /** The native library. Default: the process's own, opened when the first socket needs it. */
  readonly native?: Native;
  /** How long an idle runtime waits on this thread before it parks, microseconds, >= 0. Default {@link SPIN_US}. */
  readonly spinUs?: number;
}

/**
 * Microseconds for which an idle runtime waits in a blocking call before it parks on another thread, which costs
 * 13 µs and a hand-over. Longer than a loopback round trip, and the most that the host's own work is held up; while
 * a Promise is waited for, it is not held up at all.
 */
export const SPIN_US = 200;

/**
 * Turns of ours in one turn of the host's loop, which costs as much as a request. The host's own work waits that
 * long at most: some hundred microseconds under full load.
 */
export const TURNS_PER_TICK = 8;

/** The longest park in milliseconds; the wheel's deadlines and the waker end it earlier. */
const MAX_PARK_MS = 0x7fffffff;

/**
 * An executor with timers and sockets. On the host's thread it takes one turn of the host's loop per batch, so
 * that `fetch`, database drivers and host timers run beside it; idle, it waits for a moment, then parks on
 * another thread until the selector, the next timer or a wake-up ends it.
 *
 * Most programs never make one: `spawn`, `sleep` and `serve` use the process's own ({@link Runtime.current}).
 *
 * @example
 * ```ts
 * import { Runtime, sleep } from "@millrace/millrace/runtime";
 *
 * const runtime = new Runtime();
 * const answer = runtime.blockOn(function* () {
 *   yield* sleep(5);
 *   return 42;
 * });
 * if (answer !== 42) throw new Error("42 was expected");
 * runtime.close();
 * ```
 */
export class Runtime implements Spawner, Disposable, AsyncDisposable {
  /** The timers, and the time of the turn in progress. */
  readonly time: TimeDriver;
  /** The tasks. */
  readonly executor: LocalExecutor;
  /** The host's loop, as far as this runtime knows of it. */
  readonly host: HostLoop = new HostLoop();
  readonly #native: Native | undefined;
  readonly #virtual: boolean;
  readonly #maxSpinUs: number;
  #reactor: Reactor | undefined;
  #scheduled = false;
  #inTick = false;
  #closed = false;
  #hostTimer: ReturnType<typeof setTimeout> | undefined;
  #parkUntil = 0;
  #parked: Promise<void> | undefined;
  readonly #tick = (): void => this.#runTick();

  /** Opens nothing yet, and takes no turn before there is something to do. */
  constructor(options: RuntimeOptions = {}) {
    const clock = options.clock ?? systemClock;
    const spinUs = options.spinUs ?? SPIN_US;
    if (!(spinUs >= 0)) throw new RangeError(`spinUs "${spinUs}" is not a number >= 0`);
    this.#virtual = clock !== systemClock;
    this.#maxSpinUs = spinUs;
    this.#native = options.native;
    this.time = new TimeDriver(clock);
    this.time.onEarlier = () => this.schedule();
    this.time.onIdle = () => this.#stopHostTimer();
    this.executor = new LocalExecutor(this.host);
    this.executor.onReady = () => this.schedule();
  }

  /** The process-wide runtime; made at the first call, never closed. */
  static current(): Runtime {
    return processRuntime();
  }

  /**
   * The sockets' reactor, opened at the first call.
   *
   * @throws {NativeLoadError} When the native library is missing or not permitted.
   */
  get reactor(): Reactor {
    if (this.#closed) throw new MillraceError("ERR_RUNTIME_CLOSED", "this runtime was closed");
    if (this.#reactor === undefined) {
      this.#reactor = new Reactor(this.#native ?? native());
      this.#reactor.onWork = () => this.schedule();
    }
    return this.#reactor;
  }

  /** Start a task: a future, a generator, a Promise or a function. See `JoinHandle`. */
  spawn<T>(source: Spawnable<T>, options?: SpawnOptions): JoinHandle<T> {
    if (this.#closed) {
      throw new MillraceError("ERR_RUNTIME_CLOSED", "cannot spawn: this runtime was closed; make a new one");
    }
    return this.executor.spawn(source, options);
  }

  /** Run `main` as a task and follow it; the host's loop goes on beside it. */
  run<T>(main: Spawnable<T>): Promise<T> {
    return this.spawn(main, { name: "main" }).then();
  }

  /** For futures that are awaited. */
  drive<T>(future: Pollable<T>): Promise<T> {
    return this.spawn(future).then();
  }

  /**
   * Run `main` to its end and block the thread meanwhile: the host's loop stands still, so Promises, `fetch`
   * and host timers make no progress; our own timers and sockets do.
   *
   * @throws {MillraceError} `ERR_BLOCK_ON_PROMISE` when it comes to wait for a Promise, `ERR_NESTED` inside a
   * task, `ERR_DEADLOCK` when nothing can ever wake it.
   */
  blockOn<T>(main: Spawnable<T>): T {
    if (this.#inTick || this.host.isStopped) {
      throw new MillraceError(
        "ERR_NESTED",
        "blockOn inside a running task would never return: await instead",
      );
    }
    const handle = this.spawn(main, { name: "main" });
    this.host.isStopped = true;
    const before = enter(this);
    try {
      while (!handle.isFinished) this.#blockOnce();
      // Finished: one poll gives the outcome and needs no context.
      return handle.poll(NO_CONTEXT) as T;
    } finally {
      this.host.isStopped = false;
      enter(before);
      if (!handle.isFinished) handle.abort();
      if (this.executor.ready > 0) this.schedule();
    }
  }

  #blockOnce(): void {
    this.time.fireExpired();
    this.executor.run();
    if (this.executor.ready > 0 || this.#reactor?.hasWork) {
      this.#reactor?.turn(0);
      return;
    }
    if (this.executor.alive === 0) return;
    const delayMs = this.time.nextDelayMs();
    const reactor = this.#reactor;
    if (reactor !== undefined && reactor.size > 0) {
      reactor.turn(delayMs === Infinity ? -1 : Math.min(Math.ceil(delayMs * 1000), 0x7fffffff));
    } else if (delayMs === Infinity || (this.#virtual && delayMs > 0)) {
      throw new MillraceError(
        "ERR_DEADLOCK",
        "blockOn waits for something that nothing in this runtime can bring: no timer and no socket is open",
      );
    } else {
      Atomics.wait(PARK_CELL, 0, 0, delayMs);
    }
  }

  /** Have a turn taken soon; does nothing if one is on its way. */
  schedule(): void {
    if (this.#scheduled || this.#inTick || this.host.isStopped || this.#closed) return;
    this.#scheduled = true;
    setImmediate(this.#tick);
  }

  /**
   * Take one turn now: fire timers, poll tasks, and let the sockets move, waiting for them up to `waitUs`
   * microseconds. The runtime does this by itself; a test on a virtual clock calls it. Returns how much happened.
   */
  turn(waitUs = 0): number {
    const progress = this.#turn(waitUs);
    // What became ready in the turn has told nobody.
    if (this.executor.ready > 0 || this.#reactor?.hasWork) this.schedule();
    return progress;
  }

  #turn(waitUs: number): number {
    const before = enter(this);
    const nested = this.#inTick;
    this.#inTick = true;
    try {
      let progress = this.time.fireExpired() + this.executor.run();
      if (this.#reactor !== undefined) progress += this.#reactor.turn(progress > 0 ? 0 : waitUs);
      return progress;
    } finally {
      this.#inTick = nested;
      enter(before);
    }
  }

  /**
   * One turn of the host's loop: turns of ours while there is something to do, the last with a short wait for more.
   * Then another turn of the host's loop, or a rest.
   */
  #runTick(): void {
    this.#scheduled = false;
    for (let left = TURNS_PER_TICK; left > 0; left--) {
      if (this.#closed) return;
      let progress = 1;
      try {
        progress = this.turn(this.#waitUs());
      } catch (error) {
        // A source or a timer let an error out: a fault of ours, to be seen, while the others go on.
        reportError(error);
      }
      if (progress === 0) return this.#rest();
      if (this.host.awaited > 0) break;
    }
    this.schedule();
  }

  /**
   * How long a turn may block the thread in the hope that the next request is on its way: not at all while a
   * Promise of the host is waited for.
   */
  #waitUs(): number {
    const reactor = this.#reactor;
    if (this.host.awaited > 0 || this.executor.ready > 0) return 0;
    if (reactor === undefined || reactor.size === 0 || reactor.hasDeferred) return 0;
    const delayMs = this.#virtual ? Infinity : this.time.nextDelayMs();
    return Math.min(this.#maxSpinUs, Math.floor(delayMs * 1000));
  }

  /** Nothing to do for now: again at the next deadline, or when the selector has something. */
  #rest(): void {
    const reactor = this.#reactor;
    if (this.executor.ready > 0 || reactor?.hasWork) return this.schedule();
    const delayMs = this.#virtual ? Infinity : this.time.nextDelayMs();
    if (delayMs <= 0) return this.schedule();
    if (reactor !== undefined && reactor.size > 0) return this.#park(reactor, delayMs);
    if (this.#parked !== undefined) reactor?.wake();
    this.#sleepOnHost(delayMs);
  }

  #stopHostTimer(): void {
    if (this.#hostTimer !== undefined) clearTimeout(this.#hostTimer);
    this.#hostTimer = undefined;
  }

  #sleepOnHost(delayMs: number): void {
    this.#stopHostTimer();
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

  /**
   * Resolves when no wait of this runtime is outstanding: at once while sockets are open, otherwise after the
   * parked thread has come back. For an orderly end of a server or a test.
   */
  async quiesce(): Promise<void> {
    while (this.#parked !== undefined && this.#reactor?.size === 0) {
      this.#reactor.wake();
      await this.#parked;
    }
  }

  /** Close the reactor and stop taking turns. Sockets and timers that are left are not told. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#stopHostTimer();
    const reactor = this.#reactor;
    if (reactor === undefined) return;
    reactor.wake();
    // The selector must outlive the thread that is waiting on it.
    if (this.#parked === undefined) reactor.dispose();
    else this.#parked.then(() => reactor.dispose());
  }

  /** Same as {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** {@link close}, and wait until the thread that was parked has come back. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#parked;
  }
}

const PARK_CELL = new Int32Array(new SharedArrayBuffer(4));

const NO_CONTEXT = { waker: { wake(): void {} }, spend: (): boolean => true };

let processWide: Runtime | undefined;

function processRuntime(): Runtime {
  return processWide ??= new Runtime();
}

setDefault(processRuntime);

/**
 * Start a task on the process's runtime.
 *
 * @example
 * ```ts
 * import { sleep, spawn } from "@millrace/millrace/runtime";
 *
 * const handle = spawn(function* () {
 *   yield* sleep(1);
 *   return "awake";
 * });
 * if (await handle !== "awake") throw new Error("awake was expected");
 * ```
 */
export function spawn<T>(source: Spawnable<T>, options?: SpawnOptions): JoinHandle<T> {
  return processRuntime().spawn(source, options);
}

/** Run `main` as a task of the process's runtime and follow it. See `Runtime.run`. */
export function run<T>(main: Spawnable<T>): Promise<T> {
  return processRuntime().run(main);
}

/** Run `main` to its end on the process's runtime, blocking the thread. See `Runtime.blockOn`. */
export function blockOn<T>(main: Spawnable<T>): T {
  return processRuntime().blockOn(main);
}
