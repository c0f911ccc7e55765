/**
 * The native border: finding, opening and describing the small C library below the reactor.
 *
 * Only the floors above use the functions themselves; a user meets this export to ask whether the library
 * is there, where it lies, and why it does not open.
 * @module
 */
export { ABI_VERSION } from "./abi.ts";
export { IoError, MillraceError } from "./errors.ts";
export { describeErrno, errno, type ErrnoFamily } from "./errno.ts";
export { buildCommand, libraryPath, type LoaderHost, native, NativeLoadError, openNative } from "./load.ts";
export type { Bytes, Native } from "./native.ts";
