/**
 * What the HTTP/1.1 decoders put up with before they refuse.
 * @module
 */

/** Limits of one decoder. Every `max` is inclusive; zero means that nothing of the kind is accepted. */
export interface H1Limits {
  /**
   * Bytes of a head, from the first of the start line to the last of the blank line.
   * Default 16,384 (Node's). Passing it is `LimitError`, status 431. Worst-case memory: this, for each connection
   * whose head is incomplete.
   */
  readonly maxHeadBytes: number;
  /** Bytes of a request target. Default 8,192 (nginx, Apache 8,190). Passing it is `LimitError`, status 414. */
  readonly maxTargetBytes: number;
  /** Field lines of a head, and of a trailer section. Default 100 (Apache, hyper). `LimitError`, status 431. */
  readonly maxFieldCount: number;
  /** Bytes of chunk extensions in a whole body. Default 16,384 (Node, hyper). `LimitError`, status 400. */
  readonly maxChunkExtensionBytes: number;
  /** Bytes of one chunk-size line with its extensions. Default 4,096 (Go). `LimitError`, status 400. */
  readonly maxChunkLineBytes: number;
  /**
   * Bytes of a trailer section. Default 8,192 (half of a head). `LimitError`, status 431. Worst-case memory: twice
   * this, for each connection that is amid trailers.
   */
  readonly maxTrailerBytes: number;
  /**
   * Bytes of content: Content-Length is checked at the head, a chunked body as it grows. Default `Infinity`: the
   * codec buffers no content; who does sets it. `LimitError`, status 413.
   */
  readonly maxBodyBytes: number;
}

/** The defaults of {@linkcode H1Limits}. */
export const H1_LIMITS: H1Limits = {
  maxHeadBytes: 16_384,
  maxTargetBytes: 8_192,
  maxFieldCount: 100,
  maxChunkExtensionBytes: 16_384,
  maxChunkLineBytes: 4_096,
  maxTrailerBytes: 8_192,
  maxBodyBytes: Infinity,
};

/** Bytes of a method name; a longer one is answered 501 (RFC 9112 3). The longest registered has 17. */
export const MAX_METHOD_BYTES = 24;

/** Empty lines that may precede a request line (RFC 9112 2.2 asks for one). */
export const MAX_EMPTY_LINES = 4;

/** Significant digits of a chunk size: 13 hold every size up to 2^52 - 1, so arithmetic stays exact. */
export const MAX_CHUNK_SIZE_DIGITS = 13;
