/**
 * What a handler gives, as a response.
 * @module
 */
export const Response: typeof globalThis.Response = globalThis.Response;

/** A response of ours or of the platform. */
export type Reply = globalThis.Response;

/** Bytes of no known kind (RFC 2046 §4.5.1). */
const OCTETS = { "content-type": "application/octet-stream" };

/**
 * Turns a handler's value into a response; waits for it if it is a promise.
 *
 * A response stays as it is; text, bytes and nothing at all have their own form; everything else is JSON.
 *
 * @param status For values; undefined means 200.
 */
export function replyWith(value: unknown, status: number): Reply | Promise<Reply> {
  if (typeof value === "string") {
    return hasNoBody(status) ? new Response(null, { status }) : new Response(value, { status });
  }
  if (value === undefined) {
    return new Response(null, { status: status === 200 || status === 201 ? 204 : status });
  }
  if (typeof value === "object" && value !== null) {
    if (value instanceof Response) return value;
    if (typeof (value as { then?: unknown }).then === "function") {
      return (value as Promise<unknown>).then((settled) => replyWith(settled, status));
    }
    if (value instanceof Uint8Array) {
      return new Response(hasNoBody(status) ? null : value as Uint8Array<ArrayBuffer>, {
        status,
        headers: OCTETS,
      });
    }
  }
  if (hasNoBody(status)) return new Response(null, { status });
  return Response.json(value, { status });
}

function hasNoBody(status: number): boolean {
  return status === 204 || status === 205 || status === 304;
}

/** The platform's form; for HEAD without the body. */
export function toWeb(reply: Reply, isHead: boolean): globalThis.Response {
  if (!isHead || reply.body === null) return reply;
  const { status, statusText, headers } = reply;
  reply.body.cancel().catch(() => {});
  return new globalThis.Response(null, { status, statusText, headers });
}
