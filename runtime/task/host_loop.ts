/**
 * The host's event loop, as far as the runtime must know of it.
 * @module
 */

/**
 * What runs beside us on the host's loop: Promises of the host only move while we let it turn.
 */
export class HostLoop {
  /** Does it stand still, because `blockOn` holds the thread? Then no Promise can make progress. */
  isStopped = false;
  /** Promises that something of ours waits for. While there are any, the runtime never blocks the thread. */
  awaited = 0;
}
