/**
 * The base of Millrace's errors, and the error of a failed system call.
 * @module
 */
import { describeErrno } from "./errno.ts";

/**
 * The base of every error that Millrace raises on purpose; `code` is stable, the text is for people.
 *
 * @example
 * ```ts
 * import { MillraceError } from "@millrace/millrace/runtime";
 *
 * const error = new MillraceError("ERR_DEMO", "nothing is wrong");
 * if (error.code !== "ERR_DEMO") throw error;
 * ```
 */
export class MillraceError extends Error {
  /** Stable, upper-case identifier: compare this, never the message. */
  readonly code: string;

  /** A stable `code`, and a message: what failed, with what value, and what was wanted. */
  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/**
 * A system call failed. `code` is the name of the number (`ECONNREFUSED`), the text says what was tried, on
 * what, and why it failed.
 *
 * @example
 * ```ts
 * import { IoError } from "@millrace/millrace/runtime";
 *
 * const error = new IoError("listen", 98, "127.0.0.1:80");
 * if (error.syscall !== "listen") throw error;
 * ```
 */
export class IoError extends MillraceError {
  /** The call that failed, for example `connect`. */
  readonly syscall: string;
  /** The positive error number of this operating system. */
  readonly errno: number;
  /** The address or path concerned, if there is one. */
  readonly address: string | undefined;

  /** The call that failed, the positive error number of this system, and on what it was tried. */
  constructor(syscall: string, errno: number, address?: string) {
    const [code, text] = describeErrno(errno);
    super(code, `${syscall}${address === undefined ? "" : ` ${address}`} failed: ${text} (${code})`);
    this.syscall = syscall;
    this.errno = errno;
    this.address = address;
  }
}

/** Pass a count on; a negative errno becomes an {@link IoError}. */
export function expectResult(result: number, syscall: string, address?: string): number {
  if (result < 0) throw new IoError(syscall, -result, address);
  return result;
}
