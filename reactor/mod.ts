/**
 * The reactor: which descriptors are ready, and one batched call per turn for everything that is to be done
 * with them.
 *
 * `Selector` is the readiness interface; `Reactor` is what the runtime's sockets live on.
 * @module
 */
export { type Event, Events } from "./event.ts";
export { Interest } from "./interest.ts";
export { Reactor } from "./reactor.ts";
export { ScriptedNative } from "./scripted.ts";
export type { ScriptedFaults, ScriptedOptions } from "./scripted_faults.ts";
export { Selector, type SelectorWaker } from "./selector.ts";
export type { Source } from "./source.ts";
export { MAX_TOKENS, Slab, type Token } from "./token.ts";
