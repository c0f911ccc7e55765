/**
 * Writes the heads of responses: from a cached template where it can, field by field where it must.
 * @module
 */
import { readLatin1, writeUtf8 } from "../../runtime/bytes/ascii.ts";
import { encodeCrlf, encodeField, encodeStatusLine } from "../h1/encoder.ts";
import { HeadTemplate } from "../h1/head_template.ts";
import { Response } from "../response.ts";
import type { DateCache } from "./date.ts";

/** The connection lives on, and the client takes that for granted. */
export const CONNECTION_PERSISTENT = 0;
/** The connection ends after this response. */
export const CONNECTION_CLOSES = 1;
/** The connection lives on, which an HTTP/1.0 client must be told. */
export const CONNECTION_TOLD = 2;

/** Length of a response whose content comes in chunks. */
export const LENGTH_CHUNKED = -1;
/** Length of a response that has none to tell: 204, 304, or content up to the close. */
export const LENGTH_UNTOLD = -2;

/** Room that a head needs besides its own fields: status line, date, connection, length; bytes. */
const HEAD_ROOM = 320;

const CONNECTION_VALUES = ["", "close", "keep-alive"];
/** Templates kept per server: a content type that comes from outside must not fill the memory. */
const MAX_TEMPLATES = 64;
/** Characters of a text up to which a whole response is kept, if it is sent time and again. */
const MAX_REPEATED = 256;

/** A head's template, and the response that it made last. */
class Shape {
  readonly template: HeadTemplate;
  /** The text of the response before: a second time in a row is the sign of a constant. */
  text: string | undefined = undefined;
  date: Uint8Array | undefined = undefined;
  /** Head and content of that response, once it was repeated. */
  whole: Uint8Array | undefined = undefined;

  constructor(template: HeadTemplate) {
    this.template = template;
  }
}

/** Fields that say how the message is framed: the driver's alone. */
function isFraming(name: string): boolean {
  return name === "connection" || name === "keep-alive" || name === "transfer-encoding" ||
    name === "content-length" || name === "date";
}

/** One per server. */
export class HeadWriter {
  readonly #date: DateCache;
  readonly #shapes = new Map<string, Shape>();
  // The shape of the response before: most servers answer in long runs of one shape.
  #lastStatus = 0;
  #lastType: string | null = null;
  #lastConnection = -1;
  #last: Shape | undefined;

  /** @param date The server's clock for the Date field. */
  constructor(date: DateCache) {
    this.#date = date;
  }

  /** Room that {@link write} may need for this head, bytes. */
  maxBytes(response: Response): number {
    const fields = Response.fieldsOf(response);
    let bytes = HEAD_ROOM + response.statusText.length + (Response.contentTypeOf(response)?.length ?? 0);
    fields?.forEachField((name, value) => bytes += name.length + value.length + 4);
    return bytes;
  }

  /**
   * Write the head; returns the index after it.
   *
   * @param connection One of the `CONNECTION_` constants. @param length Bytes of content, or a `LENGTH_` constant.
   */
  write(
    out: Uint8Array,
    at: number,
    response: Response,
    connection: number,
    length: number,
    nowMs: number,
  ): number {
    const date = this.#date.bytes(nowMs);
    const shape = length < 0 ? undefined : this.#shape(response, connection);
    if (shape === undefined) return this.#writeFields(out, at, response, connection, length, date);
    shape.template.date(date);
    return shape.template.write(out, at, length);
  }

  /** Write a head and its text; `out` has room for three bytes per character. Returns the index after it. */
  writeText(
    out: Uint8Array,
    at: number,
    response: Response,
    connection: number,
    text: string,
    nowMs: number,
  ): number {
    const date = this.#date.bytes(nowMs);
    const shape = this.#shape(response, connection);
    if (shape === undefined) {
      const length = utf8Length(text);
      return writeUtf8(out, this.#writeFields(out, at, response, connection, length, date), text);
    }
    const repeated = text === shape.text && date === shape.date;
    if (repeated && shape.whole !== undefined) {
      out.set(shape.whole, at);
      return at + shape.whole.length;
    }
    const { template } = shape;
    template.date(date);
    // Mostly it is ASCII, as long as it has characters.
    let bodyAt = template.write(out, at, text.length);
    let end = writeUtf8(out, bodyAt, text);
    if (end - bodyAt !== text.length) {
      bodyAt = template.write(out, at, end - bodyAt);
      end = writeUtf8(out, bodyAt, text);
    }
    shape.whole = repeated ? out.slice(at, end) : undefined;
    shape.text = text.length <= MAX_REPEATED ? text : undefined;
    shape.date = date;
    return end;
  }

  /** What is known of such heads; `undefined` where a response has fields of its own. */
  #shape(response: Response, connection: number): Shape | undefined {
    if (Response.fieldsOf(response) !== undefined || response.statusText !== "") return undefined;
    const { status } = response;
    const contentType = Response.contentTypeOf(response);
    if (
      status === this.#lastStatus && contentType === this.#lastType && connection === this.#lastConnection
    ) {
      return this.#last;
    }
    const key = `${status}/${connection}/${contentType ?? ""}`;
    let shape = this.#shapes.get(key);
    if (shape === undefined) {
      if (this.#shapes.size === MAX_TEMPLATES) return undefined;
      const fields: [string, string][] = [];
      if (contentType !== null) fields.push(["content-type", contentType]);
      if (connection !== CONNECTION_PERSISTENT) fields.push(["connection", CONNECTION_VALUES[connection]]);
      shape = new Shape(new HeadTemplate(status, fields));
      this.#shapes.set(key, shape);
    }
    this.#lastStatus = status;
    this.#lastType = contentType;
    this.#lastConnection = connection;
    this.#last = shape;
    return shape;
  }

  #writeFields(
    out: Uint8Array,
    at: number,
    response: Response,
    connection: number,
    length: number,
    date: Uint8Array,
  ): number {
    const { status, statusText } = response;
    let p = encodeStatusLine(out, at, status, statusText === "" ? undefined : statusText);
    const fields = Response.fieldsOf(response);
    const contentType = Response.contentTypeOf(response);
    if (fields !== undefined) {
      fields.forEachField((name, value) => {
        if (!isFraming(name)) p = encodeField(out, p, name, value);
      });
    } else if (contentType !== null) {
      p = encodeField(out, p, "content-type", contentType);
    }
    p = encodeField(out, p, "date", fields?.get("date") ?? readLatin1(date, 0, date.length));
    if (connection !== CONNECTION_PERSISTENT) {
      p = encodeField(out, p, "connection", CONNECTION_VALUES[connection]);
    }
    if (length >= 0) p = encodeField(out, p, "content-length", String(length));
    else if (length === LENGTH_CHUNKED) p = encodeField(out, p, "transfer-encoding", "chunked");
    return encodeCrlf(out, p);
  }
}

/** Bytes of `text` in UTF-8. */
function utf8Length(text: string): number {
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    length += unit < 0x800 ? 1 : 2;
    // A pair is four bytes for its two units; a lone surrogate becomes U+FFFD, three bytes.
    if (unit >= 0xd800 && unit < 0xdc00 && (text.charCodeAt(i + 1) & 0xfc00) === 0xdc00) i++;
  }
  return length;
}
