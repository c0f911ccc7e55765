/**
 * The engine for message content: of requests and responses alike.
 * @module
 */
import { HEX_VALUES } from "../../runtime/bytes/tables.ts";
import { EXTENSION_BAD, EXTENSION_START, extensionState, mayEndExtensions } from "./chunk_extension.ts";
import { FieldSection } from "./field_section.ts";
import { BODY_CHUNKED, BODY_LENGTH, BODY_UNTIL_CLOSE } from "./head.ts";
import { type H1Limits, MAX_CHUNK_SIZE_DIGITS } from "./limits.ts";
import { badByte, overLimit, refusal } from "./refusal.ts";
import { readTrailers, type TrailerField } from "./trailers.ts";

/** More bytes are needed. */
export const EVENT_NEED_MORE = 0;
/** A head is complete: see `head`. */
export const EVENT_HEAD = 1;
/** Content lies from `dataStart` to `dataEnd` in the bytes given. */
export const EVENT_DATA = 2;
/** The content is complete: see `trailers`. */
export const EVENT_END = 3;

const LF = 0x0a;
const CR = 0x0d;

const IDLE = 0;
const LENGTH = 1;
const UNTIL_CLOSE = 2;
const CHUNK_SIZE = 3;
const CHUNK_EXTENSION = 4;
const CHUNK_SIZE_LF = 5;
const CHUNK_DATA = 6;
const CHUNK_DATA_CR = 7;
const CHUNK_DATA_LF = 8;
const AFTER_LAST_CHUNK = 9;
const FINAL_LF = 10;
const TRAILERS = 11;

/** Decodes content by its framing; keeps no content, and of framing only a state and counters. */
export class BodyDecoder {
  /** First byte not consumed. */
  position = 0;
  /** First byte of content, after `EVENT_DATA`. */
  dataStart = 0;
  /** After the last byte of content, after `EVENT_DATA`. */
  dataEnd = 0;
  /** Trailer fields, after `EVENT_END`; `undefined` if there were none. */
  trailers: TrailerField[] | undefined = undefined;
  /** Bytes of content accepted in this message. */
  maxBodyBytes: number = Infinity;

  #state = IDLE;
  #remaining = 0;
  #total = 0;
  #digits = 0;
  #lineBytes = 0;
  #extensionBytes = 0;
  #extensionState = EXTENSION_START;
  #buffer: Uint8Array | undefined = undefined;
  #buffered = 0;
  #section: FieldSection | undefined = undefined;
  readonly #limits: H1Limits;
  readonly #badStatus: number;

  /**
   * Makes a decoder for the messages of one connection.
   *
   * @param limits What to put up with. @param badStatus Status hint of refusals.
   */
  constructor(limits: H1Limits, badStatus: number) {
    this.#limits = limits;
    this.#badStatus = badStatus;
  }

  /** Starts a message's content; `framing` is not `BODY_NONE`. */
  begin(framing: number, contentLength: number): void {
    this.trailers = undefined;
    if (framing === BODY_LENGTH) {
      this.#state = LENGTH;
      this.#remaining = contentLength;
    } else if (framing === BODY_CHUNKED) {
      this.#state = CHUNK_SIZE;
      this.#remaining = 0;
      this.#digits = 0;
      this.#lineBytes = 0;
      this.#extensionBytes = 0;
    } else if (framing === BODY_UNTIL_CLOSE) {
      this.#state = UNTIL_CLOSE;
    }
    this.#total = 0;
  }

  /** Forgets the message. */
  reset(): void {
    this.#state = IDLE;
    this.trailers = undefined;
    this.#buffer = undefined;
    this.#section = undefined;
  }

