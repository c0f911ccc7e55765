/**
 * One request, from route to response; never throws, never rejects.
 * @module
 */
import type { Route } from "../routes.ts";
import type { Router } from "../router/router.ts";
import { clientError, failPlainly, failWith } from "./fail.ts";
import { type Incoming, pathOf } from "./incoming.ts";
import { type Reply, Response } from "./reply.ts";

/** The request that an error belongs to. */
export interface ErrorContext {
  /** The request's method. */
  readonly method: string;
  /** Its raw path, without the query. */
  readonly path: string;
}

/** Told of every error that the client must not see. */
export type OnError = (error: unknown, context: ErrorContext) => void | Promise<void>;

/** Answers one request. */
export type Dispatch = (request: Incoming) => Reply | Promise<Reply>;

/** The ways to an answer. */
export interface Dispatcher {
  readonly dispatch: Dispatch;
  /** Answers with an error that a handler threw. */
  readonly fail: (error: unknown, request: Incoming) => Reply;
  /** Reports what failed after the handler: its response cannot be sent, or its stream broke off. Always a 500. */
  readonly broken: (error: unknown, request: Incoming) => Reply;
}

/** Puts router and error handling together. */
export function createDispatch(router: Router<Route>, onError: OnError): Dispatcher {
  const broken = (error: unknown, request: Incoming): Reply => {
    const path = pathOf(request);
    report(onError, error, { method: request.method, path });
    return failPlainly(500, path);
  };
  const fail = (error: unknown, request: Incoming): Reply => {
    const shown = clientError(error);
    if (shown.status >= 500) report(onError, error, { method: request.method, path: pathOf(request) });
    try {
      return failWith(shown, pathOf(request));
    } catch (unsendable) {
      // A field of the error that cannot be sent: the client still gets its status' like.
      return broken(unsendable, request);
    }
  };
  const dispatch: Dispatch = (request) => {
    try {
      const path = pathOf(request);
      const route = router.find(request.method, path);
      if (route === null) return miss(router, request.method, path);
      const reply = route.invoke(request, path, router);
      return reply instanceof Promise ? reply.catch((error: unknown) => fail(error, request)) : reply;
    } catch (error) {
      return fail(error, request);
    }
  };
  return { dispatch, fail, broken };
}

/** No route: OPTIONS answers itself (RFC 9110 §9.3.7), another method of a known path is 405, the rest 404. */
function miss(router: Router<Route>, method: string, path: string): Reply {
  if (method === "OPTIONS" && path === "*") return Response.empty();
  const allowed = router.allowed(path);
  if (allowed.length === 0) return failPlainly(404, path);
  const allow = allowed.join(", ");
  if (method === "OPTIONS") return new Response(null, { status: 204, headers: { allow } });
  return failPlainly(405, path, { allow });
}

function report(onError: OnError, error: unknown, context: ErrorContext): void {
  const complain = (broken: unknown): void => console.error("onError itself failed:", broken);
  try {
    const waiting = onError(error, context);
    if (waiting instanceof Promise) waiting.catch(complain);
  } catch (broken) {
    complain(broken);
  }
}
