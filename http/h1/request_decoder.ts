/**
 * Requests out of bytes (RFC 9112), without input, output or clock.
 * @module
 */
import { LocalProtocolError } from "../../runtime/bytes/errors.ts";
import { BodyDecoder, EVENT_END, EVENT_HEAD, EVENT_NEED_MORE } from "./body.ts";
import {
  CODING_CHUNKED,
  CODING_NONE,
  CONNECTION_CLOSE,
  CONNECTION_KEEP_ALIVE,
  CONNECTION_UPGRADE,
  FieldSection,
} from "./field_section.ts";
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, RequestHead, TARGET_ASTERISK, TARGET_ORIGIN } from "./head.ts";
import { type H1Limits, MAX_EMPTY_LINES } from "./limits.ts";
import { METHOD_CONNECT } from "./methods.ts";
import { badByte, overLimit, PROTOCOL, refusal } from "./refusal.ts";
import { RepeatedSection } from "./repeated_section.ts";
import { RequestLine } from "./request_line.ts";
import type { TrailerField } from "./trailers.ts";

const LF = 0x0a;
const CR = 0x0d;

const BETWEEN = 0;
const IN_LINE = 1;
const IN_FIELDS = 2;
const IN_BODY = 3;
const FAILED = 4;
const DETACHED = 5;

/**
 * Decodes the requests of one connection, one after the other.
 *
 * Call `next` with what has arrived until it returns `EVENT_NEED_MORE`; each time, `position` is the first byte that it
 * did not consume. Amid a head that is the head's first byte: keep the bytes from there and give them again, followed
 * by more, in this buffer or another. No byte is looked at twice but for a few of the request line, so a head that
 * drips in costs no more than linear time. Within content `position` is always `end`: nothing need be kept.
 *
 * Where two readings of the bytes are possible it refuses (RFC 9112 11.2): it throws `RemoteProtocolError` or
 * `LimitError` with a `statusHint` to answer, and the connection is to be closed; every later call throws the same.
 * After a message whose `keepAlive` is false the caller must not call again (RFC 9112 9.6).
 *
 * @example
 * ```ts
 * import { BODY_NONE, EVENT_HEAD, H1_LIMITS, METHODS, RequestDecoder } from "@millrace/millrace/http";
 *
 * const bytes = new TextEncoder().encode("GET /notes?id=1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
 * const decoder = new RequestDecoder(H1_LIMITS);
 * if (decoder.next(bytes, 0, bytes.length) !== EVENT_HEAD) throw new Error("a whole head");
 * const { head } = decoder;
 * if (METHODS[head.methodCode] !== "GET" || head.framing !== BODY_NONE) throw new Error("GET without content");
 * if (new TextDecoder().decode(bytes.subarray(head.pathStart, head.pathEnd)) !== "/notes") throw new Error("path");
 * ```
 */
export class RequestDecoder {
  /** The head of the current message; overwritten by the next. */
  readonly head: RequestHead = new RequestHead();
  /** First byte not consumed by the last call. */
  position = 0;
  /** First byte of content, after `EVENT_DATA`. */
  dataStart = 0;
  /** After the last byte of content, after `EVENT_DATA`. */
  dataEnd = 0;

  #state = BETWEEN;
  /** The message start at the last call: what offsets refer to. */
  #base = 0;
  #emptyLines = 0;
  #failure: unknown = undefined;
  readonly #limits: H1Limits;
  readonly #line: RequestLine;
  readonly #fields: FieldSection;
  readonly #repeated = new RepeatedSection();
  readonly #body: BodyDecoder;

  /**
   * Makes a decoder for one connection.
   *
   * @param limits What to put up with, `H1_LIMITS` for the defaults.
   */
  constructor(limits: H1Limits) {
    this.#limits = limits;
    this.#line = new RequestLine(this.head, limits.maxTargetBytes);
    this.#fields = new FieldSection(limits.maxFieldCount, 400, false);
    this.#body = new BodyDecoder(limits, 400);
  }

  /** Whether nothing of a message is held: the connection is between two requests, or has not begun one. */
  get idle(): boolean {
    return this.#state === BETWEEN && this.#emptyLines === 0;
  }

