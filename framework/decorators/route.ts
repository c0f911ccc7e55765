/**
 * The decorators of a handler: which method and path it answers, and what its arguments are.
 * @module
 */
import { beginGroup, currentGroup, type Handler, type HandlerMeta, ownerOf, recordOf } from "../meta.ts";
import { Extractor, type Extractors } from "../pipeline/extractor.ts";

/** The part of a decorator's context (TC39) that is used here. */
export interface MethodContext<out M> {
  /** Always `method`. */
  readonly kind: "method";
  /** The method's name. */
  readonly name: string | symbol;
  /** Whether it belongs to the class itself. */
  readonly static: boolean;
  /** Whether its name begins with `#`. */
  readonly private: boolean;
  /** Reads the method; carries its type. */
  readonly access: { get(object: never): M };
  /** Runs when an instance is built. */
  addInitializer(initializer: (this: never) => void): void;
}

/** The method's type if the list fits it; otherwise a text that says what does not, which no method is assignable to. */
export type FitsMethod<M extends Handler, A extends unknown[]> = A["length"] extends Parameters<M>["length"]
  ? (...args: A) => unknown
  : `the list has ${A["length"]} extractors, the method takes ${Parameters<M>["length"]} parameters`;

/** A route decorator for methods whose parameters are exactly `A`; serves TC39 and legacy decorators. */
export interface RouteDecorator<A extends unknown[]> {
  /** TC39. */
  <M extends Handler>(method: FitsMethod<M, A>, context: MethodContext<M>): void;
  /** `experimentalDecorators`. */
  <M extends Handler>(
    target: object,
    key: string | symbol,
    descriptor: TypedPropertyDescriptor<M> & { value?: FitsMethod<M, A> },
  ): void;
}

/** A decorator for a method of any type; serves TC39 and legacy decorators. */
export interface MethodDecorates {
  /** TC39. */
  <M extends Handler>(method: M, context: MethodContext<M>): void;
  /** `experimentalDecorators`. */
  <M extends Handler>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<M>): void;
}

/** The function behind every method decorator, in either dialect. */
function onMethod(name: string, write: (meta: HandlerMeta) => void): MethodDecorates {
  beginGroup();
  return (target: object, context: unknown, descriptor?: { value?: unknown }): void => {
    if (typeof context === "object" && context !== null) {
      const standard = context as MethodContext<Handler>;
      if (standard.kind !== "method" || standard.static || standard.private) {
        throw new TypeError(`@${name} on "${String(standard.name)}": wanted a public method of an instance`);
      }
      const group = currentGroup();
      let isWritten = false;
      standard.addInitializer(
        function (this: object) {
          if (isWritten) return;
          isWritten = true;
          write(recordOf(ownerOf(this, standard.name, target as Handler, group), standard.name));
        } as (this: never) => void,
      );
      return;
    }
    if (typeof descriptor?.value !== "function" || typeof target === "function") {
      throw new TypeError(`@${name} on "${String(context)}": wanted a public method of an instance`);
    }
    write(recordOf(target, context as string | symbol));
  };
}

function route<A extends unknown[]>(
  name: string,
  method: string,
  path: string,
  extractors: Extractors<A>,
): RouteDecorator<A> {
  const list = extractors as readonly unknown[];
  list.forEach((entry, index) => {
    if (!(entry instanceof Extractor)) {
      throw new TypeError(
        `@${name}("${path}"): entry ${index} of the list is no extractor (Param, Query, Header, Body, Req)`,
      );
    }
  });
  return onMethod(name, (meta) => {
    meta.routes.push({ method, path, extractors: list as readonly Extractor<unknown>[] });
  }) as RouteDecorator<A>;
}