  /** The connection ended. Returns whether the content is complete thereby. */
  finish(): boolean {
    if (this.#state !== UNTIL_CLOSE) return false;
    this.#state = IDLE;
    return true;
  }

  /** Sets a lower or higher bound for this message and checks it against what is known already. */
  limit(maxBodyBytes: number): void {
    this.maxBodyBytes = maxBodyBytes;
    const known = this.#state === LENGTH ? this.#remaining + this.#total : this.#total;
    if (known > maxBodyBytes) throw overLimit("maxBodyBytes", maxBodyBytes, "content", 413);
  }

  /** `EVENT_NEED_MORE`, `EVENT_DATA` or `EVENT_END`. */
  next(bytes: Uint8Array, at: number, end: number): number {
    switch (this.#state) {
      case LENGTH:
        return this.#length(at, end);
      case UNTIL_CLOSE:
        return this.#untilClose(at, end);
      default:
        return this.#chunked(bytes, at, end);
    }
  }

  #length(at: number, end: number): number {
    const remaining = this.#remaining;
    if (remaining === 0) return this.#end(at);
    if (at === end) return this.#needMore(end);
    const taken = end - at < remaining ? end - at : remaining;
    this.#remaining = remaining - taken;
    this.#total += taken;
    return this.#data(at, at + taken);
  }

  #untilClose(at: number, end: number): number {
    if (at === end) return this.#needMore(end);
    this.#total += end - at;
    if (this.#total > this.maxBodyBytes) throw overLimit("maxBodyBytes", this.maxBodyBytes, "content", 413);
    return this.#data(at, end);
  }

