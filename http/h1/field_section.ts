/**
 * The engine for field lines: of request heads, response heads and trailer sections alike.
 * @module
 */
import { REG_NAME_CHARACTERS, TOKEN_CHARACTERS } from "../../runtime/bytes/tables.ts";
import { scanOver, valueEnd } from "../../runtime/bytes/scan.ts";
import { equalsIgnoreCase } from "../../runtime/bytes/ascii.ts";
import { AUTHORITY_MALFORMED, checkAuthority } from "./authority.ts";
import { badByte, overLimit, refusal } from "./refusal.ts";

const HTAB = 0x09;
const LF = 0x0a;
const CR = 0x0d;
const SP = 0x20;
const COLON = 0x3a;

/** The Connection field lists `close`. */
export const CONNECTION_CLOSE = 1;
/** The Connection field lists `keep-alive`. */
export const CONNECTION_KEEP_ALIVE = 2;
/** The Connection field lists `upgrade`. */
export const CONNECTION_UPGRADE = 4;

/** No Transfer-Encoding. */
export const CODING_NONE = 0;
/** Exactly `chunked`. */
export const CODING_CHUNKED = 1;
/** `chunked` last, after codings that we do not undo. */
export const CODING_UNKNOWN = 2;

const AT_LINE_START = 0;
const IN_NAME = 1;
const IN_VALUE = 2;

/**
 * Decodes field lines up to and with the blank line, remembering within a line how far it went, and gathers what
 * framing needs from the few fields that decide it.
 */
export class FieldSection {
  /** Field lines so far. */
  count = 0;
  /** Content-Length, -1 without one. */
  contentLength = -1;
  /** `CODING_NONE`, `CODING_CHUNKED` or `CODING_UNKNOWN`. */
  coding: number = CODING_NONE;
  /** Bits `CONNECTION_CLOSE`, `CONNECTION_KEEP_ALIVE`, `CONNECTION_UPGRADE`. */
  connection = 0;
  /** Number of Host fields: 0 or 1. */
  hostCount = 0;
  /** First byte of the Host field's value. */
  hostStart = 0;
  /** After the last byte of the Host field's value. */
  hostEnd = 0;
  /** Whether an Expect field says `100-continue`. */
  expectContinue = false;
  /** Whether an Upgrade field exists. */
  hasUpgrade = false;
  /** After the CRLF of the last field line; valid when the section is complete. */
  fieldsEnd = 0;

  #phase = AT_LINE_START;
  /** Where the section begins, in the bytes that the offsets point into. */
  #base = 0;
  #cursor = 0;
  #nameStart = 0;
  #colon = 0;
  /** Start of the line that `#plainHost` has dealt with, -1 for none. */
  #hostLine = -1;
  readonly #maxCount: number;
  readonly #badStatus: number;
  readonly #isTrailers: boolean;

  /**
   * Makes an engine for one kind of section.
   *
   * @param maxCount Field lines accepted. @param badStatus Status hint of refusals.
   * @param isTrailers Whether fields are only checked for form, not interpreted.
   */
  constructor(maxCount: number, badStatus: number, isTrailers: boolean) {
    this.#maxCount = maxCount;
    this.#badStatus = badStatus;
    this.#isTrailers = isTrailers;
  }

  /** Forgets everything; the next section begins at `at`. */
  begin(at: number): void {
    this.count = 0;
    this.contentLength = -1;
    this.coding = CODING_NONE;
    this.connection = 0;
    this.hostCount = 0;
    this.hostStart = 0;
    this.hostEnd = 0;
    this.expectContinue = false;
    this.hasUpgrade = false;
    this.#hostLine = -1;
    this.#phase = AT_LINE_START;
    this.#base = at;
    this.#cursor = at;
  }

  /** The section that was decoded last stands at `at` too: the same fields at other offsets. */
  moveTo(at: number): void {
    const delta = at - this.#base;
    this.#base = at;
    this.hostStart += delta;
    this.hostEnd += delta;
    this.fieldsEnd += delta;
  }