/**
 * Answers GET, and HEAD unless a route says otherwise (RFC 9110 §9.3.1); status 200, or 204 if the handler gives nothing.
 *
 * Nothing is `undefined`; `null` is a value, and goes out as JSON `null`. Text, bytes, buffers, blobs, streams and async iterables
 * go out as they are, the latter as `application/octet-stream` (a `Response` says otherwise); all else is JSON.
 *
 * The list after the path names the method's arguments in order; the compiler checks number, order and types. A path is
 * made of texts, `:name` (one segment) and a `*name` at the end (the rest, at least one character). Texts match exactly as they
 * clients send them: no decoding, no case folding, and a slash at the end counts, save that `"/"` is the controller's prefix
 * itself. What is not ASCII may be written as it is; escapes match in upper case.
 *
 * @param path Below the controller's prefix. @param extractors The arguments, in order.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Controller, createApp, Get, Module, Param, ParseIntPipe, Query } from "@millrace/millrace/framework";
 *
 * @Controller("/users")
 * class UsersController {
 *   @Get("/:id", Param("id", ParseIntPipe), Query("as"))
 *   find(id: number, as?: string): string {
 *     return `${as ?? "user"} ${id}`;
 *   }
 * }
 *
 * @Module({ controllers: [UsersController] })
 * class AppModule {}
 *
 * const response = await createApp(AppModule).fetch(new Request("http://localhost/users/7?as=admin"));
 * assertEquals(await response.text(), "admin 7");
 * ```
 */
export function Get<A extends unknown[]>(path = "/", ...extractors: Extractors<A>): RouteDecorator<A> {
  return route("Get", "GET", path, extractors);
}

/** Answers POST; status 201, or 204 if the handler gives nothing. Arguments as in {@linkcode Get}. */
export function Post<A extends unknown[]>(path = "/", ...extractors: Extractors<A>): RouteDecorator<A> {
  return route("Post", "POST", path, extractors);
}

/** Answers PUT; status 200, or 204 if the handler gives nothing. Arguments as in {@linkcode Get}. */
export function Put<A extends unknown[]>(path = "/", ...extractors: Extractors<A>): RouteDecorator<A> {
  return route("Put", "PUT", path, extractors);
}

/** Answers PATCH; status 200, or 204 if the handler gives nothing. Arguments as in {@linkcode Get}. */
export function Patch<A extends unknown[]>(path = "/", ...extractors: Extractors<A>): RouteDecorator<A> {
  return route("Patch", "PATCH", path, extractors);
}

/** Answers DELETE; status 200, or 204 if the handler gives nothing. Arguments as in {@linkcode Get}. */
export function Delete<A extends unknown[]>(path = "/", ...extractors: Extractors<A>): RouteDecorator<A> {
  return route("Delete", "DELETE", path, extractors);
}

/** Answers HEAD in place of the GET route. Arguments as in {@linkcode Get}. */
export function Head<A extends unknown[]>(path = "/", ...extractors: Extractors<A>): RouteDecorator<A> {
  return route("Head", "HEAD", path, extractors);
}

/** Answers OPTIONS in place of the automatic answer. Arguments as in {@linkcode Get}. */
export function Options<A extends unknown[]>(path = "/", ...extractors: Extractors<A>): RouteDecorator<A> {
  return route("Options", "OPTIONS", path, extractors);
}

/** Answers every method that no route of the same path names. Arguments as in {@linkcode Get}. */
export function All<A extends unknown[]>(path = "/", ...extractors: Extractors<A>): RouteDecorator<A> {
  return route("All", "*", path, extractors);
}

/**
 * The status of what the handler gives, in place of the method's own; a response that the handler makes itself keeps its own.
 *
 * @param status 200 to 599; 204, 205 and 304 send no body.
 * @throws {RangeError} another status.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Controller, createApp, HttpCode, Module, Post } from "@millrace/millrace/framework";
 *
 * @Controller("/jobs")
 * class JobsController {
 *   @Post()
 *   @HttpCode(202)
 *   start(): { queued: boolean } {
 *     return { queued: true };
 *   }
 * }
 *
 * @Module({ controllers: [JobsController] })
 * class AppModule {}
 *
 * const request = new Request("http://localhost/jobs", { method: "POST" });
 * assertEquals((await createApp(AppModule).fetch(request)).status, 202);
 * ```
 */
export function HttpCode(status: number): MethodDecorates {
  if (!Number.isInteger(status) || status < 200 || status > 599) {
    throw new RangeError(`@HttpCode: status "${status}", wanted an integer from 200 to 599`);
  }
  return onMethod("HttpCode", (meta) => {
    meta.status = status;
  });
}