  #data(start: number, end: number): number {
    this.dataStart = start;
    this.dataEnd = end;
    this.position = end;
    return EVENT_DATA;
  }

  #end(at: number): number {
    this.#state = IDLE;
    this.position = at;
    return EVENT_END;
  }

  #needMore(at: number): number {
    this.position = at;
    return EVENT_NEED_MORE;
  }

  #chunked(bytes: Uint8Array, at: number, end: number): number {
    let p = at;
    while (p < end) {
      switch (this.#state) {
        case CHUNK_SIZE:
          p = this.#size(bytes, p, end);
          break;
        case CHUNK_EXTENSION:
          p = this.#extension(bytes, p, end);
          break;
        case CHUNK_SIZE_LF:
          this.#expect(bytes[p++], LF, "the end of a chunk-size line");
          this.#beginChunk();
          break;
        case CHUNK_DATA: {
          const taken = end - p < this.#remaining ? end - p : this.#remaining;
          this.#remaining -= taken;
          if (this.#remaining === 0) this.#state = CHUNK_DATA_CR;
          return this.#data(p, p + taken);
        }
        case CHUNK_DATA_CR:
          this.#expect(bytes[p++], CR, "the end of a chunk");
          this.#state = CHUNK_DATA_LF;
          break;
        case CHUNK_DATA_LF:
          this.#expect(bytes[p++], LF, "the end of a chunk");
          this.#state = CHUNK_SIZE;
          break;
        case AFTER_LAST_CHUNK:
          if (bytes[p] === CR) {
            p++;
            this.#state = FINAL_LF;
          } else {
            this.#beginTrailers();
          }
          break;
        case FINAL_LF:
          this.#expect(bytes[p++], LF, "the end of a chunked body");
          return this.#end(p);
        default:
          return this.#trailers(bytes, p, end);
      }
    }
    return this.#needMore(p);
  }

  /** RFC 9112 7.1: `1*HEXDIG`, then at once `;` or CR. White space there (RFC 9112 7.1.1 BWS) is refused. */
  #size(bytes: Uint8Array, at: number, end: number): number {
    let p = at;
    let size = this.#remaining;
    let digits = this.#digits;
    while (p < end) {
      const byte = bytes[p];
      const digit = HEX_VALUES[byte];
      if (digit === 255) {
        if (this.#lineBytes + p - at === 0 || (byte !== CR && byte !== 0x3b)) {
          throw badByte(
            "ERR_H1_CHUNK_SIZE",
            "a chunk size",
            byte,
            "hex digits and then CRLF",
            this.#badStatus,
          );
        }
        this.#state = byte === CR ? CHUNK_SIZE_LF : CHUNK_EXTENSION;
        if (byte !== CR) {
          this.#extensionState = EXTENSION_START;
          this.#extensionBytes++;
        }
        p++;
        break;
      }
      size = size * 16 + digit;
      if (size !== 0 && ++digits > MAX_CHUNK_SIZE_DIGITS) {
        throw refusal("ERR_H1_CHUNK_SIZE", "decoding a chunk size: above 2^52 - 1", this.#badStatus);
      }
      p++;
    }
    this.#remaining = size;
    this.#digits = digits;
    this.#countLine(p - at);
    return p;
  }

  #extension(bytes: Uint8Array, at: number, end: number): number {
    let p = at;
    let state = this.#extensionState;
    while (p < end && bytes[p] !== CR) {
      state = extensionState(state, bytes[p]);
      if (state === EXTENSION_BAD) {
        throw badByte("ERR_H1_CHUNK", "a chunk extension", bytes[p], ";name or ;name=value", this.#badStatus);
      }
      p++;
    }
    this.#extensionState = state;
    this.#extensionBytes += p - at;
    const max = this.#limits.maxChunkExtensionBytes;
    if (this.#extensionBytes > max) {
      throw overLimit("maxChunkExtensionBytes", max, "chunk extensions", this.#badStatus);
    }
    this.#countLine(p - at);
    if (p === end) return p;
    if (!mayEndExtensions(state)) {
      throw badByte("ERR_H1_CHUNK", "a chunk extension", CR, "its name or value", this.#badStatus);
    }
    this.#state = CHUNK_SIZE_LF;
    return p + 1;
  }

  #countLine(bytes: number): void {
    this.#lineBytes += bytes;
    const max = this.#limits.maxChunkLineBytes;
    if (this.#lineBytes > max) {
      throw overLimit("maxChunkLineBytes", max, "a chunk-size line", this.#badStatus);
    }
  }

  #beginChunk(): void {
    this.#digits = 0;
    this.#lineBytes = 0;
    if (this.#remaining === 0) {
      this.#state = AFTER_LAST_CHUNK;
      return;
    }
    this.#total += this.#remaining;
    if (this.#total > this.maxBodyBytes) throw overLimit("maxBodyBytes", this.maxBodyBytes, "content", 413);
    this.#state = CHUNK_DATA;
  }

  #expect(byte: number, wanted: number, where: string): void {
    if (byte !== wanted) {
      throw badByte("ERR_H1_CHUNK", where, byte, wanted === CR ? "CR" : "LF", this.#badStatus);
    }
  }

  #beginTrailers(): void {
    this.#state = TRAILERS;
    this.#buffered = 0;
    this.#buffer ??= new Uint8Array(Math.min(256, this.#limits.maxTrailerBytes));
    this.#section ??= new FieldSection(this.#limits.maxFieldCount, this.#badStatus, true);
    this.#section.begin(0);
  }

  /** Copies into the own buffer, since the caller keeps no bytes of a body; bytes after the section stay. */
  #trailers(bytes: Uint8Array, at: number, end: number): number {
    const section = this.#section!;
    const max = this.#limits.maxTrailerBytes;
    const before = this.#buffered;
    const room = max - before;
    const taken = end - at < room ? end - at : room;
    const buffer = this.#reserve(before + taken);
    for (let i = 0; i < taken; i++) buffer[before + i] = bytes[at + i];
    this.#buffered = before + taken;
    const stop = section.decode(buffer, this.#buffered);
    if (stop < 0) {
      if (this.#buffered >= max) throw overLimit("maxTrailerBytes", max, "trailers", 431);
      return this.#needMore(at + taken);
    }
    this.trailers = readTrailers(buffer, section.fieldsEnd);
    this.#buffer = undefined;
    return this.#end(at + stop - before);
  }

  #reserve(wanted: number): Uint8Array {
    const buffer = this.#buffer!;
    if (wanted <= buffer.length) return buffer;
    const grown = new Uint8Array(Math.min(this.#limits.maxTrailerBytes, Math.max(wanted, buffer.length * 2)));
    grown.set(buffer);
    this.#buffer = grown;
    return grown;
  }
}
