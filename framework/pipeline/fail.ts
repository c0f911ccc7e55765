/**
 * Errors as responses.
 * @module
 */
import { reasonPhrase } from "../../http/status.ts";
import { HttpError, type Issue } from "../error.ts";
import { hintedError } from "./body.ts";
import { type Reply, Response } from "./reply.ts";

/** The JSON that every error answers with. */
export interface ErrorBody {
  /** The status again. */
  readonly statusCode: number;
  /** For the client to read; the status' own phrase where the error is not the client's. */
  readonly message: string;
  /** The raw path, without the query. */
  readonly path: string;
  /** When, ISO 8601 in UTC. */
  readonly timestamp: string;
  /** What is wrong with the input, one by one. */
  readonly issues?: readonly Issue[];
}

/** The error that the client is told about: the error itself if it is meant for it, else a 500. */
export function clientError(error: unknown): HttpError {
  return hintedError(error) ?? new HttpError(500, undefined, { cause: error });
}

/** The response for an error. */
export function failWith(error: HttpError, path: string): Reply {
  const body: ErrorBody = {
    statusCode: error.status,
    message: error.expose ? error.message : reasonPhrase(error.status) || "Error",
    path,
    timestamp: new Date().toISOString(),
    ...(error.expose && error.issues !== undefined ? { issues: error.issues } : {}),
  };
  return Response.json(body, { status: error.status, headers: { ...error.headers } });
}
