/**
 * A request as a handler sees it: the fetch shape, read from the head's bytes on demand.
 * @module
 */
import type { Bytes } from "../ffi/native.ts";
import type { SocketAddr } from "../net/addr.ts";
import { readLatin1 } from "../runtime/bytes/ascii.ts";
import { type BodySource, MessageBody, noting, sourceOf, streamOf } from "./body.ts";
import { HeaderMap } from "./fields.ts";
import { findField, foundEnd } from "./h1/field_lookup.ts";
import type { RequestHead } from "./h1/head.ts";
import { METHODS } from "./h1/methods.ts";

/** The connection that a request came on, as far as the request asks it. */
export interface RequestContext {
  /** `http` or `https`. */
  readonly scheme: "http" | "https";
  /** The peer's address. */
  readonly remoteAddr: SocketAddr;
  /** Aborted when the peer leaves, or the connection is lost, before the response was sent. */
  abortSignal(request: Request): AbortSignal;
}

/** Bytes between the target and the first field: SP, HTTP/1.x, CRLF. */
const VERSION_AND_CRLF = 11;
const SP = 0x20;

/** The offsets of a head that a request needs. */
export type RequestOffsets = Pick<
  RequestHead,
  "methodCode" | "methodStart" | "pathStart" | "pathEnd" | "targetEnd" | "fieldsEnd" | "minor"
>;

/**
 * A received request. It has the shape of fetch's `Request`, so a handler written for another server runs on it, and
 * besides the parts that a server wants without building a URL or a map: {@link path}, {@link query}, {@link field}.
 *
 * Everything is read from the bytes of the head when it is asked for: what nobody asks for costs nothing.
 *
 * @example
 * ```ts
 * import { type Request, Response } from "@millrace/millrace/http";
 *
 * function handler(request: Request): Response {
 *   return Response.text(`${request.method} ${request.path}`);
 * }
 * handler satisfies (request: Request) => Response;
 * ```
 */
export class Request extends MessageBody implements globalThis.Request {
  readonly #context: RequestContext;
  readonly #source: BodySource | null;
  // Offsets count in the decoder's buffer; #shift takes them into #bytes.
  #bytes: Bytes;
  #shift = 0;
  readonly #methodCode: number;
  readonly #start: number;
  readonly #pathStart: number;
  readonly #pathEnd: number;
  readonly #targetEnd: number;
  readonly #fieldsEnd: number;
  readonly #minor: number;
  #used = false;
  #path: string | undefined = undefined;
  #headers: HeaderMap | undefined = undefined;
  #stream: ReadableStream<Bytes> | undefined = undefined;
  #signal: AbortSignal | undefined = undefined;

  /** Made by the driver: `bytes` is what the head was decoded from, `head` its offsets, `source` the content. */
  constructor(context: RequestContext, bytes: Bytes, head: RequestOffsets, source: BodySource | null) {
    super();
    this.#context = context;
    this.#source = source;
    this.#bytes = bytes;
    this.#methodCode = head.methodCode;
    this.#start = head.methodStart;
    this.#pathStart = head.pathStart;
    this.#pathEnd = head.pathEnd;
    this.#targetEnd = head.targetEnd;
    this.#fieldsEnd = head.fieldsEnd;
    this.#minor = head.minor;
  }

  /** Copy the head, so that a request that lives on does not keep the server's arena alive. For the driver. */
  detach(): void {
    if (this.#shift !== 0) return;
    // The stretch from the method to the last field holds everything that an offset points at.
    this.#bytes = this.#bytes.slice(this.#start, this.#fieldsEnd);
    this.#shift = -this.#start;
  }

  #text(start: number, end: number): string {
    return readLatin1(this.#bytes, start + this.#shift, end + this.#shift);
  }

  // The request line is `method SP target SP HTTP/1.x CRLF`, exactly: the rest follows from the target's end.

  get #methodEnd(): number {
    const length = METHODS[this.#methodCode].length;
    if (length > 0) return this.#start + length;
    return this.#bytes.indexOf(SP, this.#start + this.#shift) - this.#shift;
  }

  get #targetStart(): number {
    return this.#methodEnd + 1;
  }