  /** Adds `delta` to what is remembered: the bytes have moved. */
  shift(delta: number): void {
    this.#base += delta;
    this.fieldsEnd += delta;
    this.#cursor += delta;
    this.#nameStart += delta;
    this.#colon += delta;
    if (this.#hostLine >= 0) this.#hostLine += delta;
    this.hostStart += delta;
    this.hostEnd += delta;
  }

  /**
   * Goes on from where it stopped.
   *
   * @param end Index after the last byte that may be looked at.
   * @return The index after the blank line, or -1: more bytes are needed.
   */
  decode(bytes: Uint8Array, end: number): number {
    scanOver(bytes);
    let p = this.#cursor;
    let nameStart = this.#nameStart;
    let colon = this.#colon;
    let phase = this.#phase;
    for (;;) {
      if (phase !== IN_VALUE) {
        if (phase === AT_LINE_START) nameStart = p;
        while (p < end && TOKEN_CHARACTERS[bytes[p]] !== 0) p++;
        if (p === end) return this.#pause(p === nameStart ? AT_LINE_START : IN_NAME, p, nameStart, 0);
        if (bytes[p] !== COLON || p === nameStart) {
          if (bytes[p] !== CR || p !== nameStart) throw this.#badName(bytes[p], p === nameStart);
          if (p + 1 === end) return this.#pause(AT_LINE_START, p, nameStart, 0);
          if (bytes[p + 1] !== LF) throw this.#badEnd(bytes[p + 1]);
          this.fieldsEnd = p;
          return p + 2;
        }
        colon = p;
        p++;
        if (colon - nameStart === 4 && this.hostCount === 0) p = this.#plainHost(bytes, nameStart, p, end);
      }
      p = valueEnd(bytes, p, end);
      if (p + 1 >= end) {
        if (p < end && bytes[p] !== CR) throw this.#badValue(bytes[p]);
        return this.#pause(IN_VALUE, p, nameStart, colon);
      }
      if (bytes[p] !== CR) throw this.#badValue(bytes[p]);
      if (bytes[p + 1] !== LF) throw this.#badEnd(bytes[p + 1]);
      if (++this.count > this.#maxCount) throw overLimit("maxFieldCount", this.#maxCount, "field lines", 431);
      this.#note(bytes, nameStart, colon, p);
      p += 2;
      phase = AT_LINE_START;
    }
  }

  #pause(phase: number, p: number, nameStart: number, colon: number): number {
    this.#phase = phase;
    this.#cursor = p;
    this.#nameStart = nameStart;
    this.#colon = colon;
    return -1;
  }

  /**
   * Checks and notes the value of the usual Host, one space and then a name or IPv4 address with or without a port, in
   * the same pass that finds its end. Returns that end, or `at` for the long way.
   */
  #plainHost(bytes: Uint8Array, nameStart: number, at: number, end: number): number {
    if (this.#isTrailers || !isHost(bytes, nameStart) || bytes[at] !== SP) return at;
    const start = at + 1;
    let p = start;
    while (p < end && REG_NAME_CHARACTERS[bytes[p]] === 1) p++;
    if (p === start || p >= end) return at;
    if (bytes[p] === COLON) {
      const portStart = ++p;
      while (p < end && bytes[p] >= 0x30 && bytes[p] <= 0x39) p++;
      if (p - portStart > 4 || p >= end) return at;
    }
    if (bytes[p] !== CR) return at;
    this.hostCount = 1;
    this.hostStart = start;
    this.hostEnd = p;
    this.#hostLine = nameStart;
    return p;
  }

  /** Looks at the length and the first letter; nearly every field ends here. */
  #note(bytes: Uint8Array, nameStart: number, colon: number, lineEnd: number): void {
    switch (colon - nameStart) {
      case 4:
        if (this.#hostLine === nameStart) return;
        if (isHost(bytes, nameStart)) break;
        return;
      case 6:
        if ((bytes[nameStart] | 0x20) === 0x65 && equalsIgnoreCase(bytes, nameStart, colon, "expect")) break;
        return;
      case 7:
        if ((bytes[nameStart] | 0x20) === 0x75 && equalsIgnoreCase(bytes, nameStart, colon, "upgrade")) break;
        return;
      case 10:
        if ((bytes[nameStart] | 0x20) === 0x63 && equalsIgnoreCase(bytes, nameStart, colon, "connection")) {
          break;
        }
        return;
      case 14:
        if (
          (bytes[nameStart] | 0x20) === 0x63 && equalsIgnoreCase(bytes, nameStart, colon, "content-length")
        ) break;
        return;
      case 17:
        if (
          (bytes[nameStart] | 0x20) === 0x74 && equalsIgnoreCase(bytes, nameStart, colon, "transfer-encoding")
        ) break;
        return;
      default:
        return;
    }
    if (this.#isTrailers) return;
    let start = colon + 1;
    let end = lineEnd;
    while (start < end && isSpace(bytes[start])) start++;
    while (end > start && isSpace(bytes[end - 1])) end--;
    this.#interpret(bytes, colon - nameStart, start, end);
  }

  #interpret(bytes: Uint8Array, nameLength: number, start: number, end: number): void {
    switch (nameLength) {
      case 4:
        this.#host(bytes, start, end);
        return;
      case 6:
        if (equalsIgnoreCase(bytes, start, end, "100-continue")) this.expectContinue = true;
        return;
      case 7:
        this.hasUpgrade = true;
        return;
      case 10:
        this.#connection(bytes, start, end);
        return;
      case 14:
        this.#contentLength(bytes, start, end);
        return;
      case 17:
        this.#transferEncoding(bytes, start, end);
    }
  }

  #host(bytes: Uint8Array, start: number, end: number): void {
    if (++this.hostCount > 1) throw this.#refuse("ERR_H1_HOST", "decoding fields: a second Host, wanted one");
    if (start !== end && checkAuthority(bytes, start, end) === AUTHORITY_MALFORMED) {
      throw this.#refuse("ERR_H1_HOST", "decoding Host: malformed value, wanted host or host:port");
    }
    this.hostStart = start;
    this.hostEnd = end;
  }

