/**
 * The runtime: executor, timers and reactor on one thread, living beside the host's own event loop.
 * @module
 */
import { native } from "../ffi/load.ts";
import type { Native } from "../ffi/native.ts";
import { Reactor } from "../reactor/reactor.ts";
import { MillraceError } from "./errors.ts";
import { holdThread, HostDriver, SPIN_US } from "./host_driver.ts";
import { LocalExecutor, type SpawnOptions } from "./scheduler/local.ts";
import type { TaskErrorHandler } from "./task/failures.ts";
import type { Spawnable } from "./task/from.ts";
import type { Pollable } from "./task/future.ts";
import { HostLoop } from "./task/host_loop.ts";
import { type JoinHandle, taskOf } from "./task/join.ts";
import { blockedOnPromise } from "./task/promise.ts";
import { enter, processSpawner, setDefault, type Spawner, spawner } from "./task/spawner.ts";
import type { Task } from "./task/task.ts";
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
  /**
   * Told, once, of the error of a task that threw while nobody had begun to wait for it, and of the task's name; who
   * begins to wait in the same turn of the host's loop, in a microtask too, is in time. Aborted tasks do not count.
   * Default: as an unhandled rejection, which dispatches `unhandledrejection` and, unless a listener prevents it,
   * ends the process.
   */
  readonly onTaskError?: TaskErrorHandler;
}

