/**
 * `Selector`: readiness in the shape of mio, for descriptors of any kind. The runtime's own sockets go through
 * the batched reactor instead.
 * @module
 */
import { COMPLETION_INTS, KIND_READINESS, KIND_WAKER, OP_READY } from "../ffi/abi.ts";
import { expectResult } from "../ffi/errors.ts";
import { native as loadNative } from "../ffi/load.ts";
import type { Bytes, Native } from "../ffi/native.ts";
import type { Events } from "./event.ts";
import { Interest } from "./interest.ts";
import type { Token } from "./token.ts";
import { TurnMemory } from "./turn_memory.ts";

const NO_INPUT: Bytes = new Uint8Array(0);

/**
 * Watches descriptors and reports which are ready.
 *
 * An event is a hint: readiness may be spurious, and with edge triggering (the default) it comes once per
 * change, so read or write until would-block before the next `select`.
 *
 * @example
 * ```ts
 * import { Events, Selector } from "@millrace/millrace/reactor";
 *
 * using selector = new Selector();
 * const waker = selector.waker(7);
 * waker.wake();
 * const events = new Events();
 * selector.select(events, 1000);
 * if (events.at(0).token !== 7) throw new Error("the waker's token was expected");
 * ```
 */
export class Selector implements Disposable {
  readonly #native: Native;
  readonly #memory = new TurnMemory();
  readonly #wakers: number[] = [];
  #handle: number;

  /** Open a selector of the given library; by default of the process's own. @throws {NativeLoadError} */
  constructor(native: Native = loadNative()) {
    this.#native = native;
    this.#handle = expectResult(native.selectorOpen(), "epoll_create");
  }

  /**
   * Start watching a descriptor. `token` comes back in its events: 0 to 2^30-1.
   *
   * @throws {IoError} `EEXIST` if it is watched already, `EBADF` if it is not open.
   */
  register(fd: number, token: Token, interest: Interest): void {
    this.#check(token, interest);
    expectResult(
      this.#native.selectorAdd(this.#handle, fd, token, interest, KIND_READINESS),
      "register",
      `descriptor ${fd}`,
    );
  }

  /** Change token and interest of a watched descriptor; a state that holds is reported anew. @throws {IoError} */
  reregister(fd: number, token: Token, interest: Interest): void {
    this.#check(token, interest);
    expectResult(
      this.#native.selectorModify(this.#handle, fd, token, interest, KIND_READINESS),
      "reregister",
      `descriptor ${fd}`,
    );
  }

  /** Stop watching a descriptor; closing it does the same. @throws {IoError} `ENOENT` if it was not watched. */
  deregister(fd: number): void {
    expectResult(this.#native.selectorRemove(this.#handle, fd), "deregister", `descriptor ${fd}`);
  }

  /**
   * Fill `events` with what is ready, waiting for the first up to `timeoutMs` (0: do not wait, -1: no limit;
   * fractions count). Blocks the thread. Returns the number of events; 0 may also mean that a signal came.
   *
   * @throws {RangeError} When `timeoutMs` is NaN.
   */
  select(events: Events, timeoutMs: number): number {
    if (Number.isNaN(timeoutMs)) {
      throw new RangeError(`timeoutMs "${timeoutMs}" is not a number of milliseconds or -1`);
    }
    const timeoutUs = timeoutMs < 0 ? -1 : Math.min(Math.ceil(timeoutMs * 1000), 0x7fffffff);
    const count = expectResult(
      this.#native.turn(this.#handle, this.#memory.block, 0, NO_INPUT, 0, 0, timeoutUs),
      "select",
    );
    events.clear();
    const { completions } = this.#memory;
    for (let index = 0; index < count; index++) {
      const at = index * COMPLETION_INTS;
      if ((completions[at + 1] & 0xff) === OP_READY) events.push(completions[at], completions[at + 2]);
    }
    return events.length;
  }

  /** A waker of this selector whose events carry `token`. It is closed with the selector. */
  waker(token: Token): SelectorWaker {
    this.#check(token, Interest.READABLE);
    const native = this.#native;
    const fd = expectResult(native.wakerOpen(), "eventfd");
    this.#wakers.push(fd);
    expectResult(native.selectorAdd(this.#handle, fd, token, Interest.READABLE, KIND_WAKER), "register");
    return { wake: () => void (this.#handle >= 0 && native.wake(fd)) };
  }

  /** Close the selector and its wakers; the descriptors that it watched stay open. */
  close(): void {
    if (this.#handle < 0) return;
    for (const fd of this.#wakers) this.#native.close(fd);
    this.#native.close(this.#handle);
    this.#handle = -1;
  }

  /** Same as {@link close}. */
  [Symbol.dispose](): void {
    this.close();
  }

  #check(token: Token, interest: Interest): void {
    if (!Number.isInteger(token) || token < 0 || token >= 2 ** 30) {
      throw new RangeError(`token "${token}" is not an integer from 0 to 2^30-1`);
    }
    if ((interest & (Interest.READABLE | Interest.WRITABLE)) === 0) {
      throw new RangeError("an interest needs READABLE or WRITABLE");
    }
  }
}

/** Ends a `select`, from anywhere in the process; several wakes before it may be reported as one. */
export interface SelectorWaker {
  /** Make the selector report the waker's token. */
  wake(): void;
}
