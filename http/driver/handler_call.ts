/**
 * Calls the handler, and onError when it fails, until there is a response.
 * @module
 */
import type { Request } from "../request.ts";
import { Response } from "../response.ts";
import type { ServerContext } from "./context.ts";
import { plainResponse, statusOf } from "./refuse.ts";

/** The connection, as far as an answer has to do with it. */
export interface CallOwner {
  /** The number of the request in progress. */
  readonly exchange: number;
  /** Is the connection still there? */
  readonly isOpen: boolean;
  /** Is the request with that number still without an answer? */
  isCurrent(exchange: number): boolean;
  /** The answer comes later. */
  awaitHandler(): void;
  /** Send it. `recovered`: it is an answer to a failure, which a plain one replaces if it fails too. */
  respond(response: Response, recovered: boolean): void;
}

type Answer = globalThis.Response | PromiseLike<Response | globalThis.Response>;

/** Have the request answered, at once or later. */
export function callHandler(server: ServerContext, owner: CallOwner, request: Request): void {
  let result: Answer;
  let recovered = false;
  try {
    result = server.handler(request);
  } catch (error) {
    result = recover(server, owner, error, request);
    recovered = true;
  }
  if (result instanceof Response) owner.respond(result, recovered);
  else awaitAnswer(server, owner, result, request, recovered);
}

/** The slow way: a Promise, or a platform response. */
function awaitAnswer(
  server: ServerContext,
  owner: CallOwner,
  result: Answer,
  request: Request,
  recovered: boolean,
): void {
  const { host } = server;
  const { exchange } = owner;
  request.detach();
  owner.awaitHandler();
  host.awaited++;
  Promise.resolve(result).then((response) => {
    host.awaited--;
    if (owner.isCurrent(exchange)) owner.respond(adopt(response), recovered);
    else discard(response);
  }, (error) => {
    host.awaited--;
    throw error;
  }).catch((error) => replaceAnswer(server, owner, error, request, exchange, recovered));
}

/** There is no answer, or it cannot be sent: onError has another, once; then a plain one has to do. */
export function replaceAnswer(
  server: ServerContext,
  owner: CallOwner,
  error: unknown,
  request: Request,
  exchange: number,
  recovered: boolean,
): void {
  const result = recovered ? plainResponse(500) : recover(server, owner, error, request);
  if (!(result instanceof Response)) awaitAnswer(server, owner, result, request, true);
  else if (owner.isCurrent(exchange)) owner.respond(result, true);
  else discard(result);
}

function recover(server: ServerContext, owner: CallOwner, error: unknown, request: Request): Answer {
  const status = statusOf(error);
  // The peer's fault, seen through the handler's eyes: the refusal has been sent, or is this.
  if (status !== undefined) return plainResponse(status);
  if (!owner.isOpen) return plainResponse(500);
  server.counters.failed++;
  try {
    return server.onError(error, request);
  } catch {
    return plainResponse(500);
  }
}

/** A response failed after its head went out: onError is told, what it answers is lost. */
export function reportFailure(server: ServerContext, error: unknown, request: Request): void {
  server.counters.failed++;
  try {
    Promise.resolve(server.onError(error, request)).then(discard).catch(() => {});
  } catch {
    // There is nobody left to tell.
  }
}

/** Our response around a platform one. */
function adopt(response: Response | globalThis.Response): Response {
  if (response instanceof Response) return response;
  if (!(response instanceof globalThis.Response)) {
    throw new TypeError(
      `a handler returned ${response === null ? "null" : typeof response}, wanted a Response`,
    );
  }
  const { status, statusText, headers, body, bodyUsed } = response;
  if (bodyUsed) throw new TypeError("a handler returned a Response whose body was read already");
  return new Response(body, { status, statusText, headers });
}

function discard(response: unknown): void {
  if (!(response instanceof Response || response instanceof globalThis.Response) || response.bodyUsed) return;
  const { body } = response;
  if (body !== null && !body.locked) body.cancel().catch(() => {});
}
