/**
 * A response: the fetch shape, cheap to make, plus a builder.
 * @module
 */
import type { Bytes } from "../ffi/native.ts";
import { type BodySource, MessageBody, noting, sourceOf, streamOf } from "./body.ts";
import { HeaderMap, type HeaderMapInit } from "./fields.ts";

/** What a response can be made of, besides what fetch knows: an async iterable of bytes or text. */
export type ResponseBody =
  | string
  | Uint8Array
  | ArrayBuffer
  | ArrayBufferView
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | Blob
  | FormData
  | URLSearchParams
  | null;

/** Status and fields of a response. */
export interface ResponseInit {
  /** 200 to 599. Default 200. */
  readonly status?: number;
  /** The reason phrase. Default: the registered one. */
  readonly statusText?: string;
  /** Header fields; a content type given here replaces the body's own. */
  readonly headers?: HeaderMapInit;
}

/** Content as a response holds it. */
export type ResponseContent = string | Bytes | BodySource | null;

const TEXT = "text/plain;charset=UTF-8";
const JSON_TYPE = "application/json";
const HTML = "text/html;charset=UTF-8";

/** Statuses whose responses never have content (RFC 9110 15.3.5, 15.3.6, 15.4.5; fetch "null body status"). */
function isNullBodyStatus(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/**
 * A response. Made like fetch's, it is the faster the less it is told: a body and a status need no header map.
 *
 * @example
 * ```ts
 * import { Response } from "@millrace/millrace/http";
 *
 * const created = Response.builder().status(201).header("location", "/notes/1").json({ id: 1 });
 * if (created.status !== 201 || created.headers.get("content-type") !== "application/json") throw new Error("head");
 * ```
 */
export class Response extends MessageBody implements globalThis.Response {
  /** The status code. */
  readonly status: number;
  /** The reason phrase, empty for the registered one. */
  readonly statusText: string;
  #contentType: string | null;
  #headers: HeaderMap | undefined;
  #content: ResponseContent;
  #used = false;
  #stream: ReadableStream<Bytes> | undefined = undefined;

  /**
   * A response with this content, or none. Bytes are not copied: leave them as they are until the response was sent.
   *
   * @throws {RangeError} For a status outside 200 to 599. @throws {TypeError} For a malformed field, or content with
   * a status that has none.
   */
  constructor(body: ResponseBody = null, init?: ResponseInit) {
    super();
    this.#headers = undefined;
    if (typeof body === "string") {
      this.#content = body;
      this.#contentType = TEXT;
    } else {
      this.#content = null;
      this.#contentType = null;
    }
    if (init === undefined) {
      this.status = 200;
      this.statusText = "";
    } else {
      this.status = checkStatus(init.status ?? 200);
      this.statusText = init.statusText === undefined ? "" : checkStatusText(init.statusText);
      if (init.headers !== undefined) this.#adopt(new HeaderMap(init.headers));
    }
    if (body === null) return;
    if (isNullBodyStatus(this.status)) {
      throw new TypeError(`a response with status ${this.status} has no body`);
    }
    if (typeof body !== "string") this.#fill(body);
  }

  #adopt(headers: HeaderMap): void {
    const type = headers.get("content-type");
    if (type !== null) this.#contentType = type;
    else if (this.#contentType !== null) headers.set("content-type", this.#contentType);
    // A content type alone needs no map.
    if (headers.size > (type === null ? 0 : 1)) this.#headers = headers;
  }

  #fill(body: Exclude<ResponseBody, string | null>): void {
    if (body instanceof Uint8Array) {
      this.#content = body as Bytes;
    } else if (body instanceof ArrayBuffer) {
      this.#content = new Uint8Array(body);
    } else if (ArrayBuffer.isView(body)) {
      this.#content = new Uint8Array(body.buffer as ArrayBuffer, body.byteOffset, body.byteLength);
    } else if (body instanceof Blob || body instanceof FormData || body instanceof URLSearchParams) {
      this.#encodeByPlatform(body);
    } else if (body instanceof ReadableStream || Symbol.asyncIterator in body) {
      if (body instanceof ReadableStream && body.locked) {
        throw new TypeError("a response's stream is locked already");
      }
      this.#content = sourceOf(body);
    } else {
      throw new TypeError(
        `a response's body is ${typeof body}: pass text, bytes, a stream or an async iterable`,
      );
    }
  }

  #encodeByPlatform(body: Blob | FormData | URLSearchParams): void {
    const encoded = new globalThis.Response(body);
    const type = encoded.headers.get("content-type");
    if (encoded.body !== null) this.#content = sourceOf(encoded.body);
    if (type === null || this.#contentType !== null) return;
    this.#contentType = type;
    this.#headers?.set("content-type", type);
  }

  // ---- making ----

  /** Plain text, UTF-8. */
  static text(body: string, init?: ResponseInit): Response {
    return new Response(body, init);
  }

  /** A value as JSON. @throws {TypeError} If it cannot be one (a cycle, a bigint, `undefined`). */
  static json(value: unknown, init?: ResponseInit): Response {
    const text = JSON.stringify(value);
    if (text === undefined) throw new TypeError(`cannot make JSON of ${typeof value}`);
    const response = new Response(text, init);
    response.#retype(JSON_TYPE, init);
    return response;
  }

  /** HTML, UTF-8. */
  static html(body: string, init?: ResponseInit): Response {
    const response = new Response(body, init);
    response.#retype(HTML, init);
    return response;
  }

  /** The content's own type, unless the caller named one. */
  #retype(type: string, init: ResponseInit | undefined): void {
    if (init?.headers !== undefined) {
      if (this.#contentType !== TEXT) return;
      // Text's own, or the caller's choice of the same?
      if (new HeaderMap(init.headers).has("content-type")) return;
    }
    this.#contentType = type;
    this.#headers?.set("content-type", type);
  }

  /** Sends the client elsewhere. @param status 301, 302, 303, 307 or 308. Default 302. */
  static redirect(location: string | URL, status = 302): Response {
    if (![301, 302, 303, 307, 308].includes(status)) {
      throw new RangeError(`redirect status "${status}" is not 301, 302, 303, 307 or 308`);
    }
    return new Response(null, { status, headers: { location: String(location) } });
  }

  /** No content. @param status Default 204. */
  static empty(status = 204): Response {
    return new Response(null, { status });
  }

  /** Begins with status and fields, ends with the body. */
  static builder(): ResponseBuilder {
    return new ResponseBuilder();
  }

  // ---- asking ----

  /** The header fields; made when first asked for, and sent as they are then. */
  get headers(): HeaderMap {
    if (this.#headers === undefined) {
      this.#headers = new HeaderMap();
      if (this.#contentType !== null) this.#headers.set("content-type", this.#contentType);
    }
    return this.#headers;
  }

  /** Is the status 200 to 299? */
  get ok(): boolean {
    return this.status >= 200 && this.status <= 299;
  }

  /** Always false: nothing was followed. */
  get redirected(): boolean {
    return false;
  }

  /** Always `default`. */
  get type(): ResponseType {
    return "default";
  }

  /** Always empty: it was not fetched. */
  get url(): string {
    return "";
  }

  /** See `MessageBody.bodyUsed`. */
  get bodyUsed(): boolean {
    return this.#used;
  }

  /** See `MessageBody.body`. */
  get body(): ReadableStream<Bytes> | null {
    if (this.#content === null) return null;
    if (this.#stream === undefined) {
      const used = this.#used;
      this.#stream = this.#streamOf(asSource(this.#content));
      // Who consumes it has it to himself.
      if (used) this.#stream.getReader();
    }
    return this.#stream;
  }

  #streamOf(source: BodySource): ReadableStream<Bytes> {
    // After clone() it is another one that is ours.
    const stream = streamOf(noting(source, () => this.#used ||= this.#stream === stream));
    return stream;
  }

  /** For the consuming methods. */
  protected takeContent(): ResponseContent {
    if (this.#content === null) return null;
    if (this.#used || this.#stream?.locked) throw new TypeError("the response's body was read already");
    this.#used = true;
    return this.#stream === undefined ? this.#content : sourceOf(this.#stream);
  }

  /** For `blob` and `formData`. */
  protected mediaType(): string {
    return (this.#headers === undefined ? this.#contentType : this.#headers.get("content-type")) ?? "";
  }

  /** Another response with the same head; a streamed content goes to both and waits for the slower reader. */
  clone(): Response {
    if (this.#used || this.#stream?.locked) {
      throw new TypeError("cannot clone: the response's body was read already");
    }
    const copy = new Response(null, { status: this.status, statusText: this.statusText });
    copy.#contentType = this.#contentType;
    copy.#headers = this.#headers === undefined ? undefined : new HeaderMap(this.#headers);
    copy.#content = this.#content;
    if (
      this.#content !== null && typeof this.#content === "object" && !(this.#content instanceof Uint8Array)
    ) {
      const [left, right] = this.body!.tee() as [ReadableStream<Bytes>, ReadableStream<Bytes>];
      this.#stream = this.#streamOf(sourceOf(left));
      copy.#stream = copy.#streamOf(sourceOf(right));
    }
    return copy;
  }

  /** The platform's response with the same head and content; this one's content is used up by it. */
  toWeb(): globalThis.Response {
    const content = this.takeContent();
    // The platform sorts; the order of Set-Cookie fields is kept.
    const headers = new Headers();
    this.headers.forEachField((name, value) => headers.append(name, value));
    let body: string | Bytes | ReadableStream<Bytes> | null;
    if (typeof content === "string") {
      // The platform would give text a type that was taken away from it.
      body = headers.has("content-type") ? content : encoder.encode(content);
    } else {
      body = content === null || content instanceof Uint8Array ? content : streamOf(content);
    }
    return new globalThis.Response(body, { status: this.status, statusText: this.statusText, headers });
  }

  // ---- for the driver ----

  /** The fields, if there are more than a content type. */
  static fieldsOf(response: Response): HeaderMap | undefined {
    return response.#headers;
  }

  /** The content type where there is no map. */
  static contentTypeOf(response: Response): string | null {
    return response.#contentType;
  }

  /** Take the content to send it: as one piece if all of it is there. */
  static take(response: Response): ResponseContent {
    const content = response.takeContent();
    if (content === null || typeof content === "string" || content instanceof Uint8Array) return content;
    return content.whole?.() ?? content;
  }
}

function checkStatus(status: number): number {
  if (Number.isInteger(status) && status >= 200 && status <= 599) return status;
  throw new RangeError(`status "${status}" is not an integer from 200 to 599`);
}

/** RFC 9112 4: a reason phrase is one line. */
function checkStatusText(text: string): string {
  if (/^[\t\x20-\x7e\x80-\xff]*$/.test(text)) return text;
  throw new TypeError(`status text ${JSON.stringify(text)} holds what no reason phrase may`);
}

const encoder = new TextEncoder();

function asSource(content: string | Bytes | BodySource): BodySource {
  if (typeof content === "object" && !(content instanceof Uint8Array)) return content;
  // The stream gives its pieces away: what the maker of the response passed in stays his.
  let rest: Bytes | undefined = typeof content === "string" ? encoder.encode(content) : content.slice();
  if (rest.length === 0) rest = undefined;
  return {
    read: () => {
      const chunk = rest;
      rest = undefined;
      return Promise.resolve(chunk);
    },
    cancel: () => rest = undefined,
  };
}

/**
 * Builds a response: status and fields first, the body last.
 *
 * @example
 * ```ts
 * import { Response } from "@millrace/millrace/http";
 *
 * const response = Response.builder().status(404).text("no such note");
 * if (response.ok) throw new Error("404 is not ok");
 * ```
 */
export class ResponseBuilder {
  #status = 200;
  #statusText = "";
  readonly #headers = new HeaderMap();

  /** The status code, 200 to 599. */
  status(status: number, statusText = ""): this {
    this.#status = checkStatus(status);
    this.#statusText = statusText;
    return this;
  }

  /** Append a field. @throws {TypeError} If it is malformed. */
  header(name: string, value: string): this {
    this.#headers.append(name, value);
    return this;
  }

  /** Plain text, UTF-8. */
  text(body: string): Response {
    return Response.text(body, this.#init());
  }

  /** A value as JSON. */
  json(value: unknown): Response {
    return Response.json(value, this.#init());
  }

  /** HTML, UTF-8. */
  html(body: string): Response {
    return Response.html(body, this.#init());
  }

  /** Any content. */
  body(body: ResponseBody): Response {
    return new Response(body, this.#init());
  }

  /** No content. */
  empty(): Response {
    return new Response(null, this.#init());
  }

  #init(): ResponseInit {
    return { status: this.#status, statusText: this.#statusText, headers: this.#headers };
  }
}
