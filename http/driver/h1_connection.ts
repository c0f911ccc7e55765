/**
 * One HTTP/1.1 connection of a server: the place where the codec meets a transport, a clock and the handler.
 * @module
 */
import type { Bytes } from "../../ffi/native.ts";
import type { SocketAddr } from "../../net/addr.ts";
import type { Transport, TransportHandler } from "../../net/transport.ts";
import { ClosedError, TimeoutError } from "../../runtime/errors.ts";
import { EVENT_DATA, EVENT_END, EVENT_HEAD } from "../h1/body.ts";
import { BODY_LENGTH, BODY_NONE } from "../h1/head.ts";
import { METHOD_CONNECT, METHOD_HEAD, METHOD_OTHER } from "../h1/methods.ts";
import type { RequestDecoder } from "../h1/request_decoder.ts";
import { Request, type RequestContext } from "../request.ts";
import { Response } from "../response.ts";
import type { RoomSource } from "./body_writer.ts";
import type { ServedConnection, ServerContext } from "./context.ts";
import { Deadline, type DeadlineOwner } from "./deadline.ts";
import { CONNECTION_CLOSES, CONNECTION_PERSISTENT, CONNECTION_TOLD } from "./head_writer.ts";
import { callHandler, type CallOwner, replaceAnswer, reportFailure } from "./handler_call.ts";
import { HeldBytes } from "../../runtime/bytes/held_bytes.ts";
import { plainResponse, statusOf } from "./refuse.ts";
import { type ContentOwner, DISCARD_MAX, RequestContent } from "./request_content.ts";
import { endsByClose, isSource, type ResponseFrame, ResponseWriter } from "./response_writer.ts";

/** Pipelined bytes that may wait for the response before them; more make the peer wait. */
export const HELD_MAX = 65_536;
/** After the last response the peer has this long to read it and close, milliseconds. */
export const LINGER_MS = 2_000;

// What the deadline is for.
const PHASE_IDLE = 0;
const PHASE_HEAD = 1;
const PHASE_BODY = 2;
const PHASE_HANDLER = 3;
const PHASE_SEND = 4;
// From here on no more is decoded.
const PHASE_LINGER = 5;
const PHASE_CLOSING = 6;

/** What a connection is to the parts around it. */
type Roles =
  & TransportHandler
  & RequestContext
  & CallOwner
  & ContentOwner
  & DeadlineOwner
  & RoomSource
  & ResponseFrame
  & ServedConnection;

/**
 * Decodes requests, calls the handler, encodes responses, one at a time and in order. A handler that answers at once
 * costs no Promise: the response of a request is written while its bytes are still in the receive arena.
 */
export class H1Connection implements Roles {
  readonly #server: ServerContext;
  readonly #transport: Transport;
  readonly #writer: ResponseWriter;
  readonly #deadline: Deadline;
  readonly #held = new HeldBytes();
  #decoder: RequestDecoder | undefined; // while it is in the middle of a message
  #phase = PHASE_HEAD;
  #open = true;
  // The message in progress.
  /** See {@link CallOwner.exchange}. */
  exchange = 0;
  #busy = false; // its response is not complete
  #inProcess = false;
  #keepAlive = true;
  /** See {@link ResponseFrame.isHead}. */
  isHead = false;
  /** See {@link ResponseFrame.minor}. */
  minor = 1;
  #waiting: Request | undefined; // its content is being taken, then its handler is called
  #request: Request | undefined; // until its response is complete
  #content: RequestContent | undefined; // what it has of it, until that has ended
  #paused = false; // the peer has to wait
  #peerEnded = false;
  #abort: AbortController | undefined;
  #lost: unknown; // why the connection is gone
  #remoteAddr: SocketAddr | undefined;
  #room: { resolve(): void; reject(reason: unknown): void } | undefined;

  /** @param server Shared by all its connections. @param transport Newly accepted. */
  constructor(server: ServerContext, transport: Transport) {
    this.#server = server;
    this.#transport = transport;
    this.#writer = new ResponseWriter(transport, server.heads, server.time, this);
    this.#deadline = new Deadline(server.time, this);
    transport.handler = this;
    this.#deadline.set(server.limits.headTimeoutMs);
  }

  // ---- what the request asks ----

  /** See {@link RequestContext.scheme}. */
  get scheme(): "http" | "https" {
    return this.#server.scheme;
  }

