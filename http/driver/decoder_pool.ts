/**
 * Decoders at rest.
 * @module
 */
import type { H1Limits } from "../h1/limits.ts";
import { RequestDecoder } from "../h1/request_decoder.ts";

/** Decoders kept for the next connection that receives something; the others are garbage. */
const MAX_POOLED = 64;

/**
 * Lends a decoder to a connection as long as it is in the middle of a message: an idle connection has none, which
 * is most of what it would weigh.
 */
export class DecoderPool {
  readonly #limits: H1Limits;
  readonly #resting: RequestDecoder[] = [];

  /** A pool for one server; `limits` is what each decoder puts up with, but for the content. */
  constructor(limits: H1Limits) {
    // The connection sets that once it knows the request, so that it can say which one is refused.
    this.#limits = { ...limits, maxBodyBytes: Infinity };
  }

  /** A decoder that is between two messages. */
  take(): RequestDecoder {
    return this.#resting.pop() ?? new RequestDecoder(this.#limits);
  }

  /** Give one back that is between two messages again. */
  release(decoder: RequestDecoder): void {
    if (this.#resting.length < MAX_POOLED) this.#resting.push(decoder);
  }
}
