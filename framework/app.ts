/**
 * The app: modules built, routes compiled, requests answered.
 * @module
 */
import type { ServeOptions, Server, ShutdownOptions } from "../http/server/server.ts";
import { ClosedError } from "../runtime/errors.ts";
import { Container } from "./di/container.ts";
import type { Constructor, Token } from "./di/token.ts";
import {
  createDispatch,
  type Dispatch,
  type Dispatcher,
  type ErrorContext,
  type OnError,
} from "./pipeline/dispatch.ts";
import { failPlainly, refuse } from "./pipeline/fail.ts";
import { pathOf } from "./pipeline/incoming.ts";
import { type Reply, toWeb } from "./pipeline/reply.ts";
import { compileRoutes } from "./routes.ts";

/** Does work before the first request; dependencies are initialised before those that ask for them. */
export interface OnModuleInit {
  /** The app is not ready before this has finished; its failure keeps the app from starting. */
  onModuleInit(): void | Promise<void>;
}

/**
 * Does work when the app closes, after the last request of its servers; in the reverse order of {@linkcode OnModuleInit}, and
 * only where that has run, if there is one.
 */
export interface OnApplicationShutdown {
  /** Its failure does not keep the others from running. */
  onApplicationShutdown(): void | Promise<void>;
}

/** Settings of an app. */
export interface AppOptions {
  /**
   * Told of every error that the client does not see: of handlers and pipes, of responses that cannot be sent, and of streams
   * that break off after the head. On `fetch`, the platform alone hears of a stream in a `Response` of its own: give the stream
   * itself, or a `Response` of this package. Default: one `console.error` with method and path.
   */
  readonly onError?: OnError;
  /**
   * Bytes of a body that `Body()` reads, >= 0, inclusive. Default 1,048,576 (NestJS 100 KB): it is also the worst case of memory
   * per request for the bytes, before their text and the value that is made of it. Passing it is status 413, told by
   * `content-length` or while reading, which then stops; 0 refuses every body. It holds on `fetch` and `listen`, beside the
   * `maxBodyBytes` of the server, which bounds what is streamed.
   */
  readonly maxJsonBytes?: number;
}

/** What `serve` takes, save for what the app does itself: its errors go to {@linkcode AppOptions.onError}. */
export type AppServeOptions = Omit<ServeOptions, "onError" | "onRefuse">;

/** Default of {@linkcode AppOptions.maxJsonBytes}. */
export const MAX_JSON_BYTES = 1_048_576;

/**
 * An application: made by {@linkcode createApp}.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Controller, createApp, Get, Module } from "@millrace/millrace/framework";
 *
 * @Controller()
 * class HelloController {
 *   @Get()
 *   hello(): string {
 *     return "Hello, World!";
 *   }
 * }
 *
 * @Module({ controllers: [HelloController] })
 * class AppModule {}
 *
 * await using app = createApp(AppModule);
 * const response = await app.fetch(new Request("http://localhost/"));
 * assertEquals(await response.text(), "Hello, World!");
 * ```
 */
export class App implements AsyncDisposable {
  /**
   * Answers a request of ours or of the platform, with a response of either; synchronous where the route is. Never throws or rejects.
   *
   * For `serve`; HEAD keeps its body here, the server leaves it out.
   */
  readonly handler: Dispatch;

  /** Answers as a fetch handler: for Deno.serve, Node, Bun and tests, with no native code behind it. Never rejects. */
  readonly fetch: (request: Request) => Promise<globalThis.Response>;
  readonly #container: Container;
  readonly #broken: Dispatcher["broken"];
  readonly #servers: Server[] = [];
  #isReady: boolean;
  #starting: Promise<void> | undefined = undefined;
  #closing: Promise<void> | undefined = undefined;
  readonly #initialised = new Set<unknown>();

