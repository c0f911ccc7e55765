/**
 * The host's event loop, as far as the runtime must know of it.
 * @module
 */
import type { Waker } from "./context.ts";

/**
 * What runs beside us on the host's loop: Promises of the host only move while we let it turn.
 */
export class HostLoop {
  /** The main task of the `blockOn` that holds the thread: no Promise can make progress before it has ended. */
  blockedBy: Waker | undefined = undefined;
  /** Promises that something of ours waits for. While there are any, the runtime never blocks the thread. */
  awaited = 0;
}
