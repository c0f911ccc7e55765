/**
 * Millrace: an async runtime, an HTTP stack and a framework, in one package.
 *
 * This export holds what a service is made of; each floor has an export of its own with everything else:
 * `./framework`, `./http`, `./net`, `./runtime`, `./reactor`, `./ffi`.
 *
 * @example
 * ```ts
 * import { createApp, Module } from "@millrace/millrace";
 *
 * class AppModule {}
 * Module({})(AppModule);
 * const app = createApp(AppModule);
 * const answer = await app.fetch(new globalThis.Request("http://localhost/nothing"));
 * if (answer.status !== 404) throw new Error("there is no route yet");
 * ```
 *
 * @module
 */
export * from "./framework/mod.ts";
export {
  HeaderMap,
  type Request,
  Response,
  serve,
  type ServeOptions,
  type Server,
  type ShutdownOptions,
  StatusCode,
} from "./http/mod.ts";
export { SocketAddr, TcpListener, TcpStream } from "./net/mod.ts";
export {
  ClosedError,
  interval,
  IoError,
  type JoinHandle,
  LimitError,
  MillraceError,
  Runtime,
  sleep,
  spawn,
  timeout,
  TimeoutError,
} from "./runtime/mod.ts";
