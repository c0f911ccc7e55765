/**
 * Extractors: which part of the request an argument of a handler is.
 * @module
 */
import type { Incoming } from "./incoming.ts";
import type { PipeLike, Source } from "./pipe.ts";
import type { SchemaOutput, StandardSchema } from "./schema.ts";

/**
 * One entry of a route's list: where the argument comes from and what it passes through. `T` is what the handler gets.
 *
 * Made by `Param`, `Query`, `Header`, `Body` and `Req`.
 */
export class Extractor<out T> {
  /** Carries the type for the compiler; nothing is ever stored here. */
  declare readonly type: T;
  /** Which part of the request. */
  readonly source: Source;
  /** By which name; empty for the body and the request. */
  readonly name: string;
  readonly #pipes: readonly unknown[];

  /** For the extractor functions. @param source Which part. @param name By which name. @param pipes What it passes through, in order. */
  constructor(source: Source, name: string, pipes: readonly unknown[]) {
    this.source = source;
    this.name = name;
    this.#pipes = pipes;
  }

  /** What the value passes through, in order. */
  get pipes(): readonly unknown[] {
    return this.#pipes;
  }
}

/** One extractor for each element of `A`, in order. */
export type Extractors<A extends unknown[]> = { readonly [K in keyof A]: Extractor<A[K]> };

/**
 * The forms of an extractor with a name, for values of type `In`: alone, with one pipe, with two.
 *
 * Schemas come first: those of zod have methods of their own that look like a pipe's, those of arktype can be called.
 */
export interface NamedExtractor<In> {
  /** The value itself. */
  (name: string): Extractor<In>;
  /** The value after a schema. */
  <S extends StandardSchema>(name: string, schema: S): Extractor<SchemaOutput<S>>;
  /** The value after a pipe or a function. */
  <A>(name: string, pipe: PipeLike<In, A>): Extractor<A>;
  /** The value after two schemas. */
  <S extends StandardSchema, T extends StandardSchema>(
    name: string,
    first: S,
    second: T,
  ): Extractor<SchemaOutput<T>>;
  /** The value after a schema and a pipe. */
  <S extends StandardSchema, B>(
    name: string,
    first: S,
    second: PipeLike<SchemaOutput<S>, B>,
  ): Extractor<B>;
  /** The value after a pipe and a schema. */
  <A, T extends StandardSchema>(
    name: string,
    first: PipeLike<In, A>,
    second: T,
  ): Extractor<SchemaOutput<T>>;
  /** The value after two pipes. */
  <A, B>(name: string, first: PipeLike<In, A>, second: PipeLike<A, B>): Extractor<B>;
}

function named(source: Source, name: string, pipes: readonly unknown[]): Extractor<never> {
  if (typeof name !== "string" || name === "") {
    throw new TypeError(`${source} extractor: name "${String(name)}", wanted a text that is not empty`);
  }
  return new Extractor<never>(source, name, pipes);
}

/**
 * The value of `:name` in the path, percent-decoded; an encoded slash stays inside the value.
 *
 * For a wildcard (`*name`) it is the rest of the path, decoded. Refused with 400 is a rest with an encoded slash, a segment that
 * decodes to `.` or `..`, an empty first segment, a backslash or NUL: as part of a file's name they would lead elsewhere.
 * A name that the route's path does not have stops the app from starting.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Controller, createApp, Get, Module, Param, ParseIntPipe } from "@millrace/millrace/framework";
 *
 * @Controller("/users")
 * class UsersController {
 *   @Get("/:id", Param("id", ParseIntPipe))
 *   find(id: number): { id: number } {
 *     return { id };
 *   }
 * }
 *
 * @Module({ controllers: [UsersController] })
 * class AppModule {}
 *
 * const app = createApp(AppModule);
 * assertEquals(await (await app.fetch(new Request("http://localhost/users/42"))).json(), { id: 42 });
 * assertEquals((await app.fetch(new Request("http://localhost/users/1e3"))).status, 400);
 * ```
 */
export const Param: NamedExtractor<string> = (name: string, ...pipes: unknown[]): Extractor<never> =>
  named("param", name, pipes);

/**
 * The first value of `name` in the query, decoded as `URLSearchParams` does; `undefined` if it is not there.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Controller, createApp, Get, Module, Query } from "@millrace/millrace/framework";
 *
 * @Controller("/search")
 * class SearchController {
 *   @Get("/", Query("q"))
 *   search(q: string | undefined): string {
 *     return q ?? "nothing";
 *   }
 * }
 *
 * @Module({ controllers: [SearchController] })
 * class AppModule {}
 *
 * const response = await createApp(AppModule).fetch(new Request("http://localhost/search?q=a+b%21"));
 * assertEquals(await response.text(), "a b!");
 * ```
 */
