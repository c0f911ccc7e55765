/**
 * `Poll<T>`: a value, or the one symbol that says "not yet". No box per poll.
 * @module
 */

/** What a poll returns when the value is not there yet; the waker of the context has been noted. */
export const PENDING: unique symbol = Symbol("millrace.pending");

/** The result of one poll: the value itself, or {@link PENDING}. */
export type Poll<T> = T | typeof PENDING;
