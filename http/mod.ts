/**
 * HTTP: messages in the shape of fetch, the sans-IO HTTP/1.1 codec, and the server.
 * @module
 */
export {
  encodeDecimal,
  encodeHex,
  equalsIgnoreCase,
  readLatin1,
  writeAscii,
  writeLatin1,
  writeUtf8,
} from "../runtime/bytes/ascii.ts";
export { type BodySource, MessageBody } from "./body.ts";
export type { ErrorHandler, Handler, RefusalHandler, ServerCounters } from "./driver/context.ts";
export { HeaderMap, type HeaderMapInit } from "./fields.ts";
export { EVENT_DATA, EVENT_END, EVENT_HEAD, EVENT_NEED_MORE } from "./h1/body.ts";
export * from "./h1/encoder.ts";
export * from "./h1/field_lookup.ts";
export * from "./h1/head.ts";
export * from "./h1/head_template.ts";
export * from "./h1/limits.ts";
export { bodyAllowed, isIdempotent, isMethod, isSafe, type Method, METHODS } from "./method.ts";
export { RequestDecoder } from "./h1/request_decoder.ts";
export { ResponseDecoder } from "./h1/response_decoder.ts";
export type { TrailerField } from "./h1/trailers.ts";
export { Request, type RequestContext, type RequestOffsets } from "./request.ts";
export {
  Response,
  type ResponseBody,
  ResponseBuilder,
  type ResponseContent,
  type ResponseInit,
} from "./response.ts";
export { MIN_RATE_GRACE_MS, SERVE_LIMITS, type ServeLimits } from "./server/options.ts";
export {
  serve,
  type ServeOptions,
  Server,
  type ServerStats,
  SHUTDOWN_DEADLINE_MS,
  type ShutdownOptions,
} from "./server/server.ts";
export * from "./status.ts";
export { type Version, versionOfMinor } from "./version.ts";
