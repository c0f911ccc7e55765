/**
 * Plays a driver for tests: feeds bytes in pieces, keeps what a decoder did not consume, writes down what it said.
 * @module
 */
import { readLatin1 } from "../../../runtime/bytes/ascii.ts";
import { LimitError, RemoteProtocolError } from "../../../runtime/bytes/errors.ts";
import { EVENT_DATA, EVENT_HEAD, EVENT_NEED_MORE } from "../body.ts";
import { forEachField } from "../field_lookup.ts";
import type { RequestHead, ResponseHead } from "../head.ts";
import { H1_LIMITS, type H1Limits } from "../limits.ts";
import { RequestDecoder } from "../request_decoder.ts";
import { ResponseDecoder } from "../response_decoder.ts";

/** The outcome: one entry for each head, content and end, then perhaps an error; and the bytes nobody consumed. */
export interface Transcript {
  readonly events: readonly string[];
  readonly error: string | undefined;
  readonly rest: string;
}

/** How bytes are fed. */
export interface Feeding {
  /** Lengths of the pieces, the last one repeated; default one piece. */
  readonly pieces?: readonly number[];
  /** Bytes before the data in each buffer. */
  readonly offset?: number;
  /** What the buffer is filled with around the data, repeated. */
  readonly poison?: string;
  readonly limits?: Partial<H1Limits>;
  /** For responses: codes of the requests' methods; default one GET for each of 20. */
  readonly methods?: readonly number[];
  /** For responses: whether the connection ends after the bytes. */
  readonly eof?: boolean;
}

type AnyDecoder = RequestDecoder | ResponseDecoder;

/** One byte for each code unit. */
export function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

/** What a `RequestDecoder` makes of `text`. */
export function requests(text: string, feeding: Feeding = {}): Transcript {
  return play(text, new RequestDecoder({ ...H1_LIMITS, ...feeding.limits }), feeding);
}

/** What a `ResponseDecoder` makes of `text`. */
export function responses(text: string, feeding: Feeding = {}): Transcript {
  const decoder = new ResponseDecoder({ ...H1_LIMITS, ...feeding.limits });
  for (const code of feeding.methods ?? new Array<number>(20).fill(1)) decoder.expect(code);
  return play(text, decoder, feeding);
}

function play(text: string, decoder: AnyDecoder, feeding: Feeding): Transcript {
  const input = latin1(text);
  const pieces = feeding.pieces ?? [input.length];
  const log = new Log();
  let held = input.subarray(0, 0);
  let fed = 0;
  let turn = 0;
  let error: string | undefined;
  try {
    do {
      const piece = pieces[Math.min(turn, pieces.length - 1)];
      const fresh = input.subarray(fed, Math.min(input.length, fed + piece));
      fed += fresh.length;
      // A moving offset: the decoder must not rely on where the bytes were last time.
      const offset = (feeding.offset ?? 0) * (1 + turn % 3);
      const buffer = surround(held, fresh, offset, feeding.poison ?? "\0");
      const end = offset + held.length + fresh.length;
      const position = drain(decoder, buffer, offset, end, log);
      held = buffer.slice(position, end);
      turn++;
    } while (fed < input.length && !log.closed);
    if (feeding.eof && !log.closed) log.finish(decoder);
  } catch (thrown) {
    error = describe(thrown);
  }
  return { events: log.events, error, rest: readLatin1(held, 0, held.length) + text.slice(fed) };
}

function surround(held: Uint8Array, fresh: Uint8Array, offset: number, poison: string): Uint8Array {
  const length = offset + held.length + fresh.length;
  const buffer = new Uint8Array(length + 16);
  for (let i = 0; i < buffer.length; i++) buffer[i] = poison.charCodeAt(i % poison.length);
  buffer.set(held, offset);
  buffer.set(fresh, offset + held.length);
  return buffer;
}

