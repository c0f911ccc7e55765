/**
 * What a source wants to be told of.
 * @module
 */
import { LEVEL, READABLE, WRITABLE } from "../ffi/abi.ts";

/** A set of interest bits; combine with `|`. */
export type Interest = number;

/**
 * The interest bits. Edge-triggered unless {@link Interest.LEVEL} is in the set: one event per change, so read
 * or write until would-block before waiting again.
 */
export const Interest: {
  /** There is something to read, or the peer has ended. */
  readonly READABLE: 1;
  /** There is room to write. */
  readonly WRITABLE: 2;
  /** Report the state as long as it lasts instead of its change. */
  readonly LEVEL: 4;
} = { READABLE, WRITABLE, LEVEL };
