/**
 * Writes the heads of responses: from a cached template where it can, field by field where it must.
 * @module
 */
import type { HeaderMap } from "../fields.ts";
import { encodeCrlf, encodeField, encodeStatusLine } from "../h1/encoder.ts";
import { HeadTemplate } from "../h1/head_template.ts";
import { readLatin1 } from "../../runtime/bytes/ascii.ts";
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

/** What a head is made of. */
export interface HeadParts {
  /** Status code. */
  readonly status: number;
  /** Reason phrase, empty for the registered one. */
  readonly statusText: string;
  /** Media type, where there are no `fields`. */
  readonly contentType: string | null;
  /** All fields of the response. */
  readonly fields: HeaderMap | undefined;
}

const CONNECTION_VALUES = ["", "close", "keep-alive"];
/** Templates kept per server: a content type that comes from outside must not fill the memory. */
const MAX_TEMPLATES = 64;

/** Fields that say how the message is framed: the driver's alone. */
function isFraming(name: string): boolean {
  return name === "connection" || name === "keep-alive" || name === "transfer-encoding" ||
    name === "content-length" || name === "date";
}

/** One per server. */
export class HeadWriter {
  readonly #date: DateCache;
  readonly #templates = new Map<string, HeadTemplate>();
  // The shape of the response before: most servers answer in long runs of one shape.
  #lastStatus = 0;
  #lastType: string | null = null;
  #lastKind = -1;
  #last: HeadTemplate | undefined;

  /** @param date The server's clock for the Date field. */
  constructor(date: DateCache) {
    this.#date = date;
  }

  /** Room that {@link write} may need for this head, bytes. */
  maxBytes(parts: HeadParts): number {
    let bytes = 320 + parts.statusText.length + (parts.contentType?.length ?? 0);
    parts.fields?.forEachField((name, value) => bytes += name.length + value.length + 4);
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
    parts: HeadParts,
    connection: number,
    length: number,
    nowMs: number,
  ): number {
    const date = this.#date.bytes(nowMs);
    if (parts.fields !== undefined || parts.statusText !== "" || length < 0) {
      return this.#writeFields(out, at, parts, connection, length, date);
    }
    const template = this.#template(parts.status, parts.contentType, connection);
    if (template === undefined) return this.#writeFields(out, at, parts, connection, length, date);
    template.date(date);
    return template.write(out, at, length);
  }

  #template(status: number, contentType: string | null, connection: number): HeadTemplate | undefined {
    if (status === this.#lastStatus && contentType === this.#lastType && connection === this.#lastKind) {
      return this.#last;
    }
    const key = `${status}/${connection}/${contentType ?? ""}`;
    let template = this.#templates.get(key);
    if (template === undefined) {
      if (this.#templates.size === MAX_TEMPLATES) return undefined;
      const fields: [string, string][] = [];
      if (contentType !== null) fields.push(["content-type", contentType]);
      if (connection !== CONNECTION_PERSISTENT) fields.push(["connection", CONNECTION_VALUES[connection]]);
      template = new HeadTemplate(status, fields);
      this.#templates.set(key, template);
    }
    this.#lastStatus = status;
    this.#lastType = contentType;
    this.#lastKind = connection;
    this.#last = template;
    return template;
  }

  #writeFields(
    out: Uint8Array,
    at: number,
    parts: HeadParts,
    connection: number,
    length: number,
    date: Uint8Array,
  ): number {
    let p = encodeStatusLine(out, at, parts.status, parts.statusText === "" ? undefined : parts.statusText);
    const { fields } = parts;
    if (fields !== undefined) {
      fields.forEachField((name, value) => {
        if (!isFraming(name)) p = encodeField(out, p, name, value);
      });
    } else if (parts.contentType !== null) {
      p = encodeField(out, p, "content-type", parts.contentType);
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
