/**
 * What can go wrong on the scripted twin.
 * @module
 */

/** What goes wrong. Every field may be changed at any time. */
export interface ScriptedFaults {
  /** Bytes that one receive gives at most, 1 and more; the rest is there in the next turn. Default no limit. */
  maxReceive: number;
  /** Bytes that one send takes at most, 1 and more; there is room again in the next turn. Default no limit. */
  maxSend: number;
  /** Every n-th receive, send or accept that could succeed would block instead. Default 0: none. */
  wouldBlockEvery: number;
  /** Every n-th turn reports every watched descriptor, ready or not. Default 0: none. */
  spuriousEvery: number;
  /** Every n-th turn ends at once, as if a signal had come. Default 0: none. */
  interruptEvery: number;
  /** Turns that bytes, ends, resets and connections are on their way. Default 0: they are there at once. */
  delayTurns: number;
  /** Descriptors that may be open: for more, opening and accepting say `EMFILE`. Default no limit. */
  maxHandles: number;
}

/** How a `ScriptedNative` is made: faults from the start, and how time passes. */
export interface ScriptedOptions extends Partial<ScriptedFaults> {
  /** Bytes that fit into one direction of a connection, 1 and more. Default 65,536. */
  readonly capacity?: number;
  /**
   * Wait in the host's time, for a runtime on the system's clock. Default false: a turn that has nothing to wait
   * for is over at once, and a park ends by `ScriptedNative.elapse`.
   */
  readonly hostTime?: boolean;
  /** Called when a turn has waited its timeout out: move your virtual clock by so many milliseconds. */
  readonly onWait?: (ms: number) => void;
}

/** No fault but those that are named. */
export function scriptedFaults(named: Partial<ScriptedFaults>): ScriptedFaults {
  return {
    maxReceive: named.maxReceive ?? Infinity,
    maxSend: named.maxSend ?? Infinity,
    wouldBlockEvery: named.wouldBlockEvery ?? 0,
    spuriousEvery: named.spuriousEvery ?? 0,
    interruptEvery: named.interruptEvery ?? 0,
    delayTurns: named.delayTurns ?? 0,
    maxHandles: named.maxHandles ?? Infinity,
  };
}
