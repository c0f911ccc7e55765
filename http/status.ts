/**
 * Status codes (RFC 9110 15 and the IANA registry).
 * @module
 */
export { reasonPhrase } from "./h1/reasons.ts";

/** What {@linkcode StatusCode} holds: a number for each registered name. */
export interface StatusCodes {
  /** 100 Continue. */
  readonly Continue: 100;
  /** 101 Switching Protocols. */
  readonly SwitchingProtocols: 101;
  /** 102 Processing. */
  readonly Processing: 102;
  /** 103 Early Hints. */
  readonly EarlyHints: 103;
  /** 200 OK. */
  readonly OK: 200;
  /** 201 Created. */
  readonly Created: 201;
  /** 202 Accepted. */
  readonly Accepted: 202;
  /** 203 Non-Authoritative Information. */
  readonly NonAuthoritativeInformation: 203;
  /** 204 No Content. */
  readonly NoContent: 204;
  /** 205 Reset Content. */
  readonly ResetContent: 205;
  /** 206 Partial Content. */
  readonly PartialContent: 206;
  /** 207 Multi-Status. */
  readonly MultiStatus: 207;
  /** 208 Already Reported. */
  readonly AlreadyReported: 208;
  /** 226 IM Used. */
  readonly IMUsed: 226;
  /** 300 Multiple Choices. */
  readonly MultipleChoices: 300;
  /** 301 Moved Permanently. */
  readonly MovedPermanently: 301;
  /** 302 Found. */
  readonly Found: 302;
  /** 303 See Other. */
  readonly SeeOther: 303;
  /** 304 Not Modified. */
  readonly NotModified: 304;
  /** 305 Use Proxy. */
  readonly UseProxy: 305;
  /** 307 Temporary Redirect. */
  readonly TemporaryRedirect: 307;
  /** 308 Permanent Redirect. */
  readonly PermanentRedirect: 308;
  /** 400 Bad Request. */
  readonly BadRequest: 400;
  /** 401 Unauthorized. */
  readonly Unauthorized: 401;
  /** 402 Payment Required. */
  readonly PaymentRequired: 402;
  /** 403 Forbidden. */
  readonly Forbidden: 403;
  /** 404 Not Found. */
  readonly NotFound: 404;
  /** 405 Method Not Allowed. */
  readonly MethodNotAllowed: 405;
  /** 406 Not Acceptable. */
  readonly NotAcceptable: 406;
  /** 407 Proxy Authentication Required. */
  readonly ProxyAuthenticationRequired: 407;
  /** 408 Request Timeout. */
  readonly RequestTimeout: 408;
  /** 409 Conflict. */
  readonly Conflict: 409;
  /** 410 Gone. */
  readonly Gone: 410;
  /** 411 Length Required. */
  readonly LengthRequired: 411;
  /** 412 Precondition Failed. */
  readonly PreconditionFailed: 412;
  /** 413 Content Too Large. */
  readonly ContentTooLarge: 413;
  /** 414 URI Too Long. */
  readonly URITooLong: 414;
  /** 415 Unsupported Media Type. */
  readonly UnsupportedMediaType: 415;
  /** 416 Range Not Satisfiable. */
  readonly RangeNotSatisfiable: 416;
  /** 417 Expectation Failed. */
  readonly ExpectationFailed: 417;
  /** 421 Misdirected Request. */
  readonly MisdirectedRequest: 421;
  /** 422 Unprocessable Content. */
  readonly UnprocessableContent: 422;
  /** 423 Locked. */
  readonly Locked: 423;
  /** 424 Failed Dependency. */
  readonly FailedDependency: 424;
  /** 425 Too Early. */
  readonly TooEarly: 425;
  /** 426 Upgrade Required. */
  readonly UpgradeRequired: 426;
  /** 428 Precondition Required. */
  readonly PreconditionRequired: 428;
  /** 429 Too Many Requests. */
  readonly TooManyRequests: 429;
  /** 431 Request Header Fields Too Large. */
  readonly RequestHeaderFieldsTooLarge: 431;
  /** 451 Unavailable For Legal Reasons. */
  readonly UnavailableForLegalReasons: 451;
  /** 500 Internal Server Error. */
  readonly InternalServerError: 500;
  /** 501 Not Implemented. */
  readonly NotImplemented: 501;
  /** 502 Bad Gateway. */
  readonly BadGateway: 502;
  /** 503 Service Unavailable. */
  readonly ServiceUnavailable: 503;
  /** 504 Gateway Timeout. */
  readonly GatewayTimeout: 504;
  /** 505 HTTP Version Not Supported. */
  readonly HTTPVersionNotSupported: 505;
  /** 506 Variant Also Negotiates. */
  readonly VariantAlsoNegotiates: 506;
  /** 507 Insufficient Storage. */
  readonly InsufficientStorage: 507;
  /** 508 Loop Detected. */
  readonly LoopDetected: 508;
  /** 510 Not Extended. */
  readonly NotExtended: 510;
  /** 511 Network Authentication Required. */
  readonly NetworkAuthenticationRequired: 511;
}

