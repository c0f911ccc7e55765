/**
 * What the reactor calls back.
 * @module
 */

/**
 * Something with a descriptor that takes part in turns: a stream, a listener, a waker.
 *
 * Called synchronously while the completions of a turn are handed out. It may queue operations and remove
 * itself or others. It should not throw: an error that it lets out ends the turn, after the others were served.
 * The result of a send may come in the middle of somebody else's queueing (the arena was full): take note of
 * it, run nobody's code, and `defer` what follows from it.
 */
export interface Source {
  /**
   * One completion: `operation` is one of ffi/abi.ts, `result` its count or a negative errno. Received bytes
   * lie in `reactor.input` from `at`; they are never overwritten, so a view of them may be kept (it keeps the
   * whole arena from being collected).
   */
  complete(operation: number, result: number, flags: number, at: number): void;
  /** Asked for with `reactor.defer(this)`: called once, after everything that the turn reported was handed out. */
  settle?(): void;
  /** The reactor ends: close the descriptor with `reactor.close`, tell those who wait, and touch the reactor no more. */
  abandon?(): void;
}
