/**
 * What a decoder knows of a head: offsets into the caller's bytes, and the facts that framing needs.
 * @module
 */

/** The message has no content; no `EVENT_END` follows its head. */
export const BODY_NONE = 0;
/** The content has `contentLength` bytes, one or more. */
export const BODY_LENGTH = 1;
/** The content comes in chunks (RFC 9112 7.1). */
export const BODY_CHUNKED = 2;
/** The content ends with the connection; responses only. */
export const BODY_UNTIL_CLOSE = 3;

/** `/path?query`, RFC 9112 3.2.1. */
export const TARGET_ORIGIN = 0;
/** `http://host/path?query`, RFC 9112 3.2.2. */
export const TARGET_ABSOLUTE = 1;
/** `host:port`, only with CONNECT, RFC 9112 3.2.3. */
export const TARGET_AUTHORITY = 2;
/** `*`, only with OPTIONS, RFC 9112 3.2.4. */
export const TARGET_ASTERISK = 3;

/**
 * The head of a request: one for each decoder, overwritten by the next message.
 *
 * All offsets are indices into the buffer that was given with the call that completed the head.
 */
export class RequestHead {
  /** Index into `METHODS`; 0 for another token. */
  methodCode = 0;
  /** First byte of the method. */
  methodStart = 0;
  /** After the last byte of the method. */
  methodEnd = 0;
  /** First byte of the request target. */
  targetStart = 0;
  /** After the last byte of the request target. */
  targetEnd = 0;
  /** `TARGET_ORIGIN`, `TARGET_ABSOLUTE`, `TARGET_AUTHORITY` or `TARGET_ASTERISK`. */
  targetForm: number = TARGET_ORIGIN;
  /** First byte of the path; the path is empty in authority-form, asterisk-form and for `http://host`. */
  pathStart = 0;
  /** After the last byte of the path. */
  pathEnd = 0;
  /** First byte after the `?`; equals `targetEnd` where there is none. The query ends at `targetEnd`. */
  queryStart = 0;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1 and every later minor version. */
  minor = 1;
  /** First byte of the first field line. */
  fieldsStart = 0;
  /** After the CRLF of the last field line. */
  fieldsEnd = 0;
  /** After the blank line: where content, or the next message, begins. */
  end = 0;
  /** Number of field lines. */
  fieldCount = 0;
  /** `BODY_NONE`, `BODY_LENGTH` or `BODY_CHUNKED`. `Content-Length: 0` is `BODY_NONE`. */
  framing: number = BODY_NONE;
  /** The Content-Length, -1 without one. */
  contentLength: number = -1;
  /** Whether the peer lets the connection live on (RFC 9112 9.3). */
  keepAlive = true;
  /** Whether the peer waits for 100 (Continue) before it sends content (RFC 9110 10.1.1). */
  expectContinue = false;
  /** Whether Connection lists `upgrade` and an Upgrade field exists; never in HTTP/1.0 (RFC 9110 7.8). */
  upgrade = false;
  /**
   * First byte of the authority: of the target in absolute-form and authority-form (RFC 9112 3.2.2), else of the
   * Host field. Equals `hostEnd` where there is none.
   */
  hostStart = 0;
  /** After the last byte of the authority. */
  hostEnd = 0;

  /** Adds `delta` to what is known while a request line is incomplete: its bytes have moved. */
  shift(delta: number): void {
    this.methodStart += delta;
    this.methodEnd += delta;
    this.targetStart += delta;
    this.targetEnd += delta;
    this.pathStart += delta;
    this.pathEnd += delta;
    this.queryStart += delta;
    this.fieldsStart += delta;
    this.hostStart += delta;
    this.hostEnd += delta;
  }
}

/** The head of a response: one for each decoder, overwritten by the next message. Offsets as in {@linkcode RequestHead}. */
export class ResponseHead {
  /** The status code, 100 to 999. */
  status = 0;
  /** First byte of the reason phrase. */
  reasonStart = 0;
  /** After the last byte of the reason phrase; it may be empty. */
  reasonEnd = 0;
  /** 0 for HTTP/1.0, 1 for HTTP/1.1 and every later minor version. */
  minor = 1;
  /** First byte of the first field line. */
  fieldsStart = 0;
  /** After the CRLF of the last field line. */
  fieldsEnd = 0;
  /** After the blank line. */
  end = 0;
  /** Number of field lines. */
  fieldCount = 0;
  /** `BODY_NONE`, `BODY_LENGTH`, `BODY_CHUNKED` or `BODY_UNTIL_CLOSE`. */
  framing: number = BODY_NONE;
  /** The Content-Length, -1 without one; of an answer to HEAD it describes what GET would have had. */
  contentLength: number = -1;
  /** Whether the connection may serve another request after this response. */
  keepAlive = true;
  /** A 1xx response other than 101: the final one follows. */
  interim = false;
  /** 101, or 2xx to CONNECT: what follows on the connection is no HTTP/1.1. */
  upgrade = false;

  /** Adds `delta` to what is known while the head is incomplete: its bytes have moved. */
  shift(delta: number): void {
    this.reasonStart += delta;
    this.reasonEnd += delta;
    this.fieldsStart += delta;
  }
}
