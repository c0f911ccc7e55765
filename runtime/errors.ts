/**
 * Errors of the runtime and of everything that touches the operating system.
 * @module
 */
import { MillraceError } from "./bytes/errors.ts";
export { IoError } from "../ffi/errors.ts";
export * from "./bytes/errors.ts";

/** Something took longer than it was allowed to. */
export class TimeoutError extends MillraceError {
  /** What was being waited for, for example `head`. */
  readonly phase: string;
  /** The limit in milliseconds. */
  readonly afterMs: number;

  /** What was being waited for, and the limit in milliseconds. */
  constructor(phase: string, afterMs: number) {
    super("ERR_TIMEOUT", `${phase} did not finish within ${afterMs} ms`);
    this.phase = phase;
    this.afterMs = afterMs;
  }
}

/** The thing is closed, and who closed it. */
export class ClosedError extends MillraceError {
  /** Which side ended it. */
  readonly by: "local" | "remote";

  /** What is closed, and which side closed it. */
  constructor(what: string, by: "local" | "remote") {
    super("ERR_CLOSED", `${what} was closed by the ${by} side`);
    this.by = by;
  }
}

/** A task was aborted before it finished. */
export class CancelledError extends MillraceError {
  /** The name of the task. */
  constructor(what = "task") {
    super("ERR_CANCELLED", `${what} was aborted before it finished`);
  }
}
