/**
 * Reading a JSON body.
 * @module
 */
import { BadRequest, HttpError, PayloadTooLarge, UnsupportedMediaType } from "../error.ts";
import { LimitError, MillraceError, RemoteProtocolError, TimeoutError } from "../../runtime/errors.ts";
import { fieldOf, type Incoming } from "./incoming.ts";
import { parseJson } from "./json.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

const EMPTY = new Uint8Array(0);

/**
 * The body as a value; undefined if it has no bytes. Rejects with an {@linkcode HttpError} for what the client did wrong.
 *
 * @param maxBytes What is held in memory at most, see `AppOptions.maxJsonBytes`; 413 beyond it.
 */
export async function readJson(request: Incoming, maxBytes: number): Promise<unknown> {
  const type = fieldOf(request, "content-type");
  const bytes = await read(
    request,
    maxBytes,
    type !== undefined && isJson(type) ? undefined : () => wrongType(type),
  );
  if (bytes.byteLength === 0) return undefined;
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (error) {
    throw new BadRequest("the body is not UTF-8", { code: "ERR_BODY_ENCODING", cause: error });
  }
  return parseJson(text);
}

/** All bytes of the body; `refuse`, if it is given, makes the error for a body that has any. */
async function read(
  request: Incoming,
  maxBytes: number,
  refuse: (() => HttpError) | undefined,
): Promise<Uint8Array> {
  const announced = fieldOf(request, "content-length");
  const length = announced !== undefined && /^\d+$/.test(announced) ? Number(announced) : undefined;
  if (length !== undefined && length > 0) {
    if (refuse !== undefined) throw refuse();
    if (length > maxBytes) throw tooLong(maxBytes);
  }
  try {
    // Our own server holds a body to its length; elsewhere it may have been unpacked on the way, so bytes count.
    if (length !== undefined && request.field !== undefined) {
      return length === 0 ? EMPTY : await request.bytes();
    }
    return request.body === null ? EMPTY : await collect(request.body, maxBytes, refuse);
  } catch (error) {
    throw asHttpError(error);
  }
}

async function collect(
  body: ReadableStream<Uint8Array>,
  maxBytes: number,
  refuse: (() => HttpError) | undefined,
): Promise<Uint8Array> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      const chunk = read.value;
      if (chunk.byteLength === 0) continue;
      if (refuse !== undefined) throw refuse();
      length += chunk.byteLength;
      if (length > maxBytes) throw tooLong(maxBytes);
      chunks.push(chunk);
    }
  } catch (error) {
    reader.cancel(error).catch(() => {});
    throw error;
  }
  if (chunks.length === 1) return chunks[0];
  const whole = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

function wrongType(type: string | undefined): HttpError {
  return new UnsupportedMediaType(
    type === undefined
      ? "the body has no content-type, wanted application/json"
      : "the body's content-type is not JSON",
  );
}

function tooLong(maxBytes: number): HttpError {
  return new PayloadTooLarge(`the body is longer than ${maxBytes} bytes`, { code: "ERR_BODY_TOO_LARGE" });
}

/** What went wrong below while reading, as what the client is told; what is not known stays as it is. */
function asHttpError(error: unknown): unknown {
  if (error instanceof HttpError) return error;
  const status = statusOf(error);
  if (status !== undefined) return new HttpError(status, undefined, { cause: error });
  if (error instanceof MillraceError) {
    return new BadRequest("the body ended early", { code: "ERR_BODY_INCOMPLETE", cause: error });
  }
  return error;
}

/** The status that an error of the floors below stands for, for example 413 for a body beyond the server's limit. */
function statusOf(error: unknown): number | undefined {
  if (error instanceof TimeoutError) return 408;
  if (!(error instanceof LimitError || error instanceof RemoteProtocolError)) return undefined;
  const hint = error.statusHint;
  if (hint !== undefined && hint >= 400 && hint <= 599) return hint;
  return error instanceof LimitError ? 413 : undefined;
}

/** `application/json` or a `+json` type (RFC 6839 §3.1), in UTF-8 if it names a charset. */
export function isJson(type: string): boolean {
  if (type === "application/json") return true;
  const semicolon = type.indexOf(";");
  const essence = (semicolon === -1 ? type : type.slice(0, semicolon)).trim().toLowerCase();
  if (essence !== "application/json" && !/^[!#$%&'*+.^_`|~\w-]+\/[!#$%&'*.^_`|~\w-]+\+json$/.test(essence)) {
    return false;
  }
  if (semicolon === -1) return true;
  const charset = /;\s*charset\s*=\s*"?([^\s";]*)/i.exec(type.slice(semicolon));
  return charset === null || /^utf-?8$/i.test(charset[1]);
}
