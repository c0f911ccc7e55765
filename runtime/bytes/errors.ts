/**
 * Errors that a sans-IO codec may raise: nothing here knows the operating system.
 * @module
 */

import { MillraceError } from "../../ffi/errors.ts";
export { MillraceError };

/** Where a protocol error ends: one message, or the whole connection. */
export type ErrorScope = "message" | "connection";

/** What a protocol error carries besides its text. */
export interface ProtocolErrorInit {
  /** The protocol by its ALPN-like name, for example `http/1.1`. */
  readonly protocol: string;
  /** The code that the wire format has for it (an HTTP/2 error code), or 0 where it has none. */
  readonly wireCode?: number;
  /** What must end because of it. Default `connection`. */
  readonly scope?: ErrorScope;
  /** The HTTP status that a server answers, if it still can. */
  readonly statusHint?: number;
}

/** The peer broke the protocol. */
export class RemoteProtocolError extends MillraceError {
  /** The protocol that was broken. */
  readonly protocol: string;
  /** The wire format's own code, 0 if it has none. */
  readonly wireCode: number;
  /** What must end because of it. */
  readonly scope: ErrorScope;
  /** The HTTP status to answer with, if any. */
  readonly statusHint: number | undefined;

  /** A stable `code`, and a message: action, value in quotes, wanted form. */
  constructor(code: string, message: string, init: ProtocolErrorInit) {
    super(code, message);
    this.protocol = init.protocol;
    this.wireCode = init.wireCode ?? 0;
    this.scope = init.scope ?? "connection";
    this.statusHint = init.statusHint;
  }
}

/** This side was asked to break the protocol: a mistake of the caller. */
export class LocalProtocolError extends MillraceError {
  /** The protocol that would have been broken. */
  readonly protocol: string;

  /** A stable `code`, and a message: action, value in quotes, wanted form. */
  constructor(code: string, message: string, protocol: string) {
    super(code, message);
    this.protocol = protocol;
  }
}

/** A named limit was passed. */
export class LimitError extends MillraceError {
  /** The option's name, as it is set. */
  readonly limit: string;
  /** Its value, inclusive. */
  readonly max: number;
  /** The HTTP status to answer with, if any. */
  readonly statusHint: number | undefined;

  /** The option, its inclusive value, the text, and the HTTP status to answer with, for example 431. */
  constructor(limit: string, max: number, message: string, statusHint?: number) {
    super("ERR_LIMIT", message);
    this.limit = limit;
    this.max = max;
    this.statusHint = statusHint;
  }
}