  /** Trailer fields of the message that ended, names in lower case; `undefined` if there were none. */
  get trailers(): TrailerField[] | undefined {
    return this.#body.trailers;
  }

  /**
   * Bounds the content of the current message, in bytes, instead of `limits.maxBodyBytes`; throws `LimitError` if it is
   * past that already. A higher bound helps only below `limits.maxBodyBytes`, which was applied at the head.
   */
  limitBody(maxBodyBytes: number): void {
    this.#body.limit(maxBodyBytes);
  }

  /**
   * Decodes up to one event.
   *
   * @param bytes Where the bytes are. @param at First index to look at. @param end Index after the last.
   * @return `EVENT_NEED_MORE`, `EVENT_HEAD`, `EVENT_DATA` or `EVENT_END`.
   */
  next(bytes: Uint8Array, at: number, end: number): number {
    const state = this.#state;
    try {
      if (state < IN_BODY) return this.#decodeHead(bytes, at, end);
      if (state === IN_BODY) return this.#decodeBody(bytes, at, end);
    } catch (error) {
      this.#state = FAILED;
      this.#failure = error;
      throw error;
    }
    if (state === FAILED) throw this.#failure;
    throw new LocalProtocolError("ERR_H1_DETACHED", "decoding after the connection left HTTP/1.1", PROTOCOL);
  }

  /**
   * Tells that the peer will send nothing more.
   *
   * Throws `RemoteProtocolError` `ERR_H1_TRUNCATED` if a message is incomplete; a request never ends with its connection.
   */
  finish(): void {
    if (this.#state === BETWEEN || this.#state >= FAILED) return;
    throw refusal("ERR_H1_TRUNCATED", "decoding a request: the connection ended inside it", 400);
  }

  /**
   * Ends HTTP/1.1 on this connection after a head that asked for another protocol: the bytes from `position` on belong
   * to that one, and any further `next` throws `LocalProtocolError`, so that they are never read as a request.
   */
  detach(): void {
    this.#state = DETACHED;
  }

  /** Forgets everything, for use with another connection. */
  reset(): void {
    this.#state = BETWEEN;
    this.#emptyLines = 0;
    this.#failure = undefined;
    this.#body.reset();
  }

  #decodeBody(bytes: Uint8Array, at: number, end: number): number {
    const body = this.#body;
    const event = body.next(bytes, at, end);
    this.position = body.position;
    this.dataStart = body.dataStart;
    this.dataEnd = body.dataEnd;
    if (event === EVENT_END) this.#state = BETWEEN;
    return event;
  }

