/**
 * Errors as responses.
 * @module
 */
import { reasonPhrase } from "../../http/status.ts";
import { HttpError, type Issue } from "../error.ts";
import { type Reply, Response } from "./reply.ts";

/** The JSON that every error answers with. */
export interface ErrorBody {
  /** The status again. */
  readonly statusCode: number;
  /** For the client to read; the status' own phrase where the error is not the client's. */
  readonly message: string;
  /** The raw path, without the query; `null` where the server did not understand the request. */
  readonly path: string | null;
  /** When, ISO 8601 in UTC. */
  readonly timestamp: string;
  /** What is wrong with the input, one by one. */
  readonly issues?: readonly Issue[];
}

/** The error that the client is told about: the error itself if it is meant for it, else a 500. */
export function clientError(error: unknown): HttpError {
  return error instanceof HttpError ? error : new HttpError(500, undefined, { cause: error });
}

/** The response for an error. */
export function failWith(error: HttpError, path: string): Reply {
  const message = error.expose ? error.message : phraseOf(error.status);
  return errorReply(error.status, message, path, error.headers, error.expose ? error.issues : undefined);
}

/** The response for a status alone: an Error would cost its stack trace, more than all the rest. */
export function failPlainly(
  status: number,
  path: string,
  headers?: Readonly<Record<string, string>>,
): Reply {
  return errorReply(status, phraseOf(status), path, headers, undefined);
}

/** The response for what the server refuses before the app sees it. */
export function refuse(status: number, path: string | undefined): Response {
  return errorReply(status, phraseOf(status), path ?? null, undefined, undefined);
}

function phraseOf(status: number): string {
  return reasonPhrase(status) || "Error";
}

function errorReply(
  statusCode: number,
  message: string,
  path: string | null,
  headers: Readonly<Record<string, string>> | undefined,
  issues: readonly Issue[] | undefined,
): Response {
  const timestamp = new Date().toISOString();
  const body: ErrorBody = issues === undefined
    ? { statusCode, message, path, timestamp }
    : { statusCode, message, path, timestamp, issues };
  return Response.json(
    body,
    headers === undefined ? { status: statusCode } : { status: statusCode, headers },
  );
}