  /** Resolves and compiles everything; {@linkcode createApp} says more. */
  constructor(root: Constructor, options: AppOptions = {}) {
    const { onError = logError, maxJsonBytes = MAX_JSON_BYTES } = options;
    if (!(maxJsonBytes >= 0)) throw new RangeError(`maxJsonBytes "${maxJsonBytes}" is not a number >= 0`);
    this.#container = new Container(root);
    const { dispatch, fail, broken } = createDispatch(compileRoutes(this.#container, maxJsonBytes), onError);
    this.#isReady = ![...this.#container.built].some(hasInit);
    this.handler = (request) => {
      if (this.#isReady) return dispatch(request);
      if (this.#closing !== undefined) return failPlainly(503, pathOf(request));
      return this.ready().then(
        () => dispatch(request),
        (error: unknown) =>
          this.#closing === undefined ? fail(error, request) : failPlainly(503, pathOf(request)),
      );
    };
    this.#broken = broken;
    this.fetch = async (request) => {
      const isHead = request.method === "HEAD";
      const report = (error: unknown): Reply => broken(error, request);
      const reply = await this.handler(request);
      try {
        return toWeb(reply, isHead, report);
      } catch (error) {
        return toWeb(report(error), isHead, report);
      }
    };
  }

  /**
   * Runs the `onModuleInit` hooks, once; `listen` and the first request wait for it. Rejects if one of them fails.
   *
   * Rejects with `ClosedError` if the app was closed, before or meanwhile.
   */
  ready(): Promise<void> {
    if (this.#closing !== undefined) return Promise.reject(new ClosedError("the app", "local"));
    return this.#starting ??= this.#init();
  }

  async #init(): Promise<void> {
    for (const instance of this.#container.built) {
      if (!hasInit(instance)) continue;
      await instance.onModuleInit();
      this.#initialised.add(instance);
      if (this.#closing !== undefined) throw new ClosedError("the app", "local");
    }
    this.#isReady = true;
  }

  /**
   * Serves the app over HTTP; `createApp` and `fetch` need no native code, this loads it.
   *
   * @param options Address, limits and hooks of `serve`; 127.0.0.1:3000 by default.
   * @returns The server, once it accepts connections; {@linkcode App.close} stops it.
   * @throws {ClosedError} the app was closed.
   *
   * @example
   * ```ts
   * import { assertEquals } from "@std/assert";
   * import { Controller, createApp, Get, Module } from "@millrace/millrace/framework";
   *
   * @Controller()
   * class HelloController {
   *   @Get()
   *   hello(): string {
   *     return "Hello, World!";
   *   }
   * }
   *
   * @Module({ controllers: [HelloController] })
   * class AppModule {}
   *
   * await using app = createApp(AppModule);
   * const server = await app.listen({ port: 0, backend: "host" });
   * const response = await fetch(server.url);
   * assertEquals(await response.text(), "Hello, World!");
   * ```
   */
  async listen(options: AppServeOptions = {}): Promise<Server> {
    await this.ready();
    const { serve } = await import("../http/server/server.ts");
    if (this.#closing !== undefined) throw new ClosedError("the app", "local");
    const server = serve(this.handler, { ...options, onRefuse: refuse, onError: this.#broken });
    this.#servers.push(server);
    return server;
  }

  /**
   * The value behind a token, from outside: what the root module sees, else what exactly one module provides.
   *
   * @throws {ResolveError} no module provides it, or several do.
   */
  get<T>(token: Token<T>): T {
    return this.#container.get(token);
  }

  /**
   * Stops the servers, which finish the requests that they have begun, then runs the `onApplicationShutdown` hooks; once.
   *
   * Requests that were given to `fetch` or `handler` directly are not waited for; from then on both answer 503, and `ready`
   * rejects. An `onModuleInit` that is running is waited for, the ones behind it do not begin, and what they would have
   * initialised is not shut down. A handler must not await this: the servers wait for the handler, until `deadlineMs`.
   *
   * Every hook runs; what failed is thrown at the end, several as one `AggregateError`.
   *
   * @param options How long the servers may take.
   */
  close(options: ShutdownOptions = {}): Promise<void> {
    return this.#closing ??= this.#shutdown(options);
  }

  async #shutdown(options: ShutdownOptions): Promise<void> {
    const errors: unknown[] = [];
    // Whoever waited for it was told of its failure.
    await this.#starting?.catch(() => {});
    for (const result of await Promise.allSettled(this.#servers.map((server) => server.shutdown(options)))) {
      if (result.status === "rejected") errors.push(result.reason);
    }
    this.#isReady = false;
    for (const instance of [...this.#container.built].reverse()) {
      if (!hasShutdown(instance) || (hasInit(instance) && !this.#initialised.has(instance))) continue;
      try {
        await instance.onApplicationShutdown();
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length === 1) throw errors[0];
    if (errors.length > 1) {
      throw new AggregateError(errors, `closing the app: ${errors.length} things failed`);
    }
  }

  /** The same as {@linkcode App.close}, for `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Builds an app from its module: everything is resolved and compiled here, so what is wrong is told before the first request.
 *
 * Constructors and factories must not acquire what has to be given back, files, sockets, timers: if a later one fails, there is
 * no app that could be closed. {@linkcode OnModuleInit} is the place for that.
 *
 * @param root A class with `@Module`. @param options Settings.
 * @throws {ResolveError} a dependency cannot be resolved. @throws {RouteError} a route is wrong, or two are the same.
 * @throws {RangeError} an option is out of its range.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Controller, createApp, Get, Module, Param } from "@millrace/millrace/framework";
 *
 * @Controller("/hello")
 * class HelloController {
 *   @Get("/:name", Param("name"))
 *   hello(name: string): { hello: string } {
 *     return { hello: name };
 *   }
 * }
 *
 * @Module({ controllers: [HelloController] })
 * class AppModule {}
 *
 * const app = createApp(AppModule);
 * const response = await app.fetch(new Request("http://localhost/hello/world"));
 * assertEquals(await response.json(), { hello: "world" });
 * await app.close();
 * ```
 */
export function createApp(root: Constructor, options: AppOptions = {}): App {
  return new App(root, options);
}

function hasInit(instance: unknown): instance is OnModuleInit {
  return typeof (instance as Partial<OnModuleInit> | null | undefined)?.onModuleInit === "function";
}

function hasShutdown(instance: unknown): instance is OnApplicationShutdown {
  return typeof (instance as Partial<OnApplicationShutdown> | null | undefined)?.onApplicationShutdown ===
    "function";
}

function logError(error: unknown, { method, path }: ErrorContext): void {
  console.error(`${method} ${path} failed:`, error);
}
