/**
 * The content of the request in progress, as its connection sees it.
 * @module
 */
import type { Bytes } from "../../ffi/native.ts";
import { ClosedError } from "../../runtime/errors.ts";
import { IncomingBody, type IncomingBodyOwner } from "../incoming_body.ts";
import { MIN_RATE_GRACE_MS } from "../server/options.ts";

/** Unread content of an answered request that is still swallowed to keep the connection; bytes. */
export const DISCARD_MAX = 262_144;

/** The connection, as far as content has to do with it. */
export interface ContentOwner {
  /** The handler wants content that the peer holds back until it is told to continue. */
  contentWanted(content: RequestContent): void;
  /** More waits for the handler than should, or no more. */
  contentCongested(content: RequestContent): void;
}

/** One for each request that has content, until all of it has come or nobody waits for it any more. */
export class RequestContent implements IncomingBodyOwner {
  /** What the handler reads. */
  readonly body: IncomingBody = new IncomingBody(this);
  /** Does the peer wait for 100 (Continue)? */
  expectsContinue: boolean;
  /** Is the handler slower than the peer? */
  congested = false;
  readonly #owner: ContentOwner;
  #discarded = -1; // bytes that nobody wants, -1 while somebody may
  // The minimum rate is asked for from here on.
  #sinceMs: number;
  #bytes = 0;

  /** @param nowMs Now: the peer's clock starts. */
  constructor(owner: ContentOwner, expectsContinue: boolean, nowMs: number) {
    this.#owner = owner;
    this.expectsContinue = expectsContinue;
    this.#sinceMs = nowMs;
  }

  /** Is it the handler that is waited for, and not the peer? */
  get waitsForHandler(): boolean {
    return this.congested || this.expectsContinue;
  }

  /** Was the request answered without it? */
  get isAbandoned(): boolean {
    return this.#discarded >= 0;
  }

  /** Came more of it that nobody wants than is put up with? */
  get isTooMuch(): boolean {
    return this.#discarded > DISCARD_MAX;
  }

  /** A piece came. */
  receive(bytes: Bytes, start: number, end: number): void {
    this.expectsContinue = false;
    this.#bytes += end - start;
    if (this.#discarded >= 0) this.#discarded += end - start;
    else this.body.push(bytes, start, end);
  }

  /** The peer's clock starts anew. */
  restartClock(nowMs: number): void {
    this.#sinceMs = nowMs;
    this.#bytes = 0;
  }

  /** Did the peer bring less than it must? */
  isSlow(nowMs: number, minBytesPerSecond: number): boolean {
    if (this.congested) return false;
    const elapsedMs = nowMs - this.#sinceMs - MIN_RATE_GRACE_MS;
    return elapsedMs > 0 && this.#bytes * 1000 < minBytesPerSecond * elapsedMs;
  }

  /** The response goes out without it: what still comes is swallowed. */
  abandon(): void {
    this.expectsContinue = false;
    this.congested = false;
    this.#discarded = 0;
    this.body.fail(new ClosedError("the request's content", "local"));
  }

  /** See {@link IncomingBodyOwner.bodyWanted}. */
  bodyWanted(): void {
    if (this.expectsContinue) this.#owner.contentWanted(this);
  }

  /** See {@link IncomingBodyOwner.bodyCongested}. */
  bodyCongested(_body: IncomingBody, congested: boolean): void {
    if (this.isAbandoned) return;
    this.congested = congested;
    this.#owner.contentCongested(this);
  }
}
