/**
 * Errors of the host's sockets as ours.
 * @module
 */
import { errno } from "../ffi/errno.ts";
import { IoError, MillraceError } from "../ffi/errors.ts";

/** Host errors that do not always carry the system's name. */
const NAMES: Readonly<Record<string, string>> = {
  AddrInUse: "EADDRINUSE",
  AddrNotAvailable: "EADDRNOTAVAIL",
  BadResource: "EBADF",
  BrokenPipe: "EPIPE",
  ConnectionAborted: "ECONNABORTED",
  ConnectionRefused: "ECONNREFUSED",
  ConnectionReset: "ECONNRESET",
  NetworkUnreachable: "ENETUNREACH",
  NotConnected: "ENOTCONN",
  TimedOut: "ETIMEDOUT",
};

/** The system's number behind a host error; `undefined` if it is none that we know. */
function numberOf(error: Error): number | undefined {
  const code = (error as { code?: unknown }).code;
  for (const name of [code, NAMES[error.name]]) {
    if (typeof name !== "string") continue;
    try {
      return errno(name);
    } catch {
      // Not a name of the table: try the next one.
    }
  }
  return undefined;
}

/**
 * The {@link IoError} of a failed host call, with the host's error as its cause. An error that is not the
 * system's (a missing permission, say) is returned as it is: its own text helps most.
 */
export function hostError(syscall: string, error: unknown, address?: string): Error {
  if (!(error instanceof Error)) return new Error(`${syscall} failed: ${error}`);
  if (error instanceof MillraceError) return error;
  const number = numberOf(error);
  if (number === undefined) return error;
  const result = new IoError(syscall, number, address);
  result.cause = error;
  return result;
}