  get #fieldsStart(): number {
    return this.#targetEnd + VERSION_AND_CRLF;
  }

  /** The method as sent: methods are case-sensitive (RFC 9110 9.1). */
  get method(): string {
    return this.#methodCode !== 0 ? METHODS[this.#methodCode] : this.#text(this.#start, this.#methodEnd);
  }

  /**
   * The path as sent, without query, not percent-decoded: exactly what a router matches. Absolute-form has lost its
   * authority and begins with `/` too; `*` stays as it is.
   */
  get path(): string {
    return this.#path ??= this.#readPath();
  }

  #readPath(): string {
    const length = this.#pathEnd - this.#pathStart;
    if (length === 1) return "/";
    if (length > 0) return this.#text(this.#pathStart, this.#pathEnd);
    const target = this.#text(this.#targetStart, this.#targetEnd);
    return target === "*" ? target : "/";
  }

  /** What follows the first `?` of the target, as sent; empty where there is none. */
  get query(): string {
    return this.#pathEnd < this.#targetEnd ? this.#text(this.#pathEnd + 1, this.#targetEnd) : "";
  }

  /** The request target as sent (RFC 9112 3.2). */
  get target(): string {
    return this.#text(this.#targetStart, this.#targetEnd);
  }

  /** The absolute URL: scheme, authority of the target or the Host field, path, query. */
  get url(): string {
    const path = this.path === "*" ? "/" : this.path;
    const query = this.#pathEnd < this.#targetEnd ? `?${this.query}` : "";
    return `${this.#context.scheme}://${this.#authority()}${path}${query}`;
  }

  /** Of an absolute target, otherwise of the Host field (RFC 9112 3.2.2). HTTP/1.0 may have neither. */
  #authority(): string {
    const scheme = /^https?:\/\//i.exec(this.#text(this.#targetStart, this.#pathStart));
    if (scheme !== null) return this.#text(this.#targetStart + scheme[0].length, this.#pathStart);
    return this.field("host") || "host.invalid";
  }

  /** `HTTP/1.0` or `HTTP/1.1`. */
  get version(): string {
    return this.#minor === 0 ? "HTTP/1.0" : "HTTP/1.1";
  }

  /** The peer's address. */
  get remoteAddr(): SocketAddr {
    return this.#context.remoteAddr;
  }

  /**
   * The first field of that name, or `null`; without building {@link headers}.
   *
   * @param lowerName The name in lower case.
   */
  field(lowerName: string): string | null {
    const shift = this.#shift;
    const at = findField(this.#bytes, this.#fieldsStart + shift, this.#fieldsEnd + shift, lowerName);
    return at < 0 ? null : readLatin1(this.#bytes, at, foundEnd());
  }

  /** The header fields; they cannot be changed. */
  get headers(): HeaderMap {
    return this.#headers ??= HeaderMap.fromSection(
      this.#bytes,
      this.#fieldsStart + this.#shift,
      this.#fieldsEnd + this.#shift,
    ).freeze();
  }

  /** See {@link MessageBody.bodyUsed}. */
  get bodyUsed(): boolean {
    return this.#used;
  }

  /** See {@link MessageBody.body}. Read at the reader's pace: a slow one makes the peer wait. */
  get body(): ReadableStream<Bytes> | null {
    if (this.#source === null) return null;
    if (this.#stream === undefined) {
      const used = this.#used;
      this.#stream = this.#streamOf(this.#source);
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
  protected takeContent(): BodySource | null {
    if (this.#used || this.#stream?.locked) throw new TypeError("the request's body was read already");
    if (this.#source === null) return null;
    this.#used = true;
    return this.#stream === undefined ? this.#source : sourceOf(this.#stream);
  }

  /** For `blob` and `formData`. */
  protected mediaType(): string {
    return this.field("content-type") ?? "";
  }

  /**
   * Aborted when the peer has ended its side of the connection, the connection is lost, or the server gives up, before
   * the response was sent. A peer that has only ended its side is still answered.
   */
  get signal(): AbortSignal {
    return this.#signal ??= this.#context.abortSignal(this);
  }

  /** Another request with the same head; the content, if any, goes to both and waits for the slower reader. */
  clone(): Request {
    if (this.#used || this.#stream?.locked) {
      throw new TypeError("cannot clone: the request's body was read already");
    }
    const copy = new Request(this.#context, this.#bytes, this.#offsets(), this.#source);
    const { body } = this;
    if (body !== null) {
      const [left, right] = body.tee() as [ReadableStream<Bytes>, ReadableStream<Bytes>];
      this.#stream = this.#streamOf(sourceOf(left));
      copy.#stream = copy.#streamOf(sourceOf(right));
    }
    copy.#signal = this.signal;
    return copy;
  }

  /**
   * The platform's request with the same head and content, for code that makes another request of it: the platform
   * takes only its own (`new Request(request)` with this one throws). The content is then the copy's.
   */
  toWeb(): globalThis.Request {
    const { body, headers, method, signal } = this;
    return new globalThis.Request(this.url, {
      method,
      headers,
      signal,
      body,
      ...(body && { duplex: "half" }),
    });
  }

  #offsets(): RequestOffsets {
    const shift = this.#shift;
    return {
      methodCode: this.#methodCode,
      methodStart: this.#start + shift,
      pathStart: this.#pathStart + shift,
      pathEnd: this.#pathEnd + shift,
      targetEnd: this.#targetEnd + shift,
      fieldsEnd: this.#fieldsEnd + shift,
      minor: this.#minor,
    };
  }

  // What follows has no meaning for a received request; fetch's defaults make it a `Request` for other code.

  /** Always `default`. */
  get cache(): RequestCache {
    return "default";
  }
  /** Always `same-origin`. */
  get credentials(): RequestCredentials {
    return "same-origin";
  }
  /** Always empty. */
  get destination(): RequestDestination {
    return "";
  }
  /** Always empty. */
  get integrity(): string {
    return "";
  }
  /** Always false. */
  get isHistoryNavigation(): boolean {
    return false;
  }
  /** Always false. */
  get isReloadNavigation(): boolean {
    return false;
  }
  /** Always false. */
  get keepalive(): boolean {
    return false;
  }
  /** Always `cors`. */
  get mode(): RequestMode {
    return "cors";
  }
  /** Always `follow`. */
  get redirect(): RequestRedirect {
    return "follow";
  }
  /** Always `about:client`; the peer's is the field `referer`. */
  get referrer(): string {
    return "about:client";
  }
  /** Always empty. */
  get referrerPolicy(): ReferrerPolicy {
    return "";
  }
}
