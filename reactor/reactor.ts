/**
 * The batched reactor: sources queue operations, one native call per turn carries them out, waits, receives
 * and accepts, and the completions go back to the sources.
 * @module
 */
import {
  COMPLETION_INTS,
  KIND_WAKER,
  MAX_OPERATIONS,
  OP_ACCEPT,
  OP_ADD,
  OP_CLOSE,
  OP_RECEIVE,
  OP_SEND,
  OPERATION_INTS,
  OUTPUT_BYTES,
  READABLE,
  SUBMIT_ONLY,
} from "../ffi/abi.ts";
import { EAGAIN } from "../ffi/errno.ts";
import { expectResult } from "../ffi/errors.ts";
import type { Bytes, Native } from "../ffi/native.ts";
import type { Source } from "./source.ts";
import { Slab, type Token } from "./token.ts";
import { TurnMemory } from "./turn_memory.ts";

/** Size of one input arena. A new one is drawn when less than {@link INPUT_LOW} is left. */
export const INPUT_BYTES = 524_288;
/** Room below which a turn starts in a new input arena. */
export const INPUT_LOW = 32_768;

/** Takes nothing but the wake-up itself: its turn ends, that is all. */
const WAKE_SINK: Source = { complete(): void {} };

/**
 * One selector with its sources and the memory of its turns. Not shared between threads; {@link Reactor.wake}
 * is the one call that makes a parked wait end.
 */
export class Reactor {
  /** The functions that this reactor works with. */
  readonly native: Native;
  /** The arena with the bytes that the turn in progress received. */
  input: Bytes = new Uint8Array(INPUT_BYTES);
  /** Called when the first operation since the last submission is queued, or a source deferred. */
  onWork: (() => void) | undefined;
  #inputAt = 0;
  readonly #selector: number;
  readonly #waker: number;
  readonly #sources = new Slab<Source>();
  // Two blocks: while the completions of one are handed out, operations are written into the other.
  #current = new TurnMemory();
  #other = new TurnMemory();
  #submitted: TurnMemory;
  #deferred: Source[] = [];
  // Descriptor and token in turn; #receiving has the tokens of both.
  #receives: number[] = [];
  #starved: number[] = [];
  readonly #receiving = new Set<Token>();
  #stamp = 0;
  #closed = false;