/** Calls `next` until it wants more. Returns the first byte not consumed. */
function drain(decoder: AnyDecoder, buffer: Uint8Array, at: number, end: number, log: Log): number {
  let position = at;
  for (let calls = 0;; calls++) {
    if (calls > 3 * (end - at) + 10) throw new Error("the decoder makes no progress");
    const event = decoder.next(buffer, position, end);
    if (decoder.position < position || decoder.position > end) throw new Error("position out of range");
    position = decoder.position;
    if (event === EVENT_NEED_MORE) return position;
    log.write(event, decoder, buffer);
    if (log.closed) return position;
  }
}

function describe(thrown: unknown): string {
  if (thrown instanceof RemoteProtocolError) return `${thrown.code} ${thrown.statusHint}`;
  if (thrown instanceof LimitError) return `${thrown.limit} ${thrown.statusHint}`;
  throw thrown;
}

class Log {
  readonly events: string[] = [];
  /** A head said that nothing may follow: after its message a driver stops. */
  closed = false;
  #last = false;
  #inContent = false;

  write(event: number, decoder: AnyDecoder, buffer: Uint8Array): void {
    if (event === EVENT_HEAD) {
      const { head } = decoder;
      this.events.push("status" in head ? response(buffer, head) : request(buffer, head));
      this.#last = !head.keepAlive || head.upgrade;
      this.closed = this.#last && head.framing === 0 && !("status" in head && head.interim);
    } else if (event === EVENT_DATA) {
      const { dataStart, dataEnd } = decoder;
      if (dataEnd <= dataStart) throw new Error("empty data");
      this.#content(readLatin1(buffer, dataStart, dataEnd));
    } else {
      this.#end(decoder);
    }
  }

  finish(decoder: AnyDecoder): void {
    if (decoder instanceof RequestDecoder) decoder.finish();
    else if (decoder.finish() !== EVENT_NEED_MORE) this.#end(decoder);
  }

  #content(text: string): void {
    if (this.#inContent) this.events[this.events.length - 1] += text;
    else this.events.push(`data ${text}`);
    this.#inContent = true;
  }

  #end(decoder: AnyDecoder): void {
    const trailers = decoder.trailers;
    this.events.push(trailers === undefined ? "end" : `end ${JSON.stringify(trailers)}`);
    this.#inContent = false;
    this.closed = this.#last;
  }
}

function request(bytes: Uint8Array, head: RequestHead): string {
  const text = (start: number, end: number) => readLatin1(bytes, start, end);
  const parts = [
    text(head.methodStart, head.methodEnd),
    text(head.targetStart, head.targetEnd),
    `1.${head.minor}`,
    `form=${head.targetForm}`,
    `code=${head.methodCode}`,
    `host=${text(head.hostStart, head.hostEnd)}`,
    `path=${text(head.pathStart, head.pathEnd)}`,
    `query=${text(head.queryStart, head.targetEnd)}`,
    ...facts(bytes, head),
  ];
  if (head.expectContinue) parts.push("expect");
  return parts.join(" ");
}

function response(bytes: Uint8Array, head: ResponseHead): string {
  const reason = readLatin1(bytes, head.reasonStart, head.reasonEnd);
  const parts = [String(head.status), `1.${head.minor}`, `"${reason}"`, ...facts(bytes, head)];
  if (head.interim) parts.push("interim");
  return parts.join(" ");
}

function facts(bytes: Uint8Array, head: RequestHead | ResponseHead): string[] {
  const fields: string[] = [];
  forEachField(bytes, head.fieldsStart, head.fieldsEnd, (nameStart, nameEnd, valueStart, valueEnd) => {
    fields.push(`${readLatin1(bytes, nameStart, nameEnd)}=${readLatin1(bytes, valueStart, valueEnd)}`);
  });
  if (fields.length !== head.fieldCount) throw new Error("fieldCount is wrong");
  if (readLatin1(bytes, head.fieldsEnd, head.end) !== "\r\n") throw new Error("fieldsEnd or end is wrong");
  const parts = [`[${fields.join("|")}]`, `framing=${head.framing}`, `length=${head.contentLength}`];
  if (!head.keepAlive) parts.push("close");
  if (head.upgrade) parts.push("upgrade");
  return parts;
}