  #decodeHead(bytes: Uint8Array, at: number, end: number): number {
    let start = at;
    if (this.#state === BETWEEN) {
      start = this.#skipEmptyLines(bytes, at, end);
      if (start < 0) return EVENT_NEED_MORE;
      this.#state = IN_LINE;
      this.#line.begin(start);
    } else if (start !== this.#base) {
      this.#shift(start - this.#base);
    }
    this.#base = start;
    const limits = this.#limits;
    const limit = start + limits.maxHeadBytes;
    const stop = end < limit ? end : limit;
    if (this.#state !== IN_FIELDS) {
      const fieldsStart = this.#line.decode(bytes, stop);
      if (fieldsStart < 0) return this.#needMore(start, stop === limit);
      this.head.fieldsStart = fieldsStart;
      const length = this.#repeated.match(bytes, fieldsStart, stop);
      if (length > 0) {
        this.#fields.moveTo(fieldsStart);
        this.#conclude(fieldsStart + length);
        return EVENT_HEAD;
      }
      this.#repeated.forget();
      this.#fields.begin(fieldsStart);
      this.#state = IN_FIELDS;
    }
    const headEnd = this.#fields.decode(bytes, stop);
    if (headEnd < 0) return this.#needMore(start, stop === limit);
    this.#conclude(headEnd);
    this.#repeated.remember(bytes, this.head.fieldsStart, headEnd);
    return EVENT_HEAD;
  }

  #needMore(start: number, full: boolean): number {
    if (full) throw overLimit("maxHeadBytes", this.#limits.maxHeadBytes, "a request head", 431);
    this.position = start;
    return EVENT_NEED_MORE;
  }

  #shift(delta: number): void {
    this.#line.shift(delta);
    this.head.shift(delta);
    this.#fields.shift(delta);
  }

  /** RFC 9112 2.2: a few empty lines before a request line are ignored. Returns -1 if there is nothing else yet. */
  #skipEmptyLines(bytes: Uint8Array, at: number, end: number): number {
    let p = at;
    while (p < end && bytes[p] === CR) {
      if (p + 1 === end) break;
      if (bytes[p + 1] !== LF) throw badByte("ERR_H1_LINE_END", "an empty line", bytes[p + 1], "LF after CR");
      if (++this.#emptyLines > MAX_EMPTY_LINES) {
        throw refusal("ERR_H1_REQUEST_LINE", "decoding a request line: too many empty lines before it", 400);
      }
      p += 2;
    }
    this.position = p;
    if (p === end || bytes[p] === CR) return -1;
    this.#emptyLines = 0;
    return p;
  }

  /** Decides framing (RFC 9112 6.3) and persistence (9.3), and refuses what contradicts itself. */
  #conclude(headEnd: number): void {
    const head = this.head;
    const fields = this.#fields;
    const length = fields.contentLength;
    head.fieldsEnd = fields.fieldsEnd;
    head.end = headEnd;
    head.fieldCount = fields.count;
    head.contentLength = length;
    this.position = headEnd;
    this.#checkHost();
    const connection = fields.connection;
    head.keepAlive = (connection & CONNECTION_CLOSE) === 0 &&
      (head.minor === 1 || (connection & CONNECTION_KEEP_ALIVE) !== 0);
    head.upgrade = fields.hasUpgrade && (connection & CONNECTION_UPGRADE) !== 0 && head.minor === 1;
    if (length <= 0 && fields.coding === CODING_NONE) {
      head.framing = BODY_NONE;
      head.expectContinue = false;
      this.#state = BETWEEN;
      return;
    }
    this.#beginBody(length);
  }

  #beginBody(length: number): void {
    const head = this.head;
    const fields = this.#fields;
    if (head.methodCode === METHOD_CONNECT) {
      throw refusal("ERR_H1_FRAMING", "decoding fields: CONNECT with content (RFC 9110 9.3.6)", 400);
    }
    if (fields.coding !== CODING_NONE) {
      if (length >= 0) {
        throw refusal("ERR_H1_FRAMING", "decoding fields: both Content-Length and Transfer-Encoding", 400);
      }
      if (head.minor === 0) {
        throw refusal("ERR_H1_FRAMING", "decoding fields: Transfer-Encoding in HTTP/1.0", 400);
      }
      if (fields.coding !== CODING_CHUNKED) {
        throw refusal(
          "ERR_H1_TRANSFER_ENCODING",
          "decoding Transfer-Encoding: unknown coding, wanted chunked",
          501,
        );
      }
      head.framing = BODY_CHUNKED;
    } else {
      const max = this.#limits.maxBodyBytes;
      if (length > max) throw overLimit("maxBodyBytes", max, "Content-Length", 413);
      head.framing = BODY_LENGTH;
    }
    head.expectContinue = fields.expectContinue && head.minor === 1;
    this.#body.maxBodyBytes = this.#limits.maxBodyBytes;
    this.#body.begin(head.framing, length);
    this.#state = IN_BODY;
  }

  /** RFC 9112 3.2: exactly one Host in HTTP/1.1; empty only where the target needs no authority. */
  #checkHost(): void {
    const head = this.head;
    const fields = this.#fields;
    if (fields.hostCount === 0) {
      if (head.minor !== 0) throw refusal("ERR_H1_HOST", "decoding fields: Host is missing, wanted one", 400);
      return;
    }
    if (fields.hostStart === fields.hostEnd && head.targetForm !== TARGET_ASTERISK) {
      throw refusal("ERR_H1_HOST", "decoding Host: empty, wanted host or host:port", 400);
    }
    if (head.targetForm === TARGET_ORIGIN || head.targetForm === TARGET_ASTERISK) {
      head.hostStart = fields.hostStart;
      head.hostEnd = fields.hostEnd;
    }
  }
}