  /** Open a selector and a waker of the library, or of a scripted twin. @throws {IoError} Without descriptors. */
  constructor(native: Native) {
    this.native = native;
    this.#submitted = this.#other;
    this.#selector = expectResult(native.selectorOpen(), "epoll_create");
    const waker = native.wakerOpen();
    if (waker < 0) native.close(this.#selector);
    this.#waker = expectResult(waker, "eventfd");
    const token = this.#sources.insert(WAKE_SINK);
    const added = native.selectorAdd(this.#selector, this.#waker, token, READABLE, KIND_WAKER);
    if (added < 0) {
      native.close(this.#waker);
      native.close(this.#selector);
    }
    expectResult(added, "epoll_ctl");
    // A process that has sockets needs as many descriptors as it may have; where it may not, accepting says so.
    native.raiseDescriptorLimit();
  }

  /** Sources that were added and not removed; the waker does not count. */
  get size(): number {
    return this.#sources.size - 1;
  }

  /** Does a source wait to be settled? */
  get hasDeferred(): boolean {
    return this.#deferred.length > 0;
  }

  /** Is there something for the next turn to do, whatever the selector says? */
  get hasWork(): boolean {
    return this.#current.count > 0 || this.#receiving.size > 0 || this.#deferred.length > 0;
  }

  /** Changes with every submission: equal stamps mean that a queued operation has not been carried out. */
  get stamp(): number {
    return this.#stamp;
  }

  /** The output arena of the submission before: a short send's rest is copied from here. */
  get sentOutput(): Bytes {
    return this.#submitted.output;
  }

  /** The arena into which the next submission's output is encoded. */
  get output(): Bytes {
    return this.#current.output;
  }

  /** Where free space in {@link output} begins. */
  get outputAt(): number {
    return this.#current.outputAt;
  }

  /** Give a source a token; the descriptor is watched when {@link queue} gets an `OP_ADD` for it. */
  insert(source: Source): Token {
    return this.#sources.insert(source);
  }

  /** Take the token back: completions that are on their way are dropped. */
  remove(token: Token): void {
    this.#sources.remove(token);
  }

  /** Start watching a descriptor with the next turn. */
  add(source: Source, fd: number, interest: number, kind: number): Token {
    const token = this.#sources.insert(source);
    this.queue(OP_ADD, fd, token, interest, kind);
    return token;
  }

  /** Forget the token and close the descriptor with the next turn. */
  close(token: Token, fd: number): void {
    this.#sources.remove(token);
    this.queue(OP_CLOSE, fd, token, 0, 0);
  }

  /** Queue an operation for the next turn. */
  queue(operation: number, fd: number, token: Token, a: number, b: number): void {
    // More than once: what a flush reports may have filled the operations again.
    while (this.#current.count === MAX_OPERATIONS) this.flush();
    this.#current.push(operation, fd, token, a, b);
    if (this.#current.count === 1) this.onWork?.();
  }

  /**
   * Receive from a stream with the next turn. Kept apart from the other operations: a submission in between
   * would run the source's handler in the middle of somebody else's queueing. Once per source; those for whom the
   * arena had no room left (`starved`) come first, so that no number of busy peers shuts the others out.
   */
  queueReceive(fd: number, token: Token, starved = false): void {
    if (this.#receiving.has(token)) return;
    this.#receiving.add(token);
    (starved ? this.#starved : this.#receives).push(fd, token);
    if (this.#receiving.size === 1) this.onWork?.();
  }

  /** After all that was queued; the token of one that was closed in the meantime finds nothing. */
  #submitReceives(memory: TurnMemory): void {
    const receives = this.#starved.concat(this.#receives);
    let at = 0;
    for (; at < receives.length && memory.count < MAX_OPERATIONS; at += 2) {
      this.#receiving.delete(receives[at + 1]);
      if (this.#sources.lookup(receives[at + 1]) !== undefined) {
        memory.push(OP_RECEIVE, receives[at], receives[at + 1], 0, 0);
      }
    }
    this.#starved = receives.slice(at);
    this.#receives = [];
  }

  /**
   * Queue a send of `output[from, to)`, which the caller has just written at {@link outputAt}. Sends of one
   * source that lie one behind the other become one. Returns the offset at which this send begins in all.
   */
  queueSend(fd: number, token: Token, from: number, to: number, flags: number): number {
    const memory = this.#current;
    const { operations } = memory;
    const last = (memory.count - 1) * OPERATION_INTS;
    const extended = memory.count > 0 && this.endsWith(token, from);
    memory.outputAt = to;
    if (extended) {
      operations[last] |= flags << 8;
      operations[last + 4] = to - operations[last + 3];
      return operations[last + 3];
    }
    // Room for it was seen to by reserve().
    memory.push(OP_SEND | flags << 8, fd, token, from, to - from);
    if (memory.count === 1) this.onWork?.();
    return from;
  }

  /** Is the last queued operation a send of this source that ends at `to`, so that more output extends it? */
  endsWith(token: Token, to: number): boolean {
    const memory = this.#current;
    const last = (memory.count - 1) * OPERATION_INTS;
    const { operations } = memory;
    return memory.outputAt === to && operations[last + 2] === token && (operations[last] & 0xff) === OP_SEND;
  }

  /** Make sure that `bytes` of output and one operation fit; submits what is queued if they do not. */
  reserve(bytes: number): void {
    const memory = this.#current;
    if (memory.outputAt + bytes > OUTPUT_BYTES) this.flush();
    while (memory.count === MAX_OPERATIONS) this.flush();
  }

  /** Carry out what is queued without waiting. Only bookkeeping runs in the sources. */
  flush(): void {
    const memory = this.#current;
    if (memory.count === 0) {
      memory.clear();
      return;
    }
    const count = this.#call(memory, SUBMIT_ONLY);
    if (count === 0) return;
    const before = this.#submitted;
    this.#submitted = memory;
    try {
      // A copy: what the sources queue now may have to be submitted from the same memory.
      this.#dispatch(memory.completions.slice(0, count * COMPLETION_INTS), count);
    } finally {
      this.#submitted = before;
    }
  }

  /**
   * One turn: submit, wait up to `timeoutUs` microseconds (-1: without limit), dispatch. Returns how many
   * completions there were.
   *
   * @throws {IoError} When the selector itself fails, which means that this program is broken.
   */
  turn(timeoutUs: number): number {
    if (this.input.length - this.#inputAt < INPUT_LOW) {
      this.input = new Uint8Array(INPUT_BYTES);
      this.#inputAt = 0;
    }
    const memory = this.#current;
    if (this.#receiving.size > 0) this.#submitReceives(memory);
    const count = this.#call(memory, timeoutUs);
    this.#current = this.#other;
    this.#other = memory;
    this.#submitted = memory;
    this.#dispatch(memory.completions, count);
    if (this.#deferred.length > 0) this.#settle();
    return count;
  }

  /** Have `source.settle()` called at the end of this turn, or of the next. */
  defer(source: Source): void {
    this.#deferred.push(source);
    if (this.#deferred.length === 1) this.onWork?.();
  }

  #settle(): void {
    const deferred = this.#deferred;
    this.#deferred = [];
    let failure: unknown;
    for (const source of deferred) {
      try {
        source.settle?.();
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  }

  #call(memory: TurnMemory, timeoutUs: number): number {
    const { input } = this;
    const operations = memory.count;
    memory.clear();
    this.#stamp = (this.#stamp + 1) & 0x3fffffff;
    const count = this.native.turn(
      this.#selector,
      memory.block,
      operations,
      input,
      this.#inputAt,
      input.length,
      timeoutUs,
    );
    return expectResult(count, "epoll_wait");
  }

  #dispatch(completions: Int32Array, count: number): void {
    const end = count * COMPLETION_INTS;
    this.#advanceInput(completions, end);
    let failure: unknown;
    for (let at = 0; at < end; at += COMPLETION_INTS) {
      const code = completions[at + 1];
      const source = this.#sources.lookup(completions[at]);
      if (source === undefined) {
        this.#drop(code & 0xff, completions[at + 2]);
        continue;
      }
      try {
        source.complete(code & 0xff, completions[at + 2], code >> 8, completions[at + 3]);
      } catch (error) {
        failure ??= error;
      }
    }
    if (failure !== undefined) throw failure;
  }

  /** Received bytes are packed upwards: the last one tells how far the arena is used. */
  #advanceInput(completions: Int32Array, end: number): void {
    for (let at = end - COMPLETION_INTS; at >= 0; at -= COMPLETION_INTS) {
      const result = completions[at + 2];
      if ((completions[at + 1] & 0xff) === OP_RECEIVE && result > 0) {
        this.#inputAt = Math.min((completions[at + 3] + result + 7) & ~7, this.input.length);
        return;
      }
    }
  }

  /** A completion for a source that is gone: a connection accepted for it must not leak. */
  #drop(operation: number, result: number): void {
    if (operation === OP_ACCEPT && result >= 0) this.native.close(result);
  }

  /** Wait on another thread until there is something to do, at most `timeoutMs` (-1: no limit). */
  park(timeoutMs: number): Promise<number> {
    return this.native.park(this.#selector, timeoutMs);
  }

  /** End the wait in progress, or the next one. May be called from anywhere, at any time. */
  wake(): void {
    if (!this.#closed) this.native.wake(this.#waker);
  }

  /**
   * Carry out and settle what is queued, have the sources that are left close their descriptors, and close the
   * selector, after `parked`, the wait in progress, has ended. Throws what a source threw, after all of that.
   */
  dispose(parked?: Promise<unknown>): void {
    if (this.#closed) return;
    try {
      // A socket that was closed a moment ago closes its descriptor when it is settled.
      this.flush();
      this.#settle();
      this.flush();
    } finally {
      try {
        this.#abandon();
      } finally {
        this.wake();
        this.#closed = true;
        // The selector must outlive the thread that is waiting on it.
        if (parked === undefined) this.#closeSelector();
        else parked.then(() => this.#closeSelector());
      }
    }
  }

  #abandon(): void {
    let failure: unknown;
    for (const source of [...this.#sources.values()]) {
      try {
        source.abandon?.();
      } catch (error) {
        failure ??= error;
      }
    }
    this.flush();
    this.#settle();
    this.flush();
    if (failure !== undefined) throw failure;
  }

  #closeSelector(): void {
    this.native.close(this.#waker);
    this.native.close(this.#selector);
  }

  /** Is a would-block: a value, not an error. */
  static isWouldBlock(result: number): boolean {
    return result === -EAGAIN;
  }
}
