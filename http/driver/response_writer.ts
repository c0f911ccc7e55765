/**
 * Writes the responses of one HTTP/1.1 connection: at once where it can, at the pace of the socket where it must.
 * @module
 */
import type { Bytes } from "../../ffi/native.ts";
import { MAX_BEGIN, type Transport } from "../../net/transport.ts";
import type { TimeDriver } from "../../runtime/time/driver.ts";
import { LocalProtocolError } from "../../runtime/errors.ts";
import type { BodySource } from "../body.ts";
import { Response, type ResponseContent } from "../response.ts";
import { COPY_MAX, type RoomSource, sendBytes, sendChunked, sendPlain } from "./body_writer.ts";
import { type HeadWriter, LENGTH_CHUNKED, LENGTH_UNTOLD } from "./head_writer.ts";

/** Room for the head of a response that has no fields of its own. */
const PLAIN_HEAD_MAX = 512;

const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

const encoder = new TextEncoder();

/** How a response is to be framed: what the request and the connection say. */
export interface ResponseFrame {
  /** It answers HEAD: no content goes out. */
  readonly isHead: boolean;
  /** Minor version of the request: HTTP/1.0 knows no chunks. */
  readonly minor: number;
  /** One of the `CONNECTION_` constants. */
  readonly connection: number;
}

/** Has it no content and no length, whatever the handler gave (RFC 9110 15.3.5, 15.4.5)? */
function hasNoContent(status: number): boolean {
  return status === 204 || status === 304;
}

/** The length that the handler announced, where the content itself does not tell. */
export function announcedLength(response: Response): number | undefined {
  const text = Response.fieldsOf(response)?.get("content-length");
  return text !== null && text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}

/** Must the connection end to say where the content ends? */
export function endsByClose(response: Response, content: ResponseContent, minor: number): boolean {
  return minor === 0 && isSource(content) && announcedLength(response) === undefined;
}

/** Is it content that comes piece by piece? */
export function isSource(content: ResponseContent): content is BodySource {
  return typeof content === "object" && content !== null && !(content instanceof Uint8Array);
}

/** One per connection; idle, it holds nothing. */
export class ResponseWriter {
  readonly #transport: Transport;
  readonly #heads: HeadWriter;
  readonly #time: TimeDriver;
  readonly #room: RoomSource;
  #source: BodySource | undefined;
  #headSent = false;

  /** @param room Knows when the transport has room. */
  constructor(transport: Transport, heads: HeadWriter, time: TimeDriver, room: RoomSource) {
    this.#transport = transport;
    this.#heads = heads;
    this.#time = time;
    this.#room = room;
  }

  /** Has the head of the response gone out, so that it cannot be another one? */
  get headSent(): boolean {
    return this.#headSent;
  }

  /** A new request: nothing of its response has gone out. */
  reset(): void {
    this.#headSent = false;
  }

  /** Tell the peer to send its content (RFC 9110 10.1.1). */
  sendContinue(): void {
    const at = this.#transport.begin(CONTINUE.length);
    this.#transport.output.set(CONTINUE, at);
    this.#transport.commit(at, at + CONTINUE.length);
  }

  /**
   * Write a response. `undefined`: it is complete. Otherwise the Promise resolves when it is, or rejects when the
   * content failed or the connection was lost.
   *
   * @throws {LocalProtocolError} When the head is larger than any may be; nothing was written.
   */
  send(response: Response, content: ResponseContent, frame: ResponseFrame): Promise<void> | undefined {
    if (typeof content === "string") {
      if (content.length <= COPY_MAX && !frame.isHead && !hasNoContent(response.status)) {
        this.#sendText(response, content, frame);
        return undefined;
      }
      return this.#sendWhole(response, encoder.encode(content), frame);
    }
    if (isSource(content)) return this.#sendSource(response, content, frame);
    return this.#sendWhole(response, content, frame);
  }

  /** Give up what is being sent. */
  cancel(reason: unknown): void {
    this.#source?.cancel(reason);
    this.#source = undefined;
  }

  #sendText(response: Response, text: string, frame: ResponseFrame): void {
    const at = this.#begin(response, 3 * text.length);
    const { output } = this.#transport;
    const end = this.#heads.writeText(output, at, response, frame.connection, text, this.#time.nowMs());
    this.#headSent = true;
    this.#transport.commit(at, end);
  }

  #sendWhole(response: Response, bytes: Bytes | null, frame: ResponseFrame): Promise<void> | undefined {
    const transport = this.#transport;
    const without = hasNoContent(response.status);
    const length = bytes?.length ?? 0;
    // HEAD: the length that GET would have; a handler without content at hand announces it.
    const told = without
      ? LENGTH_UNTOLD
      : length === 0 && frame.isHead
      ? announcedLength(response) ?? 0
      : length;
    const sent = frame.isHead || without ? 0 : length;
    const copied = sent <= COPY_MAX ? sent : 0;
    const at = this.#begin(response, copied);
    let end = this.#writeHead(response, at, told, frame);
    if (copied > 0) transport.output.set(bytes!, end);
    end += copied;
    transport.commit(at, end);
    if (copied === sent) return undefined;
    const taken = transport.trySend(bytes!, 0, sent);
    return taken === sent ? undefined : sendBytes(transport, this.#room, bytes!, taken);
  }

  /** The head at once, so that a head that cannot be written is the caller's to replace; then piece by piece. */
  #sendSource(response: Response, source: BodySource, frame: ResponseFrame): Promise<void> | undefined {
    const transport = this.#transport;
    const without = hasNoContent(response.status);
    const length = announcedLength(response);
    const chunked = length === undefined && frame.minor > 0;
    const told = without ? LENGTH_UNTOLD : chunked ? LENGTH_CHUNKED : length ?? LENGTH_UNTOLD;
    let at: number;
    let end: number;
    try {
      at = this.#begin(response, 0);
      end = this.#writeHead(response, at, told, frame);
    } catch (error) {
      source.cancel(error);
      throw error;
    }
    transport.commit(at, end);
    if (frame.isHead || without) {
      source.cancel();
      return undefined;
    }
    return this.#sendContent(source, chunked, length);
  }

  async #sendContent(source: BodySource, chunked: boolean, length: number | undefined): Promise<void> {
    this.#source = source;
    if (chunked) await sendChunked(this.#transport, this.#room, source);
    else await sendPlain(this.#transport, this.#room, source, length);
    this.#source = undefined;
  }

  /** Room for the head and `more` bytes. */
  #begin(response: Response, more: number): number {
    const plain = Response.fieldsOf(response) === undefined && response.statusText === "" &&
      (Response.contentTypeOf(response)?.length ?? 0) < 128;
    const bytes = more + (plain ? PLAIN_HEAD_MAX : this.#heads.maxBytes(response));
    if (bytes <= MAX_BEGIN) return this.#transport.begin(bytes);
    throw new LocalProtocolError(
      "ERR_HEAD_TOO_LARGE",
      `sending a response head of ${bytes - more} bytes: wanted at most ${MAX_BEGIN - more}`,
      "http/1.1",
    );
  }

  #writeHead(response: Response, at: number, length: number, frame: ResponseFrame): number {
    const { output } = this.#transport;
    const end = this.#heads.write(output, at, response, frame.connection, length, this.#time.nowMs());
    this.#headSent = true;
    return end;
  }
}
