/**
 * The scripted twin's turn: shim/epoll.c over again, on the same memory.
 * @module
 */
import {
  COMPLETION_INTS,
  FLAG_ENDING,
  FLAG_MORE,
  FLAG_REPORT,
  KIND_LISTENER,
  KIND_STREAM,
  KIND_WAKER,
  MAX_COMPLETIONS,
  MAX_OPERATIONS,
  OP_ACCEPT,
  OP_ADD,
  OP_CLOSE,
  OP_MODIFY,
  OP_READY,
  OP_RECEIVE,
  OP_SEND,
  OP_SHUTDOWN,
  OPERATION_INTS,
  OUTPUT_BYTES,
  READABLE,
  RECEIVE_MAX,
  RECEIVE_MIN,
  WRITABLE,
} from "../ffi/abi.ts";
import { EAGAIN, errno } from "../ffi/errno.ts";
import type { Bytes, Native } from "../ffi/native.ts";
import type { VirtualEvent } from "./scripted_selector.ts";
import { VirtualWaker } from "./scripted_socket.ts";

/** Connections accepted from one listener in one turn: MR_ACCEPT_BATCH of shim.h. */
const ACCEPT_BATCH = 64;

const EINVAL = errno("EINVAL");

/** One turn in progress. */
export class ScriptedTurn {
  /** Completions so far. */
  count = 0;
  readonly #native: Native;
  readonly #selector: number;
  readonly #completions: Int32Array;
  readonly #operations: Int32Array;
  readonly #output: Bytes;
  readonly #input: Bytes;
  readonly #end: number;
  #at: number;

  /** The arguments of `Native.turn`. */
  constructor(native: Native, selector: number, memory: Bytes, input: Bytes, at: number, end: number) {
    const { buffer, byteOffset } = memory;
    const completions = MAX_COMPLETIONS * COMPLETION_INTS;
    const operations = MAX_OPERATIONS * OPERATION_INTS;
    this.#native = native;
    this.#selector = selector;
    this.#completions = new Int32Array(buffer, byteOffset, completions);
    this.#operations = new Int32Array(buffer, byteOffset + completions * 4, operations);
    this.#output = new Uint8Array(buffer, byteOffset + (completions + operations) * 4, OUTPUT_BYTES);
    this.#input = input;
    this.#at = at;
    this.#end = end;
  }

  /** Carry out the first `count` operations, in order. */
  runOperations(count: number): void {
    for (let at = 0; at < count * OPERATION_INTS; at += OPERATION_INTS) this.#runOperation(at);
  }

  #runOperation(at: number): void {
    const [word, fd, token, a, b] = this.#operations.subarray(at, at + OPERATION_INTS);
    const code = word & 0xff;
    const report = (word >> 8 & FLAG_REPORT) !== 0;
    const native = this.#native;
    let result = -EINVAL;
    if (code === OP_SEND) {
      result = native.send(fd, this.#output, a, b);
      if (report || result !== b) this.#complete(token, OP_SEND, 0, result, 0);
      return;
    }
    if (code === OP_RECEIVE) return this.#receive(fd, token, false);
    if (code === OP_CLOSE) return void native.close(fd);
    if (code === OP_ADD) result = native.selectorAdd(this.#selector, fd, token, a, b);
    else if (code === OP_MODIFY) result = native.selectorModify(this.#selector, fd, token, a, b);
    else if (code === OP_SHUTDOWN) result = native.shutdown(fd, 1);
    if (result < 0 || report) this.#complete(token, code, 0, result, 0);
  }

  /** Do what the kind of each ready descriptor asks for. */
  runEvents(events: readonly VirtualEvent[]): void {
    events.forEach((event, index) => this.#runEvent(event, 2 * (events.length - index)));
  }

  #runEvent({ watch, bits }: VirtualEvent, reserved: number): void {
    const { fd, token, kind } = watch;
    if (kind === KIND_STREAM) {
      if ((bits & ~WRITABLE) !== 0) this.#receive(fd, token, (bits & ~(READABLE | WRITABLE)) !== 0);
      if ((bits & WRITABLE) !== 0) this.#complete(token, OP_READY, 0, WRITABLE, 0);
    } else if (kind === KIND_LISTENER) {
      this.#acceptBatch(fd, token, reserved);
    } else if (kind === KIND_WAKER) {
      if (watch.file instanceof VirtualWaker) watch.file.drain();
      this.#complete(token, OP_READY, 0, READABLE, 0);
    } else {
      this.#complete(token, OP_READY, 0, bits, 0);
    }
  }

  #acceptBatch(fd: number, token: number, reserved: number): void {
    for (let index = 0; index < ACCEPT_BATCH && this.count + reserved < MAX_COMPLETIONS; index++) {
      const accepted = this.#native.accept(fd);
      if (accepted === -EAGAIN) return;
      this.#complete(token, OP_ACCEPT, 0, accepted, 0);
      if (accepted < 0) return;
    }
  }

  #receive(fd: number, token: number, ending: boolean): void {
    const room = this.#end - this.#at;
    const flags = ending ? FLAG_ENDING : 0;
    if (room < RECEIVE_MIN) return this.#complete(token, OP_RECEIVE, flags | FLAG_MORE, -EAGAIN, this.#at);
    const wanted = Math.min(room, RECEIVE_MAX);
    const count = this.#native.receive(fd, this.#input, this.#at, wanted);
    const more = count === wanted || (count > 0 && ending);
    this.#complete(token, OP_RECEIVE, more ? flags | FLAG_MORE : flags, count, this.#at);
    if (count > 0) this.#at = Math.min(this.#at + count + 7 & ~7, this.#end);
  }

  #complete(token: number, operation: number, flags: number, result: number, offset: number): void {
    this.#completions.set([token, operation | flags << 8, result, offset], this.count * COMPLETION_INTS);
    this.count++;
  }
}