/**
 * Status codes by their registered names, written without spaces.
 *
 * @example
 * ```ts
 * import { StatusCode } from "@millrace/millrace/http";
 *
 * if (StatusCode.NotFound !== 404) throw new Error("RFC 9110 15.5.5");
 * ```
 */
export const StatusCode: StatusCodes = {
  Continue: 100,
  SwitchingProtocols: 101,
  Processing: 102,
  EarlyHints: 103,
  OK: 200,
  Created: 201,
  Accepted: 202,
  NonAuthoritativeInformation: 203,
  NoContent: 204,
  ResetContent: 205,
  PartialContent: 206,
  MultiStatus: 207,
  AlreadyReported: 208,
  IMUsed: 226,
  MultipleChoices: 300,
  MovedPermanently: 301,
  Found: 302,
  SeeOther: 303,
  NotModified: 304,
  UseProxy: 305,
  TemporaryRedirect: 307,
  PermanentRedirect: 308,
  BadRequest: 400,
  Unauthorized: 401,
  PaymentRequired: 402,
  Forbidden: 403,
  NotFound: 404,
  MethodNotAllowed: 405,
  NotAcceptable: 406,
  ProxyAuthenticationRequired: 407,
  RequestTimeout: 408,
  Conflict: 409,
  Gone: 410,
  LengthRequired: 411,
  PreconditionFailed: 412,
  ContentTooLarge: 413,
  URITooLong: 414,
  UnsupportedMediaType: 415,
  RangeNotSatisfiable: 416,
  ExpectationFailed: 417,
  MisdirectedRequest: 421,
  UnprocessableContent: 422,
  Locked: 423,
  FailedDependency: 424,
  TooEarly: 425,
  UpgradeRequired: 426,
  PreconditionRequired: 428,
  TooManyRequests: 429,
  RequestHeaderFieldsTooLarge: 431,
  UnavailableForLegalReasons: 451,
  InternalServerError: 500,
  NotImplemented: 501,
  BadGateway: 502,
  ServiceUnavailable: 503,
  GatewayTimeout: 504,
  HTTPVersionNotSupported: 505,
  VariantAlsoNegotiates: 506,
  InsufficientStorage: 507,
  LoopDetected: 508,
  NotExtended: 510,
  NetworkAuthenticationRequired: 511,
};

/** One of the registered codes; a status may be any other number from 100 to 999 too. */
export type StatusCode = StatusCodes[keyof StatusCodes];

/**
 * Whether the code is 1xx: an interim response, a final one follows.
 *
 * @example
 * ```ts
 * import { isInformational } from "@millrace/millrace/http";
 *
 * if (!isInformational(103) || isInformational(200)) throw new Error("RFC 9110 15");
 * ```
 */
export function isInformational(code: number): boolean {
  return code >= 100 && code <= 199;
}

/**
 * Whether the code is 2xx: received, understood, accepted.
 *
 * @example
 * ```ts
 * import { isSuccessful } from "@millrace/millrace/http";
 *
 * if (!isSuccessful(204) || isSuccessful(304)) throw new Error("RFC 9110 15");
 * ```
 */
export function isSuccessful(code: number): boolean {
  return code >= 200 && code <= 299;
}

/**
 * Whether the code is 3xx: further action is needed.
 *
 * @example
 * ```ts
 * import { isRedirection } from "@millrace/millrace/http";
 *
 * if (!isRedirection(308) || isRedirection(200)) throw new Error("RFC 9110 15");
 * ```
 */
export function isRedirection(code: number): boolean {
  return code >= 300 && code <= 399;
}

/**
 * Whether the code is 4xx: the request is at fault.
 *
 * @example
 * ```ts
 * import { isClientError } from "@millrace/millrace/http";
 *
 * if (!isClientError(404) || isClientError(500)) throw new Error("RFC 9110 15");
 * ```
 */
export function isClientError(code: number): boolean {
  return code >= 400 && code <= 499;
}

/**
 * Whether the code is 5xx: the server is at fault.
 *
 * @example
 * ```ts
 * import { isServerError } from "@millrace/millrace/http";
 *
 * if (!isServerError(503) || isServerError(404)) throw new Error("RFC 9110 15");
 * ```
 */
export function isServerError(code: number): boolean {
  return code >= 500 && code <= 599;
}

/**
 * Whether a response of this code has no content by definition: 1xx, 204 and 304 (RFC 9112 6.3), and 205 (RFC 9110 15.3.6).
 *
 * @example
 * ```ts
 * import { isNullBody } from "@millrace/millrace/http";
 *
 * if (!isNullBody(204) || isNullBody(200)) throw new Error("RFC 9112 6.3");
 * ```
 */
export function isNullBody(code: number): boolean {
  return code < 200 || code === 204 || code === 205 || code === 304;
}