  /** See {@link RequestContext.remoteAddr}. */
  get remoteAddr(): SocketAddr {
    return this.#remoteAddr ??= this.#transport.peerAddr();
  }

  /** See {@link RequestContext.abortSignal}. */
  abortSignal(request: Request): AbortSignal {
    // An answered request is beyond being aborted.
    if (request !== this.#request) return new AbortController().signal;
    const abort = this.#abort ??= new AbortController();
    if (!this.#open) abort.abort(this.#lost);
    else if (this.#hasLeft) abort.abort(new ClosedError("the connection", "remote"));
    return abort.signal;
  }

  /** Is all that still comes of no interest? */
  get #isEnding(): boolean {
    return !this.#open || this.#phase >= PHASE_LINGER;
  }

  // ---- bytes in ----

  /** See {@link TransportHandler.onData}. */
  onData(bytes: Bytes, start: number, end: number): void {
    if (this.#isEnding) return;
    const held = this.#held;
    if (held.isEmpty) {
      const at = this.#process(bytes, start, end);
      if (at < end && this.#open) held.append(bytes, at, end);
    } else {
      held.append(bytes, start, end);
      held.consume(this.#process(held.bytes, held.start, held.end));
    }
    this.#afterInput();
  }

  /** Decode and answer until there is nothing more to do; returns the first byte that is left. */
  #process(bytes: Bytes, start: number, end: number): number {
    const decoder = this.#decoder ??= this.#server.decoders.take();
    this.#inProcess = true;
    const at = this.#decode(decoder, bytes, start, end);
    if (this.#waiting !== undefined) this.#call(this.#waiting);
    this.#inProcess = false;
    if (decoder.idle) {
      this.#decoder = undefined;
      this.#server.decoders.release(decoder);
    }
    return at;
  }

  #decode(decoder: RequestDecoder, bytes: Bytes, start: number, end: number): number {
    let at = start;
    let event = -1;
    // After the last piece of content, its end is told even when there is no further byte.
    while (at < end || event === EVENT_DATA) {
      // A message waits for the response before it, and for room to write its own.
      if (this.#content === undefined && (this.#busy || this.#transport.isBlocked)) return at;
      try {
        event = decoder.next(bytes, at, end);
      } catch (error) {
        this.#refuse(error);
        return end;
      }
      at = decoder.position;
      if (event === EVENT_HEAD) this.#begin(decoder, bytes);
      else if (event === EVENT_DATA) this.#receive(bytes, decoder.dataStart, decoder.dataEnd);
      else if (event === EVENT_END) this.#endContent();
      else return at;
      if (this.#isEnding) return end;
    }
    return at;
  }

  #afterInput(): void {
    if (this.#isEnding) return;
    const { isBlocked } = this.#transport;
    if (this.#content === undefined && !this.#busy && !isBlocked) {
      if (this.#held.isEmpty && this.#decoder === undefined) {
        this.#enter(PHASE_IDLE, this.#server.limits.idleTimeoutMs);
      } else if (this.#phase !== PHASE_HEAD) {
        this.#enter(PHASE_HEAD, this.#server.limits.headTimeoutMs);
      }
    }
    if (isBlocked) this.#awaitPeer();
    this.#pace();
  }

  /** Have the peer wait, or not: content for its reader, a request for room to answer it. */
  #pace(): void {
    const paused = this.#content !== undefined
      ? this.#content.congested
      : this.#transport.isBlocked || this.#held.length > HELD_MAX;
    if (paused === this.#paused) return;
    this.#paused = paused;
    if (paused) this.#transport.pauseReading();
    else this.#transport.resumeReading();
  }

  /** Have the deadline stand for whoever is being waited for, while a message is in progress. */
  #awaitPeer(): void {
    const { limits } = this.#server;
    if (this.#transport.isBlocked) {
      // What else happens does not prolong it.
      if (this.#phase !== PHASE_SEND) this.#enter(PHASE_SEND, limits.sendTimeoutMs);
    } else if (this.#content === undefined || this.#content.waitsForHandler) {
      // While the handler is the slow one, the peer's clock stands still.
      this.#enter(PHASE_HANDLER, Infinity);
    } else {
      this.#enter(PHASE_BODY, limits.bodyTimeoutMs);
    }
  }

  /** Take up what was held back. */
  #resume(): void {
    if (this.#isEnding) return;
    const held = this.#held;
    if (!held.isEmpty) held.consume(this.#process(held.bytes, held.start, held.end));
    this.#afterInput();
    if (this.#peerEnded) this.#afterPeerEnd();
  }

  // ---- a request ----

  #begin(decoder: RequestDecoder, bytes: Bytes): void {
    const server = this.#server;
    const { head } = decoder;
    server.counters.requests++;
    this.exchange++;
    this.#writer.reset();
    this.isHead = head.methodCode === METHOD_HEAD;
    this.minor = head.minor;
    this.#keepAlive = head.keepAlive && !server.isDraining;
    this.#abort = undefined;
    // The next head has its own time.
    this.#phase = PHASE_HANDLER;
    const content = head.framing === BODY_NONE ? undefined : this.#beginContent(head.expectContinue);
    const request = new Request(this, bytes, head, content?.body ?? null);
    if (head.methodCode === METHOD_OTHER || head.methodCode === METHOD_CONNECT) {
      if (!server.methods.has(request.method)) {
        this.#waiting = request;
        return this.#refuseStatus(501);
      }
    }
    if (content === undefined) return this.#call(request);
    // What has come of the content is taken first: mostly that is all, and then nothing need be waited for.
    this.#waiting = request;
    try {
      decoder.limitBody(server.limits.maxBodyBytes);
    } catch (error) {
      this.#refuse(error);
    }
  }

  #call(request: Request): void {
    this.#waiting = undefined;
    this.#busy = true;
    this.#request = request;
    callHandler(this.#server, this, request);
  }

  /** See {@link CallOwner.isOpen}. */
  get isOpen(): boolean {
    return this.#open;
  }

  /** See {@link CallOwner.isCurrent}. */
  isCurrent(exchange: number): boolean {
    return this.exchange === exchange && this.#busy && !this.#isEnding;
  }

  /** See {@link CallOwner.awaitHandler}. */
  awaitHandler(): void {
    if (this.#content === undefined) this.#enter(PHASE_HANDLER, Infinity);
  }

  // ---- its content ----

  #beginContent(expectsContinue: boolean): RequestContent {
    const content = new RequestContent(this, expectsContinue && this.minor > 0, this.#server.time.nowMs());
    this.#content = content;
    this.#awaitPeer();
    return content;
  }

  #receive(bytes: Bytes, start: number, end: number): void {
    const { limits, time } = this.#server;
    const content = this.#content!;
    content.receive(bytes, start, end);
    if (!this.#transport.isBlocked && content.isSlow(time.nowMs(), limits.minBodyBytesPerSecond)) {
      return this.#failContent(new TimeoutError("body", limits.bodyTimeoutMs));
    }
    // A response that is under way goes first.
    if (content.isTooMuch && !this.#busy) return this.#linger();
    this.#awaitPeer();
  }

  #endContent(): void {
    const content = this.#content;
    this.#content = undefined;
    content?.body.end();
    if (this.#waiting !== undefined) this.#call(this.#waiting);
    else if (this.#busy) this.#awaitPeer();
    else this.#finish();
  }

  #restartClock(): void {
    this.#content?.restartClock(this.#server.time.nowMs());
    this.#awaitPeer();
  }

  /** See {@link ContentOwner.contentWanted}. */
  contentWanted(content: RequestContent): void {
    if (content !== this.#content || this.#writer.headSent || !this.#open) return;
    content.expectsContinue = false;
    this.#writer.sendContinue();
    this.#restartClock();
  }

  /** See {@link ContentOwner.contentCongested}. */
  contentCongested(content: RequestContent): void {
    if (content !== this.#content || !this.#open) return;
    if (content.congested) this.#awaitPeer();
    else this.#restartClock();
    this.#pace();
  }

  // ---- its response ----

  /** See {@link CallOwner.respond}. */
  respond(response: Response, recovered: boolean): void {
    let later: Promise<void> | undefined;
    try {
      later = this.#send(response);
    } catch (error) {
      // It was sent before, or its head cannot be written: nothing has gone out, another answer can.
      const request = this.#request;
      if (!recovered && request !== undefined) {
        return replaceAnswer(this.#server, this, error, request, this.exchange, false);
      }
      later = this.#send(plainResponse(500));
    }
    if (later === undefined) return this.#finish();
    const exchange = this.exchange;
    later.then(() => this.exchange === exchange && this.#finish(), (error) => this.#breakOff(error));
    if (this.#transport.isBlocked) this.#awaitPeer();
  }

  #send(response: Response): Promise<void> | undefined {
    const content = Response.take(response);
    const fields = Response.fieldsOf(response);
    if (fields !== undefined && namesClose(fields.get("connection"))) this.#keepAlive = false;
    if (endsByClose(response, content, this.minor)) this.#keepAlive = false;
    const asked = this.#content;
    if (asked !== undefined) {
      // A stream may be made of the content that the peer holds back; after the head it is too late to ask.
      if (!isSource(content)) this.#abandonContent(asked);
      else if (response.status < 400) asked.bodyWanted();
    }
    return this.#writer.send(response, content, this);
  }

  /** See {@link ResponseFrame.connection}. */
  get connection(): number {
    if (!this.#keepAlive || this.#server.isDraining) return CONNECTION_CLOSES;
    return this.minor === 0 ? CONNECTION_TOLD : CONNECTION_PERSISTENT;
  }

  /** See {@link RoomSource.awaitRoom}. */
  awaitRoom(): Promise<void> {
    if (!this.#open) return Promise.reject(this.#lost);
    if (this.#transport.isBlocked) this.#awaitPeer();
    return new Promise((resolve, reject) => this.#room = { resolve, reject });
  }

  /** The content failed after the head went out: the peer must not take what it has for the whole. */
  #breakOff(error: unknown): void {
    this.#writer.cancel(error);
    // Who broke it off knows why.
    if (this.#isEnding) return;
    if (this.#request !== undefined) reportFailure(this.#server, error, this.#request);
    this.#cut();
  }

  /** The response is complete, or the content that it left unread. */
  #finish(): void {
    if (!this.#open) return;
    this.#busy = false;
    this.#request = undefined;
    const content = this.#content;
    // A streamed response may end before the content that it was made of.
    if (content !== undefined && !content.isAbandoned) this.#abandonContent(content);
    if (!this.#keepAlive || this.#server.isDraining || content?.isTooMuch) return this.#linger();
    if (content !== undefined) {
      this.#awaitPeer();
      this.#pace();
    } else if (!this.#inProcess) {
      this.#resume();
    }
  }

  /** A response goes out while content still comes: swallow a little of it, or end the connection. */
  #abandonContent(content: RequestContent): void {
    const head = this.#decoder?.head;
    const tooMuch = head?.framing === BODY_LENGTH && head.contentLength > DISCARD_MAX;
    // RFC 9110 10.1.1: who was not told to continue may send the content, or not.
    if (tooMuch || content.expectsContinue) this.#keepAlive = false;
    content.abandon();
    this.#pace();
  }

  // ---- refusing and ending ----

  #refuse(error: unknown): void {
    if (this.#content !== undefined) this.#failContent(error);
    else this.#refuseStatus(statusOf(error) ?? 500, error);
  }

  /** The content cannot come to its end. */
  #failContent(error: unknown): void {
    const content = this.#content!;
    this.#content = undefined;
    if (!content.isAbandoned) {
      content.body.fail(error);
      return this.#refuseStatus(statusOf(error) ?? 500, error);
    }
    // Nobody wanted it, and its response is sent or under way: a second one would answer nothing.
    this.#server.counters.refused++;
    this.#keepAlive = false;
    if (this.#busy) this.#awaitPeer();
    else this.#linger();
  }

  #refusal(status: number, path: string | undefined): Response {
    try {
      const response = this.#server.onRefuse(status, path);
      if (response instanceof Response && !response.bodyUsed) return response;
    } catch {
      // As for any other failure of it.
    }
    return plainResponse(status);
  }

  #refuseStatus(status: number, reason?: unknown): void {
    const path = (this.#waiting ?? this.#request)?.path;
    this.#waiting = undefined;
    this.#server.counters.refused++;
    this.#keepAlive = false;
    this.#content = undefined;
    if (this.#busy) this.#abort?.abort(reason);
    if (this.#busy && this.#writer.headSent) return this.#cut();
    this.exchange++;
    this.#busy = true;
    this.isHead = false;
    this.#writer.reset();
    this.respond(this.#refusal(status, path), true);
  }

  /** Say goodbye: end our half, swallow what still comes, and close when the peer does or has had its time. */
  #linger(): void {
    this.#waiting = undefined;
    if (this.#isEnding) return;
    this.#held.clear();
    this.#content = undefined;
    if (this.#peerEnded) return this.#close();
    this.#enter(PHASE_LINGER, this.#transport.isBlocked ? this.#server.limits.sendTimeoutMs : LINGER_MS);
    this.#transport.endWriting();
    if (this.#paused) this.#transport.resumeReading();
  }

  /** Close after what was written has gone out, which a peer that does not read must not hold up for ever. */
  #close(): void {
    this.#enter(PHASE_CLOSING, this.#server.limits.sendTimeoutMs);
    this.#transport.close();
  }

  #cut(): void {
    this.#enter(PHASE_CLOSING, Infinity);
    this.#transport.abort();
  }

  #enter(phase: number, delayMs: number): void {
    this.#phase = phase;
    this.#deadline.set(delayMs);
  }

  /** See {@link DeadlineOwner.deadlinePassed}. */
  deadlinePassed(): void {
    const { limits } = this.#server;
    switch (this.#phase) {
      case PHASE_HEAD:
        // Nothing of a request has come: there is nobody to answer.
        if (this.#held.isEmpty) return this.#close();
        return this.#refuse(new TimeoutError("head", limits.headTimeoutMs));
      case PHASE_BODY:
        return this.#failContent(new TimeoutError("body", limits.bodyTimeoutMs));
      case PHASE_LINGER:
        return this.#transport.isBlocked ? this.#cut() : this.#close();
      case PHASE_IDLE:
        return this.#close();
      case PHASE_SEND:
      case PHASE_CLOSING:
        return this.#cut();
      default:
        return;
    }
  }

  /** See {@link TransportHandler.onEnd}. */
  onEnd(): void {
    this.#peerEnded = true;
    if (this.#phase === PHASE_LINGER) this.#close();
    else this.#afterPeerEnd();
  }

  #truncated(): unknown {
    try {
      this.#decoder?.finish();
    } catch (error) {
      return error;
    }
    return new ClosedError("the request", "remote");
  }

  /**
   * The peer has ended its side with nothing more to ask: nearly always it is gone, and a handler that listens may
   * stop. One that goes on is answered all the same, for a few only end their half.
   */
  get #hasLeft(): boolean {
    return this.#peerEnded && this.#content === undefined && this.#held.isEmpty;
  }

  /** The peer sends no more: what is not complete never will be, and after what is owed to it the connection ends. */
  #afterPeerEnd(): void {
    if (this.#isEnding) return;
    if (this.#busy) {
      if (this.#content !== undefined) this.#failContent(this.#truncated());
      else if (this.#hasLeft) this.#abort?.abort(new ClosedError("the connection", "remote"));
    } else if (this.#held.isEmpty || !this.#transport.isBlocked) {
      // Half a request needs no answer: there is nobody to send it.
      this.#close();
    }
  }

  /** See {@link TransportHandler.onDrain}. */
  onDrain(): void {
    const room = this.#room;
    this.#room = undefined;
    if (this.#phase === PHASE_LINGER) return this.#enter(PHASE_LINGER, LINGER_MS);
    if (this.#isEnding) return;
    if (this.#phase === PHASE_SEND) this.#restartClock();
    if (room === undefined) return this.#resume();
    this.#pace();
    room.resolve();
  }

  /** See {@link TransportHandler.onClose}. */
  onClose(error: Error | undefined): void {
    if (!this.#open) return;
    const reason = error ??
      new ClosedError("the connection", this.#phase >= PHASE_LINGER ? "local" : "remote");
    this.#open = false;
    this.#lost = reason;
    this.#deadline.clear();
    this.#held.clear();
    this.#content?.body.fail(reason);
    this.#content = undefined;
    this.#room?.reject(reason);
    this.#room = undefined;
    this.#writer.cancel(reason);
    if (this.#busy) this.#abort?.abort(reason);
    this.#server.closed(this);
  }

  /** See {@link ServedConnection.drain}. */
  drain(): void {
    this.#keepAlive = false;
    if (this.#open && !this.#busy && this.#content === undefined) this.#linger();
  }

  /** See {@link ServedConnection.abort}. */
  abort(): void {
    if (this.#open) this.#cut();
  }
}

function namesClose(connection: string | null): boolean {
  return connection !== null && /(^|[\s,])close([\s,]|$)/i.test(connection);
}