  #connection(bytes: Uint8Array, start: number, end: number): void {
    let p = start;
    while (p < end) {
      let stop = p;
      while (stop < end && bytes[stop] !== 0x2c) stop++;
      let from = p;
      let to = stop;
      while (from < to && isSpace(bytes[from])) from++;
      while (to > from && isSpace(bytes[to - 1])) to--;
      if (equalsIgnoreCase(bytes, from, to, "keep-alive")) this.connection |= CONNECTION_KEEP_ALIVE;
      else if (equalsIgnoreCase(bytes, from, to, "close")) this.connection |= CONNECTION_CLOSE;
      else if (equalsIgnoreCase(bytes, from, to, "upgrade")) this.connection |= CONNECTION_UPGRADE;
      p = stop + 1;
    }
  }

  #contentLength(bytes: Uint8Array, start: number, end: number): void {
    if (this.contentLength >= 0) {
      throw this.#refuse("ERR_H1_CONTENT_LENGTH", "decoding fields: a second Content-Length, wanted one");
    }
    if (start === end) {
      throw this.#refuse("ERR_H1_CONTENT_LENGTH", "decoding Content-Length: empty, wanted digits");
    }
    let length = 0;
    for (let p = start; p < end; p++) {
      const digit = bytes[p] - 0x30;
      if (digit < 0 || digit > 9) {
        throw badByte("ERR_H1_CONTENT_LENGTH", "Content-Length", bytes[p], "digits only", this.#badStatus);
      }
      length = length * 10 + digit;
      if (length > Number.MAX_SAFE_INTEGER) {
        throw this.#refuse("ERR_H1_CONTENT_LENGTH", "decoding Content-Length: above 2^53 - 1");
      }
    }
    this.contentLength = length;
  }

  #transferEncoding(bytes: Uint8Array, start: number, end: number): void {
    if (this.coding !== CODING_NONE) {
      throw this.#refuse(
        "ERR_H1_TRANSFER_ENCODING",
        "decoding fields: a second Transfer-Encoding, wanted one",
      );
    }
    if (equalsIgnoreCase(bytes, start, end, "chunked")) {
      this.coding = CODING_CHUNKED;
      return;
    }
    if (!isUnknownThenChunked(bytes, start, end)) {
      throw this.#refuse(
        "ERR_H1_TRANSFER_ENCODING",
        "decoding Transfer-Encoding: wanted exactly one chunked, last",
      );
    }
    this.coding = CODING_UNKNOWN;
  }

  #badName(byte: number, first: boolean): Error {
    if (first && (byte === SP || byte === HTAB)) {
      return this.#refuse(
        "ERR_H1_OBS_FOLD",
        "decoding a field name: line starts with white space (RFC 9112 5.2)",
      );
    }
    return badByte("ERR_H1_FIELD_NAME", "a field name", byte, "a token and then a colon", this.#badStatus);
  }

  #badValue(byte: number): Error {
    return badByte(
      "ERR_H1_FIELD_VALUE",
      "a field value",
      byte,
      "visible text and then CRLF",
      this.#badStatus,
    );
  }

  #badEnd(byte: number): Error {
    return badByte("ERR_H1_LINE_END", "the end of a field line", byte, "LF after CR", this.#badStatus);
  }

  #refuse(code: string, message: string): Error {
    return refusal(code, message, this.#badStatus);
  }
}

/** Whether the four token characters at `p` are `host`; the letters have no other bytes that bit 5 makes equal. */
function isHost(bytes: Uint8Array, p: number): boolean {
  return (bytes[p] | 0x20) === 0x68 && (bytes[p + 1] | 0x20) === 0x6f && (bytes[p + 2] | 0x20) === 0x73 &&
    (bytes[p + 3] | 0x20) === 0x74;
}

/** Whether `byte` is SP or HTAB. */
export function isSpace(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

/**
 * Whether the list is well-formed, ends with the only `chunked` and holds other codings before it. Parameters of
 * codings are not understood, so they fail too.
 */
function isUnknownThenChunked(bytes: Uint8Array, start: number, end: number): boolean {
  let codings = 0;
  let p = start;
  while (p <= end) {
    let stop = p;
    while (stop < end && bytes[stop] !== 0x2c) stop++;
    let from = p;
    let to = stop;
    while (from < to && isSpace(bytes[from])) from++;
    while (to > from && isSpace(bytes[to - 1])) to--;
    if (from === to) return false;
    for (let i = from; i < to; i++) if (TOKEN_CHARACTERS[bytes[i]] === 0) return false;
    const isChunked = equalsIgnoreCase(bytes, from, to, "chunked");
    if (isChunked !== (stop === end)) return false;
    codings++;
    p = stop + 1;
  }
  return codings > 1;
}
