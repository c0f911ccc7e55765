/**
 * What a handler gives, as a response.
 * @module
 */
import { type BodySource, streamOf } from "../../http/body.ts";
import { Response, type ResponseBody } from "../../http/response.ts";

export { Response };

/** A response of ours or of the platform. */
export type Reply = Response | globalThis.Response;

/** How the values of one route are answered; made once, so that an answer allocates nothing but itself. */
export interface ReplyForm {
  readonly status: number;
  /** Undefined for 200. */
  readonly init: { readonly status: number } | undefined;
  readonly octets: { readonly status: number; readonly headers: Readonly<Record<string, string>> };
  /** Whether the status forbids content (RFC 9110 §15.3.5, §15.3.6, §15.4.5). */
  readonly isEmpty: boolean;
  /** The status of nothing at all: a success becomes 204, unless another was chosen. */
  readonly nothing: number;
}

/** The form for one status; `chosen` if `@HttpCode` set it. */
export function replyForm(status: number, chosen: boolean): ReplyForm {
  return {
    status,
    init: status === 200 ? undefined : { status },
    octets: { status, headers: { "content-type": "application/octet-stream" } },
    isEmpty: status === 204 || status === 205 || status === 304,
    nothing: chosen ? status : 204,
  };
}

/**
 * Turns a handler's value into a response; waits for it if it is a promise.
 *
 * A response stays as it is; text, bytes, streams and nothing at all have their own form; everything else is JSON.
 */
export function replyWith(value: unknown, form: ReplyForm): Reply | Promise<Reply> {
  if (typeof value === "string" && !form.isEmpty) return Response.text(value, form.init);
  if (value === undefined) return Response.empty(form.nothing);
  if (typeof value === "object" && value !== null) {
    if (value instanceof Response || value instanceof globalThis.Response) return value;
    if (typeof (value as { then?: unknown }).then === "function") return replyLater(value, form);
    const prototype = Object.getPrototypeOf(value);
    if (prototype !== Object.prototype && prototype !== Array.prototype || Symbol.asyncIterator in value) {
      const content = contentOf(value);
      if (content !== undefined) return replyContent(content, form);
    }
  }
  return form.isEmpty ? Response.empty(form.status) : Response.json(value, form.init);
}

async function replyLater(value: unknown, form: ReplyForm): Promise<Reply> {
  return replyWith(await value, form);
}

/** What goes out as bytes; undefined for what has a form in JSON. @throws {TypeError} it has neither. */
function contentOf(value: object): Exclude<ResponseBody, string | null> | undefined {
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer || value instanceof Blob) return value;
  if (value instanceof ReadableStream || Symbol.asyncIterator in value) {
    return value as AsyncIterable<Uint8Array | string>;
  }
  if ((value instanceof Map || value instanceof Set) && !("toJSON" in value)) {
    const [name, cure] = value instanceof Map ? ["Map", "Object.fromEntries(map)"] : ["Set", "[...set]"];
    throw new TypeError(`a handler gave a ${name}, which JSON makes {} of; give ${cure}`);
  }
  return undefined;
}

function replyContent(content: Exclude<ResponseBody, string | null>, form: ReplyForm): Reply {
  if (!form.isEmpty) {
    return content instanceof Blob && content.type !== ""
      ? new Response(content, form.init)
      : new Response(content, form.octets);
  }
  new Response(content).body?.cancel().catch(() => {});
  return Response.empty(form.status);
}

/**
 * The platform's form; for HEAD without the content.
 *
 * @param onFailure Told when content that is still being made fails: the head is gone by then.
 * @throws {TypeError} the content was used already.
 */
export function toWeb(
  reply: Reply,
  isHead: boolean,
  onFailure: (error: unknown) => void,
): globalThis.Response {
  if (!(reply instanceof Response)) return checkWeb(reply, isHead);
  const content = Response.take(reply);
  const { status, statusText } = reply;
  const headers = new Headers();
  reply.headers.forEachField((name, value) => headers.append(name, value));
  let body: string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | null = null;
  if (typeof content === "string") {
    // The platform would give text a type that was taken away from it.
    body = headers.has("content-type") ? content : encoder.encode(content);
  } else if (content instanceof Uint8Array || content === null) body = content;
  else if (isHead) content.cancel();
  else body = streamOf(reporting(content, onFailure));
  return new globalThis.Response(isHead ? null : body, { status, statusText, headers });
}

/** Stays as it is: what its content is made of cannot be seen, and as a stream all of it would lose its length and be slow. */
function checkWeb(reply: globalThis.Response, isHead: boolean): globalThis.Response {
  if (reply.bodyUsed) throw new TypeError("the response's body was read already");
  if (!isHead || reply.body === null) return reply;
  reply.body.cancel().catch(() => {});
  const { status, statusText, headers } = reply;
  return new globalThis.Response(null, { status, statusText, headers });
}

const encoder = new TextEncoder();

function reporting(source: BodySource, onFailure: (error: unknown) => void): BodySource {
  return {
    read: async () => {
      try {
        return await source.read();
      } catch (error) {
        onFailure(error);
        throw error;
      }
    },
    cancel: (reason) => source.cancel(reason),
  };
}
