/**
 * The memory of one batched turn: operations and output going down, completions coming up.
 * @module
 */
import {
  COMPLETION_INTS,
  MAX_COMPLETIONS,
  MAX_OPERATIONS,
  OPERATION_INTS,
  OUTPUT_BYTES,
} from "../ffi/abi.ts";
import type { Bytes } from "../ffi/native.ts";

const COMPLETION_BYTES = MAX_COMPLETIONS * COMPLETION_INTS * 4;
const OPERATION_BYTES = MAX_OPERATIONS * OPERATION_INTS * 4;

/** One block, laid out as shim.h says. Pages that are never touched cost nothing. */
export class TurnMemory {
  /** The whole block, as it crosses the border. */
  readonly block: Bytes;
  /** Completions, four integers each. */
  readonly completions: Int32Array;
  /** Operations, five integers each. */
  readonly operations: Int32Array;
  /** The output arena. */
  readonly output: Bytes;
  /** Operations written so far. */
  count = 0;
  /** Bytes of the output arena taken so far. */
  outputAt = 0;

  constructor() {
    const buffer = new ArrayBuffer(COMPLETION_BYTES + OPERATION_BYTES + OUTPUT_BYTES);
    this.block = new Uint8Array(buffer);
    this.completions = new Int32Array(buffer, 0, COMPLETION_BYTES / 4);
    this.operations = new Int32Array(buffer, COMPLETION_BYTES, OPERATION_BYTES / 4);
    this.output = new Uint8Array(buffer, COMPLETION_BYTES + OPERATION_BYTES, OUTPUT_BYTES);
  }

  /** Append an operation. The caller has made sure that there is room. */
  push(operation: number, fd: number, token: number, a: number, b: number): void {
    const operations = this.operations;
    const at = this.count * OPERATION_INTS;
    operations[at] = operation;
    operations[at + 1] = fd;
    operations[at + 2] = token;
    operations[at + 3] = a;
    operations[at + 4] = b;
    this.count++;
  }

  /** Forget the operations and the output. */
  clear(): void {
    this.count = 0;
    this.outputAt = 0;
  }
}
