/**
 * Reading a JSON body.
 * @module
 */
import { BadRequest, HttpError, PayloadTooLarge, UnsupportedMediaType } from "../error.ts";
import { LimitError, MillraceError, RemoteProtocolError, TimeoutError } from "../../runtime/errors.ts";
import { fieldOf, type Incoming } from "./incoming.ts";
import { parseJson } from "./json.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** The body as a value; undefined if there is none. Rejects with an {@linkcode HttpError} for what the client did wrong. */
export async function readJson(request: Incoming): Promise<unknown> {
  const type = fieldOf(request, "content-type");
  if (type === undefined || !isJson(type)) {
    if (request.body === null || fieldOf(request, "content-length") === "0") return undefined;
    throw new UnsupportedMediaType(
      type === undefined
        ? "the body has no content-type, wanted application/json"
        : "the body's content-type is not JSON",
    );
  }
  const bytes = await read(request);
  if (bytes.byteLength === 0) return undefined;
  let text: string;
  try {
    text = utf8.decode(bytes);
  } catch (error) {
    throw new BadRequest("the body is not UTF-8", { code: "ERR_BODY_ENCODING", cause: error });
  }
  return parseJson(text);
}

async function read(request: Incoming): Promise<Uint8Array | ArrayBuffer> {
  try {
    // Not every platform's request has bytes().
    return typeof request.bytes === "function" ? await request.bytes() : await request.arrayBuffer();
  } catch (error) {
    throw asHttpError(error);
  }
}

/** What went wrong below while reading, as what the client is told; what is not known stays as it is. */
function asHttpError(error: unknown): unknown {
  const hinted = hintedError(error);
  if (hinted !== undefined) return hinted;
  if (error instanceof LimitError) return new PayloadTooLarge(undefined, { cause: error });
  if (error instanceof TimeoutError) return new HttpError(408, undefined, { cause: error });
  if (error instanceof MillraceError) {
    return new BadRequest("the body ended early", { code: "ERR_BODY_INCOMPLETE", cause: error });
  }
  return error;
}

/** The answer that an error of the floors below asks for itself, for example 413 for a body beyond the limit. */
export function hintedError(error: unknown): HttpError | undefined {
  if (error instanceof HttpError) return error;
  if (!(error instanceof LimitError || error instanceof RemoteProtocolError)) return undefined;
  const status = error.statusHint;
  return status === undefined || status < 400 || status > 599
    ? undefined
    : new HttpError(status, undefined, { cause: error });
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