/**
 * An executor with timers and sockets. On the host's thread it takes one turn of the host's loop per batch, so
 * that `fetch`, database drivers and host timers run beside it; idle, it waits for a moment, then parks on
 * another thread until the selector, the next timer or a wake-up ends it.
 *
 * Most programs never make one: `spawn`, `sleep` and `serve` use the process's own ({@link Runtime.process}).
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
export class Runtime implements Disposable, AsyncDisposable {
  /** The timers, and the time of the turn in progress. */
  readonly time: TimeDriver;
  /** The tasks. */
  readonly executor: LocalExecutor;
  /** The host's loop, as far as this runtime knows of it. */
  readonly host: HostLoop = new HostLoop();
  readonly #native: Native | undefined;
  readonly #virtual: boolean;
  readonly #driver: HostDriver;
  #reactor: Reactor | undefined;
  /** A turn or a blockOn is in progress: neither may begin inside of it. */
  #inTurn = false;
  /** Takes no tasks any more. */
  #closed = false;
  /** Has no sockets any more. */
  #ended = false;

  /** Opens nothing yet, and takes no turn before there is something to do. */
  constructor(options: RuntimeOptions = {}) {
    const clock = options.clock ?? systemClock;
    const spinUs = options.spinUs ?? SPIN_US;
    if (!(spinUs >= 0)) throw new RangeError(`spinUs "${spinUs}" is not a number >= 0`);
    this.#virtual = clock !== systemClock;
    this.#native = options.native;
    this.time = new TimeDriver(clock);
    this.executor = new LocalExecutor(this.host, options.onTaskError);
    this.#driver = new HostDriver({
      time: this.time,
      host: this.host,
      isVirtual: this.#virtual,
      spinUs,
      reactor: () => this.#reactor,
      hasReady: () => this.executor.ready > 0,
      turn: (waitUs) => this.#turn(waitUs),
    });
    this.time.onEarlier = () => this.schedule();
    this.time.onIdle = () => this.#driver.stopHostTimer();
    this.executor.onReady = () => this.schedule();
  }

  /**
   * The runtime whose task is being polled, or whose task's async function has come here across its awaits;
   * otherwise the process's.
   */
  static current(): Runtime {
    const current = spawner();
    return current instanceof Runtime ? current : Runtime.process();
  }

  /** The process-wide runtime; made at the first call, never closed. */
  static process(): Runtime {
    return processSpawner() as Runtime;
  }

  /**
   * The sockets' reactor, opened at the first call.
   *
   * @throws {NativeLoadError} When the native library is missing or not permitted.
   */
  get reactor(): Reactor {
    if (this.#ended) throw new MillraceError("ERR_RUNTIME_CLOSED", "this runtime was closed");
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
    try {
      return this.spawn(future).then();
    } catch (error) {
      return Promise.reject(error);
    }
  }

  /**
   * Run `main` to its end and block the thread meanwhile: the host's loop stands still, so Promises, `fetch`
   * and host timers make no progress; our own timers and sockets do. Other tasks that wait for a Promise wait on.
   *
   * @throws {MillraceError} `ERR_BLOCK_ON_PROMISE` when it comes to wait for a Promise, `ERR_NESTED` inside a
   * task, `ERR_DEADLOCK` when nothing can ever wake it.
   */
  blockOn<T>(main: Spawnable<T>): T {
    this.#refuseNested("blockOn");
    const task = taskOf(this.spawn(main, { name: "main" }));
    this.host.blockedBy = task;
    const before = this.#begin();
    try {
      while (!task.isFinished) this.#blockOnce(task as Task<unknown>);
      return task.result();
    } finally {
      task.abort();
      this.host.blockedBy = undefined;
      this.#end(before);
      this.schedule();
    }
  }

  #blockOnce(main: Task<unknown>): void {
    try {
      if (this.#blockingTurn(main)) return;
    } catch (error) {
      // Not the fault of main: seen and survived as in a turn beside the host's loop.
      return reportError(error);
    }
    if (this.host.awaited > 0) throw blockedOnPromise();
    throw new MillraceError(
      "ERR_DEADLOCK",
      "blockOn waits for something that nothing in this runtime can bring: no timer and no socket is open",
    );
  }

  /** `false`: there is nothing to wait for. */
  #blockingTurn(main: Task<unknown>): boolean {
    this.time.fireExpired();
    this.executor.run();
    const reactor = this.#reactor;
    if (this.executor.ready > 0 || reactor?.hasWork) {
      reactor?.turn(0);
      return true;
    }
    if (main.isFinished) return true;
    const delayMs = this.time.nextDelayMs();
    if (reactor !== undefined && reactor.size > 0) {
      reactor.turn(delayMs === Infinity ? -1 : Math.min(Math.ceil(delayMs * 1000), 0x7fffffff));
      return true;
    }
    if (delayMs === Infinity || (this.#virtual && delayMs > 0)) return false;
    holdThread(delayMs);
    return true;
  }

  /** Have a turn taken soon; does nothing if one is on its way. */
  schedule(): void {
    if (!this.#inTurn) this.#driver.schedule();
  }

  /**
   * Take one turn now: fire timers, poll tasks, and let the sockets move, waiting for them up to `waitUs`
   * microseconds. The runtime does this by itself; a test on a virtual clock calls it. Returns how much happened,
   * 0 after {@link close}.
   *
   * @throws {MillraceError} `ERR_NESTED` inside a task.
   */
  turn(waitUs = 0): number {
    this.#refuseNested("turn");
    const progress = this.#turn(waitUs);
    // What became ready in the turn has told nobody.
    if (this.executor.ready > 0 || this.#reactor?.hasWork) this.schedule();
    return progress;
  }

  /** No longer than to the next timer. */
  #bounded(waitUs: number): number {
    if (waitUs === 0 || this.#virtual) return waitUs;
    return Math.min(waitUs, Math.floor(this.time.peekDelayMs() * 1000));
  }

  #turn(waitUs: number): number {
    if (this.#closed) return 0;
    const before = this.#begin();
    try {
      let progress = this.time.fireExpired() + this.executor.run();
      if (this.#reactor !== undefined) {
        progress += this.#reactor.turn(progress > 0 ? 0 : this.#bounded(waitUs));
      }
      return progress;
    } finally {
      this.#end(before);
    }
  }

  #refuseNested(what: string): void {
    if (!this.#inTurn) return;
    throw new MillraceError("ERR_NESTED", `${what} inside a running task would never return: await instead`);
  }

  #begin(): Spawner | undefined {
    this.#inTurn = true;
    return enter(this);
  }

  #end(before: Spawner | undefined): void {
    enter(before);
    this.#inTurn = false;
    if (this.#closed) this.#disposeReactor();
  }

  /**
   * Resolves when what was closed is closed and no wait of this runtime is outstanding: in a moment while sockets are
   * open, otherwise after the parked thread has come back. For an orderly end of a server or a test.
   */
  quiesce(): Promise<void> {
    return this.#driver.quiesce();
  }

  /**
   * End everything: live tasks are aborted, so that their `finally` blocks run and their handles reject with a
   * `CancelledError`; open sockets are closed at once, and what waits for them is told; no timer fires any more.
   * Closing from inside a task ends the sockets with the turn. Sockets of the host are the host's.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#driver.stop();
    const before = enter(this);
    try {
      this.executor.abortAll();
    } finally {
      enter(before);
      if (!this.#inTurn) this.#disposeReactor();
    }
  }

  #disposeReactor(): void {
    if (this.#ended) return;
    try {
      // The selector must outlive the thread that is waiting on it.
      this.#reactor?.dispose(this.#driver.parked);
    } finally {
      this.#ended = true;
    }
  }

  /** Same as {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** {@link close}, and wait until the thread that was parked has come back. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
    await this.#driver.parked;
  }
}

setDefault(() => new Runtime());

/**
 * Start a task on the current runtime: inside a task its own, otherwise the process's. See `Runtime.current`.
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
  return Runtime.current().spawn(source, options);
}

/** Run `main` as a task of the current runtime and follow it. See `Runtime.run`. */
export function run<T>(main: Spawnable<T>): Promise<T> {
  return Runtime.current().run(main);
}

/** Run `main` to its end on the current runtime, blocking the thread. See `Runtime.blockOn`. */
export function blockOn<T>(main: Spawnable<T>): T {
  return Runtime.current().blockOn(main);
}

/** Resolves when nothing of the current runtime is outstanding but open sockets. See `Runtime.quiesce`. */
export function quiesce(): Promise<void> {
  return Runtime.current().quiesce();
}
