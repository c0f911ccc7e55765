/**
 * The server's own answers: what an error means in a status, and the plain response that says so.
 * @module
 */
import { LimitError, RemoteProtocolError, TimeoutError } from "../../runtime/errors.ts";
import { reasonPhrase } from "../h1/reasons.ts";
import { Response } from "../response.ts";

/** The status that an error of the peer is answered with; `undefined` for an error that is not the peer's. */
export function statusOf(error: unknown): number | undefined {
  if (error instanceof RemoteProtocolError || error instanceof LimitError) return error.statusHint;
  if (error instanceof TimeoutError && (error.phase === "head" || error.phase === "body")) return 408;
  return undefined;
}

/** A response that names its status and nothing else: no word of what happened inside leaves the server. */
export function plainResponse(status: number): Response {
  return new Response(`${status} ${reasonPhrase(status)}\n`, { status });
}
