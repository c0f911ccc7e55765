/**
 * Errors of the framework: those that become a response, and those that stop an app from starting.
 * @module
 */
import { reasonPhrase } from "../http/status.ts";
import { MillraceError } from "../runtime/bytes/errors.ts";

export { MillraceError };

/** One thing that is wrong with an input, and where. */
export interface Issue {
  /** The keys that lead to it from the root of the value; empty for the value itself. */
  readonly path: readonly (string | number)[];
  /** What is wrong, for the client to read. */
  readonly message: string;
}

/** What an {@linkcode HttpError} may carry besides status and message. */
export interface HttpErrorOptions extends ErrorOptions {
  /** Stable identifier. Default `ERR_HTTP_` and the status. */
  readonly code?: string;
  /** Whether the client may read the message. Default: below 500. */
  readonly expose?: boolean;
  /** Fields for the response, for example `allow` or `retry-after`. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What is wrong with the input, one by one. */
  readonly issues?: readonly Issue[];
}

/**
 * An error that a handler or pipe throws to answer with a status (RFC 9110 §15.5, §15.6).
 *
 * It becomes `{statusCode, message, path, timestamp}`; where `expose` is false the client reads the status' own phrase.
 *
 * @throws {RangeError} the status is no integer from 400 to 599.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Controller, createApp, Get, HttpError, Module } from "@millrace/millrace/framework";
 *
 * @Controller("/tea")
 * class TeaController {
 *   @Get()
 *   brew(): never {
 *     throw new HttpError(429, "one pot at a time", { headers: { "retry-after": "60" } });
 *   }
 * }
 *
 * @Module({ controllers: [TeaController] })
 * class AppModule {}
 *
 * const response = await createApp(AppModule).fetch(new Request("http://localhost/tea"));
 * assertEquals(response.status, 429);
 * assertEquals(response.headers.get("retry-after"), "60");
 * assertEquals((await response.json()).message, "one pot at a time");
 * ```
 */
export class HttpError extends MillraceError {
  /** The status to answer with, 400 to 599. */
  readonly status: number;
  /** Whether the client may read the message. */
  readonly expose: boolean;
  /** Fields for the response. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  /** What is wrong with the input, one by one. */
  readonly issues: readonly Issue[] | undefined;

  /** Ready to be thrown. @param status 400 to 599. @param message Default: the status' phrase. */
  constructor(status: number, message?: string, options: HttpErrorOptions = {}) {
    if (!Number.isInteger(status) || status < 400 || status > 599) {
      throw new RangeError(`HttpError: status "${status}", wanted an integer from 400 to 599`);
    }
    super(options.code ?? `ERR_HTTP_${status}`, message ?? reasonPhrase(status), options);
    this.status = status;
    this.expose = options.expose ?? status < 500;
    this.headers = options.headers;
    this.issues = options.issues;
  }
}

/** 400: the request is wrong in itself. */
export class BadRequest extends HttpError {
  /** Ready to be thrown. @param message What the client reads, the status' phrase by default. */
  constructor(message?: string, options?: HttpErrorOptions) {
    super(400, message, options);
  }
}

/**
 * 400 with a list of what is wrong; a validating function throws it.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { ValidationError } from "@millrace/millrace/framework";
 *
 * const error = new ValidationError([{ path: ["title"], message: "is missing" }]);
 * assertEquals([error.status, error.issues?.length], [400, 1]);
 * ```
 */
export class ValidationError extends BadRequest {
  /** Ready to be thrown. @param issues What is wrong, one by one. */
  constructor(issues: readonly Issue[], message?: string, options?: HttpErrorOptions) {
    super(message ?? "Validation failed", { ...options, issues });
  }
}

/** 401: who asks is not known; add a `www-authenticate` field (RFC 9110 §11.6.1). */
export class Unauthorized extends HttpError {
  /** Ready to be thrown. @param message What the client reads, the status' phrase by default. */
  constructor(message?: string, options?: HttpErrorOptions) {
    super(401, message, options);
  }
}

/** 403: who asks is known and may not. */
export class Forbidden extends HttpError {
  /** Ready to be thrown. @param message What the client reads, the status' phrase by default. */
  constructor(message?: string, options?: HttpErrorOptions) {
    super(403, message, options);
  }
}

/** 404: nothing here. */
export class NotFound extends HttpError {
  /** Ready to be thrown. @param message What the client reads, the status' phrase by default. */
  constructor(message?: string, options?: HttpErrorOptions) {
    super(404, message, options);
  }
}

/** 409: the state of the resource forbids it. */
export class Conflict extends HttpError {
  /** Ready to be thrown. @param message What the client reads, the status' phrase by default. */
  constructor(message?: string, options?: HttpErrorOptions) {
    super(409, message, options);
  }
}

/** 413: the body is longer than allowed. */
export class PayloadTooLarge extends HttpError {
  /** Ready to be thrown. @param message What the client reads, the status' phrase by default. */
  constructor(message?: string, options?: HttpErrorOptions) {
    super(413, message, options);
  }
}

/** 415: the body's type is not one that this route reads. */
export class UnsupportedMediaType extends HttpError {
  /** Ready to be thrown. @param message What the client reads, the status' phrase by default. */
  constructor(message?: string, options?: HttpErrorOptions) {
    super(415, message, options);
  }
}

/** 422: well-formed, but it cannot be done. */
export class UnprocessableContent extends HttpError {
  /** Ready to be thrown. @param message What the client reads, the status' phrase by default. */
  constructor(message?: string, options?: HttpErrorOptions) {
    super(422, message, options);
  }
}

/** 500: the message is for the log, the client reads "Internal Server Error". */
export class InternalServerError extends HttpError {
  /** Ready to be thrown. @param message What the log reads. */
  constructor(message?: string, options?: HttpErrorOptions) {
    super(500, message, options);
  }
}

/** A dependency cannot be resolved; the app does not start. */
export class ResolveError extends MillraceError {
  /** The names of the tokens concerned; for a circle, in order, the first repeated at the end. */
  readonly tokens: readonly string[];
  /** What to change. */
  readonly cure: string;

  /** Says what failed, and the cure below it. @param tokens The names concerned. @param what What failed and where. @param cure What to change. */
  constructor(tokens: readonly string[], what: string, cure: string) {
    super("ERR_RESOLVE", `${what}\n  cure: ${cure}`);
    this.tokens = tokens;
    this.cure = cure;
  }
}

/** A route cannot be compiled, or two are the same; the app does not start. */
export class RouteError extends MillraceError {
  /** The handlers concerned, as `Class.method`. */
  readonly handlers: readonly string[];
  /** What to change. */
  readonly cure: string;

  /** Says what is wrong, and the cure below it. @param handlers As `Class.method`. @param what What is wrong and where. @param cure What to change. */
  constructor(handlers: readonly string[], what: string, cure: string) {
    super("ERR_ROUTE", `${what}\n  cure: ${cure}`);
    this.handlers = handlers;
    this.cure = cure;
  }
}
