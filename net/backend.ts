/**
 * Whose sockets to use: the native library's if it opens, else the host's.
 * @module
 */
import { NativeLoadError } from "../ffi/load.ts";
import type { Runtime } from "../runtime/runtime.ts";
import type { Backend } from "./transport.ts";

/** Which sockets are wanted. */
export interface BackendOptions {
  /**
   * `native`: the batched reactor, an error without the library. `host`: the host's own sockets. `auto`, the
   * default: native, and the host's where the library is missing or not permitted.
   */
  readonly backend?: Backend | "auto" | undefined;
  /** Called when `auto` takes the host's sockets; the error says why, and how to get the native ones. */
  readonly onFallback?: ((error: NativeLoadError) => void) | undefined;
}

/** Nothing is wrong with the library, it just is not there: the only reasons to go on without. */
const ABSENT: readonly string[] = ["ERR_SHIM_MISSING", "ERR_SHIM_PERMISSION"];

/**
 * Decide, by opening the runtime's reactor.
 *
 * @throws {NativeLoadError} When the library is broken or of another version, and, with `native`, whenever it
 * does not open.
 */
export function chooseBackend(runtime: Runtime, options: BackendOptions): Backend {
  const wanted = options.backend ?? "auto";
  if (wanted === "host") return "host";
  if (wanted !== "auto" && wanted !== "native") {
    throw new TypeError(`backend "${wanted}" is not "auto", "native" or "host"`);
  }
  try {
    // Opens at the first call.
    void runtime.reactor;
    return "native";
  } catch (error) {
    if (wanted === "native" || !(error instanceof NativeLoadError) || !ABSENT.includes(error.code)) {
      throw error;
    }
    options.onFallback?.(error);
    return "host";
  }
}
