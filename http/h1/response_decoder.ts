/**
 * Responses out of bytes (RFC 9112), without input, output or clock.
 * @module
 */
import { LocalProtocolError } from "../../runtime/bytes/errors.ts";
import { VALUE_CHARACTERS } from "../../runtime/bytes/tables.ts";
import { BodyDecoder, EVENT_END, EVENT_HEAD, EVENT_NEED_MORE } from "./body.ts";
import {
  CODING_CHUNKED,
  CODING_NONE,
  CONNECTION_CLOSE,
  CONNECTION_KEEP_ALIVE,
  FieldSection,
} from "./field_section.ts";
import { BODY_CHUNKED, BODY_LENGTH, BODY_NONE, BODY_UNTIL_CLOSE, ResponseHead } from "./head.ts";
import type { H1Limits } from "./limits.ts";
import { METHOD_CONNECT, METHOD_HEAD } from "./methods.ts";
import { badByte, overLimit, PROTOCOL, refusal } from "./refusal.ts";
import type { TrailerField } from "./trailers.ts";
import { decodeVersion, VERSION_BYTES } from "./version_text.ts";

const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;

const BETWEEN = 0;
const IN_STATUS = 1;
const IN_REASON = 2;
const IN_FIELDS = 3;
const IN_BODY = 4;
const FAILED = 5;
const DETACHED = 6;

/** What a gateway answers when the server behind it talks nonsense. */
const BAD_GATEWAY = 502;

/**
 * Decodes the responses of one connection, one after the other; the twin of `RequestDecoder`, called in the same way.
 *
 * Tell it each request with `expect`, because the method decides whether a response has content (RFC 9112 6.3); bytes
 * that answer no request are refused. An interim response (1xx) is an `EVENT_HEAD` with `head.interim`, and the final
 * one follows. After 101, and after 2xx to CONNECT, `head.upgrade` is set and the bytes from `position` on belong to
 * another protocol.
 *
 * @example
 * ```ts
 * import { EVENT_DATA, EVENT_END, EVENT_HEAD, H1_LIMITS, METHODS, ResponseDecoder } from "@millrace/millrace/http";
 *
 * const bytes = new TextEncoder().encode("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi");
 * const decoder = new ResponseDecoder(H1_LIMITS);
 * decoder.expect(METHODS.indexOf("GET"));
 * const events = [decoder.next(bytes, 0, bytes.length)];
 * for (let i = 0; i < 2; i++) events.push(decoder.next(bytes, decoder.position, bytes.length));
 * if (events.join() !== [EVENT_HEAD, EVENT_DATA, EVENT_END].join()) throw new Error("three events");
 * if (decoder.head.status !== 200) throw new Error("status");
 * ```
 */
export class ResponseDecoder {
  /** The head of the current message; overwritten by the next. */
  readonly head: ResponseHead = new ResponseHead();
  /** First byte not consumed by the last call. */
  position = 0;
  /** First byte of content, after `EVENT_DATA`. */
  dataStart = 0;
  /** After the last byte of content, after `EVENT_DATA`. */
  dataEnd = 0;

  #state = BETWEEN;
  #base = 0;
  #cursor = 0;
  #failure: unknown = undefined;
  readonly #expected: number[] = [];
  readonly #limits: H1Limits;
  readonly #fields: FieldSection;
  readonly #body: BodyDecoder;

  /**
   * Makes a decoder for one connection.
   *
   * @param limits What to put up with, `H1_LIMITS` for the defaults; a target has no part in it.
   */
  constructor(limits: H1Limits) {
    this.#limits = limits;
    this.#fields = new FieldSection(limits.maxFieldCount, BAD_GATEWAY, false);
    this.#body = new BodyDecoder(limits, BAD_GATEWAY);
  }

  /** Whether no response is under way and none is expected. */
  get idle(): boolean {
    return this.#state === BETWEEN && this.#expected.length === 0;
  }

  /** Trailer fields of the message that ended, names in lower case; `undefined` if there were none. */
  get trailers(): TrailerField[] | undefined {
    return this.#body.trailers;
  }

  /** Announces a request that was sent, by its method's code: `METHODS.indexOf(name)`, 0 for another token. */
  expect(methodCode: number): void {
    this.#expected.push(methodCode);
  }

  /** Bounds the content of the current message, as `RequestDecoder.limitBody`. */
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
   * @return `EVENT_END` if that completes content whose end is the connection's, `EVENT_NEED_MORE` if nothing was under
   * way. Throws `RemoteProtocolError` `ERR_H1_TRUNCATED` if a response is incomplete, or expected and missing.
   */
  finish(): number {
    if (this.#state >= FAILED) return EVENT_NEED_MORE;
    if (this.#state === IN_BODY && this.#body.finish()) {
      this.#state = BETWEEN;
      return EVENT_END;
    }
    if (this.idle) return EVENT_NEED_MORE;
    throw refusal("ERR_H1_TRUNCATED", "decoding a response: the connection ended before it did", BAD_GATEWAY);
  }

  /** Forgets everything, for use with another connection. */
  reset(): void {
    this.#state = BETWEEN;
    this.#failure = undefined;
    this.#expected.length = 0;
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
    this.position = at;
    if (at === end) return EVENT_NEED_MORE;
    if (this.#state === BETWEEN) {
      if (this.#expected.length === 0) {
        throw refusal("ERR_H1_UNSOLICITED", "decoding a response: no request waits for one", BAD_GATEWAY);
      }
      this.#state = IN_STATUS;
      this.#cursor = at;
    } else if (at !== this.#base) {
      this.#shift(at - this.#base);
    }
    this.#base = at;
    const limit = at + this.#limits.maxHeadBytes;
    const stop = end < limit ? end : limit;
    if (this.#state !== IN_FIELDS) {
      const fieldsStart = this.#statusLine(bytes, stop);
      if (fieldsStart < 0) return this.#needMore(stop === limit);
      this.head.fieldsStart = fieldsStart;
      this.#fields.begin(fieldsStart);
      this.#state = IN_FIELDS;
    }
    const headEnd = this.#fields.decode(bytes, stop);
    if (headEnd < 0) return this.#needMore(stop === limit);
    this.#conclude(headEnd);
    return EVENT_HEAD;
  }

  #needMore(full: boolean): number {
    if (full) throw overLimit("maxHeadBytes", this.#limits.maxHeadBytes, "a response head", BAD_GATEWAY);
    return EVENT_NEED_MORE;
  }

  #shift(delta: number): void {
    this.#cursor += delta;
    this.head.shift(delta);
    this.#fields.shift(delta);
  }

