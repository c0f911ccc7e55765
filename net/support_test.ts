/**
 * What the tests of this floor share.
 * @module
 */
import { native } from "../ffi/load.ts";
import type { Backend } from "../net/transport.ts";
import { type Reason, requireNative } from "../tests/support/skip.ts";

// Opened here, before the first test: a library that is opened inside one would count as leaked.
const withoutNative: Reason = requireNative();
if (withoutNative === undefined) native();

/** The two kinds of sockets, each with the reason why it cannot be tested here. */
export const BACKENDS: readonly { readonly backend: Backend; readonly reason: Reason }[] = [
  { backend: "native", reason: withoutNative },
  { backend: "host", reason: undefined },
];
