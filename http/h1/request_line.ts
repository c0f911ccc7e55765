/**
 * `method SP request-target SP HTTP-version CRLF` (RFC 9112 3).
 * @module
 */
import { TARGET_CHARACTERS, TOKEN_CHARACTERS } from "../../runtime/bytes/tables.ts";
import { type RequestHead, TARGET_ORIGIN } from "./head.ts";
import { MAX_METHOD_BYTES } from "./limits.ts";
import { METHOD_GET, METHOD_POST, methodCode } from "./methods.ts";
import { badByte, overLimit, refusal } from "./refusal.ts";
import { splitTarget } from "./target.ts";
import { decodeVersion, VERSION_BYTES } from "./version_text.ts";

const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const SLASH = 0x2f;

const IN_METHOD = 0;
const IN_TARGET = 1;
const IN_VERSION = 2;

/** Decodes request lines into a head, remembering within a line how far it went. */
export class RequestLine {
  #state = IN_METHOD;
  #start = 0;
  #cursor = 0;
  /** Index of the first `?` of the target, -1 while there is none. */
  #question = -1;
  readonly #head: RequestHead;
  readonly #maxTargetBytes: number;

  /**
   * Makes an engine that fills one head.
   *
   * @param head What to fill. @param maxTargetBytes Bytes of a target accepted.
   */
  constructor(head: RequestHead, maxTargetBytes: number) {
    this.#head = head;
    this.#maxTargetBytes = maxTargetBytes;
  }

  /** The next line begins at `at`. */
  begin(at: number): void {
    this.#state = IN_METHOD;
    this.#start = at;
    this.#cursor = at;
  }

  /** Adds `delta` to what is remembered: the bytes have moved. The head is not this one's to move. */
  shift(delta: number): void {
    this.#start += delta;
    this.#cursor += delta;
    if (this.#question >= 0) this.#question += delta;
  }

  /**
   * Goes on from where it stopped; a whole GET or POST in origin-form for HTTP/1.1 in one pass, whatever else there is
   * by `#anyLine`, which decides alone what is refused.
   *
   * @return The index after the line, or -1: more bytes are needed.
   */
  decode(bytes: Uint8Array, end: number): number {
    const start = this.#start;
    if (this.#state !== IN_METHOD || this.#cursor !== start || end - start < 16) {
      return this.#anyLine(bytes, start, end);
    }
    const first = bytes[start];
    let p = start + 3;
    if (first === 0x47 && bytes[start + 1] === 0x45 && bytes[start + 2] === 0x54) {
      this.#head.methodCode = METHOD_GET;
    } else if (
      first === 0x50 && bytes[start + 1] === 0x4f && bytes[start + 2] === 0x53 && bytes[start + 3] === 0x54
    ) {
      this.#head.methodCode = METHOD_POST;
      p++;
    } else {
      return this.#anyLine(bytes, start, end);
    }
    if (bytes[p] !== SP || bytes[p + 1] !== SLASH) return this.#anyLine(bytes, start, end);
    const targetStart = p + 1;
    let q = p + 2;
    while (q < end && TARGET_CHARACTERS[bytes[q]] === 1) q++;
    const pathEnd = q;
    while (q < end && TARGET_CHARACTERS[bytes[q]] !== 0) q++;
    if (
      q + 10 >= end || bytes[q] !== SP || bytes[q + 8] !== 0x31 || bytes[q + 9] !== CR ||
      bytes[q + 10] !== LF || q - targetStart > this.#maxTargetBytes ||
      decodeVersion(bytes, q + 1, end, 400, 505) !== 1
    ) {
      return this.#anyLine(bytes, start, end);
    }
    const head = this.#head;
    head.minor = 1;
    head.methodStart = start;
    head.methodEnd = p;
    head.targetStart =
      head.pathStart =
      head.hostStart =
      head.hostEnd =
        targetStart;
    head.targetEnd = q;
    head.targetForm = TARGET_ORIGIN;
    head.pathEnd = pathEnd;
    head.queryStart = pathEnd < q ? pathEnd + 1 : q;
    return q + 11;
  }

  /** RFC 9112 3: `method SP request-target SP HTTP-version CRLF`. Returns the index after it, or -1. */
  #anyLine(bytes: Uint8Array, start: number, end: number): number {
    const head = this.#head;
    let p = this.#cursor;
    if (this.#state === IN_METHOD) {
      p = this.#method(bytes, start, p, end);
      if (p < 0) return -1;
    }
    if (this.#state === IN_TARGET) {
      p = this.#target(bytes, p, end);
      if (p < 0) return -1;
    }
    const minor = decodeVersion(bytes, p, end, 400, 505);
    if (minor < 0) return -1;
    p += VERSION_BYTES;
    if (p < end && bytes[p] !== CR) {
      throw badByte("ERR_H1_REQUEST_LINE", "the request line", bytes[p], "CRLF");
    }
    if (p + 1 >= end) return -1;
    if (bytes[p + 1] !== LF) {
      throw badByte("ERR_H1_LINE_END", "the request line", bytes[p + 1], "LF after CR");
    }
    head.minor = minor;
    return p + 2;
  }

  #method(bytes: Uint8Array, start: number, at: number, end: number): number {
    let p = at;
    while (p < end && TOKEN_CHARACTERS[bytes[p]] !== 0) p++;
    if (p - start > MAX_METHOD_BYTES) {
      throw refusal("ERR_H1_METHOD", `decoding the method: more than ${MAX_METHOD_BYTES} bytes`, 501);
    }
    if (p === end) {
      this.#cursor = p;
      return -1;
    }
    if (bytes[p] !== SP || p === start) {
      throw badByte("ERR_H1_METHOD", "the method", bytes[p], "a token and then SP");
    }
    const head = this.#head;
    head.methodStart = start;
    head.methodEnd = p;
    head.methodCode = methodCode(bytes, start, p);
    p++;
    head.targetStart = p;
    this.#question = -1;
    this.#cursor = p;
    this.#state = IN_TARGET;
    return p;
  }

  #target(bytes: Uint8Array, at: number, end: number): number {
    const head = this.#head;
    let p = at;
    while (p < end && TARGET_CHARACTERS[bytes[p]] === 1) p++;
    if (p < end && TARGET_CHARACTERS[bytes[p]] === 2) {
      if (this.#question < 0) this.#question = p;
      while (p < end && TARGET_CHARACTERS[bytes[p]] !== 0) p++;
    }
    const max = this.#maxTargetBytes;
    if (p - head.targetStart > max) throw overLimit("maxTargetBytes", max, "the request target", 414);
    if (p === end) {
      this.#cursor = p;
      return -1;
    }
    if (bytes[p] !== SP || p === head.targetStart) {
      throw badByte("ERR_H1_TARGET", "the request target", bytes[p], "visible ASCII without # and then SP");
    }
    head.targetEnd = p;
    splitTarget(bytes, head, this.#question < 0 ? p : this.#question);
    p++;
    this.#cursor = p;
    this.#state = IN_VERSION;
    return p;
  }
}