export const Query: NamedExtractor<string | undefined> = (
  name: string,
  ...pipes: unknown[]
): Extractor<never> => named("query", name, pipes);

/**
 * A header field of the request, case-insensitive; several of one name are joined by `, `; `undefined` if it is not there.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Controller, createApp, Get, Header, Module } from "@millrace/millrace/framework";
 *
 * @Controller("/who")
 * class WhoController {
 *   @Get("/", Header("user-agent"))
 *   who(agent: string | undefined): string {
 *     return agent ?? "unknown";
 *   }
 * }
 *
 * @Module({ controllers: [WhoController] })
 * class AppModule {}
 *
 * const request = new Request("http://localhost/who", { headers: { "user-agent": "demo" } });
 * assertEquals(await (await createApp(AppModule).fetch(request)).text(), "demo");
 * ```
 */
export const Header: NamedExtractor<string | undefined> = (
  name: string,
  ...pipes: unknown[]
): Extractor<never> => {
  // RFC 9110 §5.6.2: the platform would say so at the first request.
  if (!/^[!#$%&'*+.^_`|~\w-]+$/.test(name)) {
    throw new TypeError(`header extractor: "${name}" is no field name`);
  }
  return named("header", name, pipes);
};

/**
 * The body, read as JSON in UTF-8 (RFC 8259) and passed through a schema, a function or a pipe.
 *
 * A body of no bytes is `undefined`, whatever its type. 415 for any other whose media type is not JSON, 413 beyond
 * `AppOptions.maxJsonBytes`, 400 for text that is not JSON (with the position, never the text), 400 with a list of
 * `{path, message}` for a value that is refused.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Body, Controller, createApp, Module, Post, ValidationError } from "@millrace/millrace/framework";
 *
 * function parseNote(value: unknown): { title: string } {
 *   const title = (value as { title?: unknown } | undefined)?.title;
 *   if (typeof title !== "string") throw new ValidationError([{ path: ["title"], message: "is no text" }]);
 *   return { title };
 * }
 *
 * @Controller("/notes")
 * class NotesController {
 *   @Post("/", Body(parseNote))
 *   add(note: { title: string }): { title: string } {
 *     return note;
 *   }
 * }
 *
 * @Module({ controllers: [NotesController] })
 * class AppModule {}
 *
 * const app = createApp(AppModule);
 * const post = (body: string) =>
 *   app.fetch(
 *     new Request("http://localhost/notes", { method: "POST", body, headers: { "content-type": "application/json" } }),
 *   );
 * assertEquals((await post('{"title":"milk"}')).status, 201);
 * assertEquals((await (await post("{}")).json()).issues, [{ path: ["title"], message: "is no text" }]);
 * ```
 */
export function Body(): Extractor<unknown>;
/** The body after a schema. */
export function Body<S extends StandardSchema>(schema: S): Extractor<SchemaOutput<S>>;
/** The body after a function or a pipe. */
export function Body<A>(pipe: PipeLike<unknown, A>): Extractor<A>;
/** The body after two schemas. */
export function Body<S extends StandardSchema, T extends StandardSchema>(
  first: S,
  second: T,
): Extractor<SchemaOutput<T>>;
/** The body after a schema and a pipe. */
export function Body<S extends StandardSchema, B>(
  first: S,
  second: PipeLike<SchemaOutput<S>, B>,
): Extractor<B>;
/** The body after a pipe and a schema. */
export function Body<A, T extends StandardSchema>(
  first: PipeLike<unknown, A>,
  second: T,
): Extractor<SchemaOutput<T>>;
/** The body after two pipes. */
export function Body<A, B>(first: PipeLike<unknown, A>, second: PipeLike<A, B>): Extractor<B>;
export function Body(...pipes: unknown[]): Extractor<never> {
  return new Extractor<never>("body", "", pipes);
}

/**
 * The request itself, for what the other extractors do not give: its body is unread.
 *
 * Type the parameter as the platform's `Request`, or as {@linkcode Incoming} to ask for what only this package's `Request` has.
 * An app that is never served by another server than `listen` may type it as that one, or write `Req<Request>()` with it: which
 * server there is, the compiler cannot check.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Controller, createApp, Module, Post, Req } from "@millrace/millrace/framework";
 *
 * @Controller("/length")
 * class LengthController {
 *   @Post("/", Req())
 *   async length(request: Request): Promise<string> {
 *     return String((await request.text()).length);
 *   }
 * }
 *
 * @Module({ controllers: [LengthController] })
 * class AppModule {}
 *
 * const request = new Request("http://localhost/length", { method: "POST", body: "four" });
 * assertEquals(await (await createApp(AppModule).fetch(request)).text(), "4");
 * ```
 */
export function Req<T extends Request = Incoming>(): Extractor<T> {
  return new Extractor<T>("request", "", []);
}