  /** RFC 9112 4: `HTTP-version SP status-code SP [ reason-phrase ] CRLF`. Returns the index after it, or -1. */
  #statusLine(bytes: Uint8Array, end: number): number {
    let p = this.#cursor;
    if (this.#state === IN_STATUS) {
      const reasonStart = this.#status(bytes, p, end);
      if (reasonStart < 0) return -1;
      this.head.reasonStart = reasonStart;
      this.#state = IN_REASON;
      p = reasonStart;
    }
    while (p < end && VALUE_CHARACTERS[bytes[p]] !== 0) p++;
    this.#cursor = p;
    if (p < end && bytes[p] !== CR) throw this.#bad(bytes[p], "the reason phrase", "text and then CRLF");
    if (p + 1 >= end) return -1;
    if (bytes[p + 1] !== LF) throw this.#bad(bytes[p + 1], "the status line", "LF after CR");
    this.head.reasonEnd = p;
    return p + 2;
  }

  /** Up to the reason phrase. Its SP may be missing where the phrase is, as from many servers. */
  #status(bytes: Uint8Array, at: number, end: number): number {
    const minor = decodeVersion(bytes, at, end, BAD_GATEWAY, BAD_GATEWAY);
    if (minor < 0) return -1;
    let p = at + VERSION_BYTES;
    if (p === end) return -1;
    if (bytes[p] !== SP) throw this.#bad(bytes[p], "the status line", "SP after the version");
    p++;
    let status = 0;
    for (let i = 0; i < 3; i++, p++) {
      if (p === end) return -1;
      const digit = bytes[p] - 0x30;
      if (digit < (i === 0 ? 1 : 0) || digit > 9) throw this.#bad(bytes[p], "the status code", "100 to 999");
      status = status * 10 + digit;
    }
    if (p === end) return -1;
    if (bytes[p] === SP) p++;
    else if (bytes[p] !== CR) throw this.#bad(bytes[p], "the status line", "SP after the status code");
    this.head.minor = minor;
    this.head.status = status;
    return p;
  }

  #bad(byte: number, where: string, wanted: string): Error {
    return badByte("ERR_H1_STATUS_LINE", where, byte, wanted, BAD_GATEWAY);
  }

  /** Decides framing by RFC 9112 6.3, in the order of its list. */
  #conclude(headEnd: number): void {
    const head = this.head;
    const fields = this.#fields;
    const status = head.status;
    head.fieldsEnd = fields.fieldsEnd;
    head.end = headEnd;
    head.fieldCount = fields.count;
    head.contentLength = fields.contentLength;
    head.interim = status < 200 && status !== 101;
    const method = head.interim ? this.#expected[0] : this.#expected.shift()!;
    head.upgrade = status === 101 || (method === METHOD_CONNECT && status >= 200 && status < 300);
    head.keepAlive = (fields.connection & CONNECTION_CLOSE) === 0 &&
      (head.minor === 1 || (fields.connection & CONNECTION_KEEP_ALIVE) !== 0);
    this.position = headEnd;
    if (fields.coding !== CODING_NONE) this.#checkCoding();
    head.framing = status < 200 || status === 204 || status === 304 || method === METHOD_HEAD || head.upgrade
      ? BODY_NONE
      : this.#framing();
    if (head.framing === BODY_UNTIL_CLOSE) head.keepAlive = false;
    if (head.framing === BODY_NONE) {
      this.#state = head.upgrade ? DETACHED : BETWEEN;
      return;
    }
    this.#body.maxBodyBytes = this.#limits.maxBodyBytes;
    this.#body.begin(head.framing, head.contentLength);
    this.#state = IN_BODY;
  }

  #checkCoding(): void {
    if (this.head.contentLength >= 0) {
      throw refusal(
        "ERR_H1_FRAMING",
        "decoding fields: both Content-Length and Transfer-Encoding",
        BAD_GATEWAY,
      );
    }
    if (this.head.minor === 0) {
      throw refusal("ERR_H1_FRAMING", "decoding fields: Transfer-Encoding in HTTP/1.0", BAD_GATEWAY);
    }
    if (this.#fields.coding !== CODING_CHUNKED) {
      const message = "decoding Transfer-Encoding: unknown coding, wanted chunked";
      throw refusal("ERR_H1_TRANSFER_ENCODING", message, BAD_GATEWAY);
    }
  }

  #framing(): number {
    if (this.#fields.coding === CODING_CHUNKED) return BODY_CHUNKED;
    const length = this.head.contentLength;
    if (length < 0) return BODY_UNTIL_CLOSE;
    const max = this.#limits.maxBodyBytes;
    if (length > max) throw overLimit("maxBodyBytes", max, "Content-Length", BAD_GATEWAY);
    return length === 0 ? BODY_NONE : BODY_LENGTH;
  }
}
