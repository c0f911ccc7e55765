/**
 * The content of a message: where it comes from, and the fetch methods that consume it.
 * @module
 */
import type { Bytes } from "../ffi/native.ts";

/** Content that is read piece by piece; the one who reads sets the pace. */
export interface BodySource {
  /** The next piece, never empty; `undefined` at the end. Rejects when the content breaks off. */
  read(): Promise<Bytes | undefined>;
  /** No more will be read. */
  cancel(reason?: unknown): void;
  /** All of the content that was not read yet, if it is all there already; it is read by that. */
  whole?(): Bytes | undefined;
}

/** Which source stands behind a stream of ours: lets a server pass content on without the stream's cost. */
const sources = new WeakMap<ReadableStream, BodySource>();

/** The stream of a source. */
export function streamOf(source: BodySource): ReadableStream<Bytes> {
  const stream = new ReadableStream<Bytes>({
    type: "bytes",
    async pull(controller): Promise<void> {
      // From here on the stream may hold what the source has given.
      sources.delete(stream);
      const chunk = await source.read();
      if (chunk !== undefined) return controller.enqueue(ownBytes(chunk));
      controller.close();
      // A pending BYOB request must be answered for the close to reach its reader.
      (controller as ReadableByteStreamController).byobRequest?.respond(0);
    },
    cancel: (reason) => source.cancel(reason),
  }, { highWaterMark: 0 });
  sources.set(stream, source);
  return stream;
}

/** Bytes that may be given away: a byte stream transfers the whole buffer, and a part may lie in the server's arena. */
function ownBytes(bytes: Bytes): Bytes {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
}

/** The same content, with a note when somebody begins to read or gives it up. */
export function noting(source: BodySource, onUse: () => void): BodySource {
  return {
    read: () => {
      onUse();
      return source.read();
    },
    whole: () => {
      const whole = source.whole?.();
      if (whole !== undefined) onUse();
      return whole;
    },
    cancel: (reason) => {
      onUse();
      source.cancel(reason);
    },
  };
}

/** The source of a stream, or of an async iterable of text or bytes. A stream is locked by it. */
export function sourceOf(
  content: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array | string>,
): BodySource {
  if (!(content instanceof ReadableStream)) return iterableSource(content);
  const known = content.locked ? undefined : sources.get(content);
  const reader = content.getReader();
  if (known !== undefined) {
    // The lock stays, as for any reader: nobody else may read.
    return known;
  }
  return {
    async read(): Promise<Bytes | undefined> {
      for (;;) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        if (!(value instanceof Uint8Array)) throw notBytes(value);
        if (value.length > 0) return value as Bytes;
      }
    },
    cancel: (reason) => void reader.cancel(reason).catch(() => {}),
  };
}

function iterableSource(content: AsyncIterable<Uint8Array | string>): BodySource {
  const iterator = content[Symbol.asyncIterator]();
  return {
    async read(): Promise<Bytes | undefined> {
      for (;;) {
        const { done, value } = await iterator.next();
        if (done) return undefined;
        const bytes = typeof value === "string" ? encoder.encode(value) : value;
        if (!(bytes instanceof Uint8Array)) throw notBytes(value);
        if (bytes.length > 0) return bytes as Bytes;
      }
    },
    cancel: () => void endIteration(iterator),
  };
}

/** Nobody waits for it, and what it says is of no use to anybody: the content was given up. */
async function endIteration(iterator: AsyncIterator<unknown>): Promise<void> {
  try {
    await iterator.return?.();
  } catch {
    // See above.
  }
}

function notBytes(value: unknown): TypeError {
  return new TypeError(
    `a body's piece is ${value === null ? "null" : typeof value}, wanted Uint8Array or string`,
  );
}

/** Read a source to its end into one piece. */
export async function collect(source: BodySource): Promise<Bytes> {
  const all = source.whole?.();
  if (all !== undefined) return all;
  let first = await source.read();
  if (first === undefined) return new Uint8Array(0);
  // Pieces that wait for the next one must not keep a whole arena alive each.
  first = ownBytes(first);
  let next = await source.read();
  if (next === undefined) return first;
  const chunks = [first];
  let length = first.length;
  for (; next !== undefined; next = await source.read()) {
    chunks.push(ownBytes(next));
    length += next.length;
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.length;
  }
  return whole;
}

const EMPTY: Bytes = new Uint8Array(0);
const encoder = new TextEncoder();
// fetch's "UTF-8 decode": a byte order mark at the start is dropped, what is malformed becomes U+FFFD.
const decoder = new TextDecoder();

/**
 * The consuming half of fetch's Request and Response. Content can be consumed once; a second time rejects with
 * `TypeError`.
 */
export abstract class MessageBody {
  /** Was the content read, or is it being read? */
  abstract readonly bodyUsed: boolean;
  /** The content as a stream; `null` where there is none. */
  abstract readonly body: ReadableStream<Bytes> | null;
  /** The message's media type, for `blob` and `formData`. */
  protected abstract mediaType(): string;
  /** Take the content: all of it now, or what will bring it. Throws `TypeError` when it was taken before. */
  protected abstract takeContent(): Bytes | string | BodySource | null;

  async #bytes(): Promise<Bytes> {
    const content = this.takeContent();
    if (content === null) return EMPTY;
    if (typeof content === "string") return encoder.encode(content);
    return content instanceof Uint8Array ? content : await collect(content);
  }

  /** The content decoded as UTF-8. */
  async text(): Promise<string> {
    const content = this.takeContent();
    if (content === null) return "";
    if (typeof content === "string") return content;
    return decoder.decode(content instanceof Uint8Array ? content : await collect(content));
  }

  /** The content parsed as JSON. Rejects with `SyntaxError` when it is not JSON. */
  // deno-lint-ignore no-explicit-any -- fetch's own signature
  async json(): Promise<any> {
    return JSON.parse(await this.text());
  }

  /** The content as bytes that belong to the caller. */
  async bytes(): Promise<Bytes> {
    const content = this.takeContent();
    if (content === null) return new Uint8Array(0);
    if (typeof content === "string") return encoder.encode(content);
    return content instanceof Uint8Array ? content.slice() : await collect(content);
  }

  /** The content as a buffer that belongs to the caller. */
  async arrayBuffer(): Promise<ArrayBuffer> {
    return (await this.bytes()).buffer;
  }

  /** The content as a stream of text, decoded as UTF-8. */
  textStream(): ReadableStream<string> {
    const { body } = this;
    if (body !== null) return body.pipeThrough(new TextDecoderStream());
    return new ReadableStream<string>({ start: (controller) => controller.close() });
  }

  /** The content as a Blob of the message's media type. */
  async blob(): Promise<Blob> {
    return new Blob([await this.#bytes()], { type: this.mediaType() });
  }

  /** The content as form data, by the message's media type. Rejects with `TypeError` for another. */
  async formData(): Promise<FormData> {
    const headers = { "content-type": this.mediaType() };
    return await new globalThis.Response(await this.#bytes(), { headers }).formData();
  }
}
