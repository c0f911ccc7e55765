/**
 * What the tests of the runtime share.
 * @module
 */
import { assertEquals, assertThrows } from "@std/assert";
import { KIND_LISTENER, LEVEL, OP_ACCEPT, READABLE } from "../ffi/abi.ts";
import { native } from "../ffi/load.ts";
import type { Bytes, Native } from "../ffi/native.ts";
import { listen, Recorder } from "../reactor/support_test.ts";
import { type Reason, requireNative } from "../tests/support/skip.ts";
import { MillraceError } from "./errors.ts";
import { Runtime } from "./runtime.ts";
import type { Pollable } from "./task/future.ts";
import { PENDING, type Poll } from "./task/poll.ts";

/** Why the tests over the library cannot run here. */
export const withoutNative: Reason = requireNative();

/** Wait on the host. */
export const hostSleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** The value, if it is there within a second. */
export async function soon<T>(value: PromiseLike<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error("it did not happen within a second")), 1000);
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** A future that never is. */
export const never: Pollable<string> = { poll: (): Poll<string> => PENDING };

/** The code of the error that is thrown. */
export function code(body: () => unknown): string {
  return (assertThrows(body, MillraceError) as MillraceError).code;
}

/** A runtime of its own on the real library; at the end no descriptor may be left. */
export async function withRuntime(body: (runtime: Runtime, lib: Native) => Promise<void>): Promise<void> {
  const before = native().liveHandles();
  const runtime = new Runtime();
  await body(runtime, native());
  await runtime[Symbol.asyncDispose]();
  assertEquals(native().liveHandles(), before, "descriptors leaked");
}

/** Open a listener on the runtime; returns its address and what closes it. */
export function openListener(
  runtime: Runtime,
  lib: Native,
  onAccept: (fd: number) => void = () => {},
): { address: Bytes; close: () => void } {
  const { fd, address } = listen(lib);
  const source = new Recorder();
  source.then = ({ operation, result }) => {
    if (operation === OP_ACCEPT) onAccept(result);
  };
  const token = runtime.reactor.add(source, fd, READABLE | LEVEL, KIND_LISTENER);
  return { address, close: () => runtime.reactor.close(token, fd) };
}
