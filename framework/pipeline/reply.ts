/**
 * What a handler gives, as a response.
 * @module
 */
import { Response } from "../../http/response.ts";

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
 * A response stays as it is; text, bytes and nothing at all have their own form; everything else is JSON.
 */
export function replyWith(value: unknown, form: ReplyForm): Reply | Promise<Reply> {
  if (typeof value === "string" && !form.isEmpty) return Response.text(value, form.init);
  if (value === undefined) return Response.empty(form.nothing);
  if (typeof value === "object" && value !== null) {
    if (value instanceof Response || value instanceof globalThis.Response) return value;
    if (typeof (value as { then?: unknown }).then === "function") return replyLater(value, form);
    if (value instanceof Uint8Array && !form.isEmpty) return new Response(value, form.octets);
  }
  return form.isEmpty ? Response.empty(form.status) : Response.json(value, form.init);
}

async function replyLater(value: unknown, form: ReplyForm): Promise<Reply> {
  return replyWith(await value, form);
}

/** The platform's form; for HEAD without the content. */
export function toWeb(reply: Reply, isHead: boolean): globalThis.Response {
  if (!isHead || reply.body === null) return reply instanceof Response ? reply.toWeb() : reply;
  reply.body.cancel().catch(() => {});
  const { status, statusText } = reply;
  return new globalThis.Response(null, { status, statusText, headers: [...reply.headers] });
}
