/**
 * Pipes: what turns the text of a request into the value that a handler takes.
 * @module
 */
import { BadRequest, HttpError, ValidationError } from "../error.ts";
import type { Constructor } from "../di/token.ts";
import { fromSchema, isSchema, issuesOf, type StandardSchema } from "./schema.ts";

/** Where a value was taken from. */
export type Source = "param" | "query" | "header" | "body" | "request";

/** What a pipe is told besides the value. */
export interface PipeContext {
  /** Where the value was taken from. */
  readonly source: Source;
  /** The name it was taken by; empty for the body and the request. */
  readonly name: string;
}

/**
 * Turns a value into another, or refuses it by throwing an `HttpError`; anything else that it throws is a failure and answers 500.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { BadRequest, type Pipe, type PipeContext } from "@millrace/millrace/framework";
 *
 * class UpperPipe implements Pipe<string, string> {
 *   transform(value: string, context: PipeContext): string {
 *     if (value === "") throw new BadRequest(`${context.source} "${context.name}" is empty`);
 *     return value.toUpperCase();
 *   }
 * }
 *
 * assertEquals(new UpperPipe().transform("a", { source: "param", name: "id" }), "A");
 * ```
 */
export interface Pipe<In = unknown, Out = unknown> {
  /** The new value, or a promise of it. */
  transform(value: In, context: PipeContext): Out | Promise<Out>;
}

/**
 * What an extractor takes as a pipe: a pipe, its class, a schema (Standard Schema v1), or a function.
 *
 * A class is built at each place where it stands, with its own dependencies: not the instance that a provider of the class
 * gives, and without the hooks of an app's life. For a shared one, `inject` it in the class.
 *
 * A function refuses by throwing: an `HttpError` as it is, something with a list of `issues` ({@linkcode ValidationError}, or an
 * error of a validation library) as 400 with that list. Any other error is a failure: 500, and its text is for `onError` only.
 */
export type PipeLike<In = unknown, Out = unknown> =
  | Pipe<In, Out>
  | (new (...args: never[]) => Pipe<In, Out>)
  | StandardSchema<Out>
  | ((value: In, context: PipeContext) => Out | Promise<Out>);

/** Settings of the parsing pipes. */
export interface ParseOptions {
  /** Whether an absent value passes, as `undefined`. Default false: it is refused. */
  readonly optional?: boolean;
}

/** What a parsing pipe with these settings gives besides its value. */
export type Absent<O extends ParseOptions> = O extends { readonly optional: true } ? undefined : never;

/**
 * A decimal integer within the safe range: optional minus, digits, nothing else; 400 otherwise.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Controller, createApp, Get, Module, ParseIntPipe, Query } from "@millrace/millrace/framework";
 *
 * @Controller("/list")
 * class ListController {
 *   @Get("/", Query("page", ParseIntPipe), Query("size", new ParseIntPipe({ optional: true })))
 *   list(page: number, size: number | undefined): string {
 *     return `page ${page}, ${size ?? "any"}`;
 *   }
 * }
 *
 * @Module({ controllers: [ListController] })
 * class AppModule {}
 *
 * const app = createApp(AppModule);
 * assertEquals(await (await app.fetch(new Request("http://localhost/list?page=7"))).text(), "page 7, any");
 * assertEquals((await app.fetch(new Request("http://localhost/list"))).status, 400);
 * ```
 */
export class ParseIntPipe<const O extends ParseOptions = ParseOptions>
  implements Pipe<string | number | undefined, number | Absent<O>> {
  readonly #optional: boolean;

  /** Ready to stand in a list; the class itself may stand there, too. */
  constructor(options: O = {} as O) {
    this.#optional = options.optional === true;
  }

  /** The integer; `"1e3"`, `"+1"`, `" 1"`, `"0x1"` and what is beyond 2^53 - 1 are refused. */
  transform(value: string | number | undefined, context: PipeContext): number | Absent<O> {
    if (typeof value === "number") {
      if (Number.isSafeInteger(value)) return value;
    } else if (value !== undefined) {
      const parsed = parseDecimal(value);
      if (!Number.isNaN(parsed)) return parsed;
    } else if (this.#optional) return undefined as Absent<O>;
    throw refusal(context, "an integer");
  }
}

/** A decimal number, `-12.5`, `.5` and `1e3` included; 400 for anything that is not finite. */
export class ParseFloatPipe<const O extends ParseOptions = ParseOptions>
  implements Pipe<string | number | undefined, number | Absent<O>> {
  readonly #optional: boolean;

  /** Ready to stand in a list; the class itself may stand there, too. */
  constructor(options: O = {} as O) {
    this.#optional = options.optional === true;
  }

  /** The number; `"Infinity"`, `"0x1"`, `" 1"`, `"+1"` and the empty string are refused. */
  transform(value: string | number | undefined, context: PipeContext): number | Absent<O> {
    if (value === undefined && this.#optional) return undefined as Absent<O>;
    if (typeof value === "number" || (value !== undefined && FLOAT.test(value))) {
      const parsed = Number(value);
      if (Number.isFinite(parsed)) return parsed;
    }
    throw refusal(context, "a number");
  }
}

/** `true` or `false`, spelled so; 400 otherwise. */
export class ParseBoolPipe<const O extends ParseOptions = ParseOptions>
  implements Pipe<string | boolean | undefined, boolean | Absent<O>> {
  readonly #optional: boolean;

  /** Ready to stand in a list; the class itself may stand there, too. */
  constructor(options: O = {} as O) {
    this.#optional = options.optional === true;
  }

  /** The boolean; `"1"`, `"TRUE"` and `"yes"` are refused. */
  transform(value: string | boolean | undefined, context: PipeContext): boolean | Absent<O> {
    if (value === "true" || value === true) return true;
    if (value === "false" || value === false) return false;
    if (value === undefined && this.#optional) return undefined as Absent<O>;
    throw refusal(context, '"true" or "false"');
  }
}

/**
 * A value in place of one that is absent; stands before the pipe that parses.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Controller, createApp, DefaultValuePipe, Get, Module, ParseIntPipe, Query } from "@millrace/millrace/framework";
 *
 * @Controller("/list")
 * class ListController {
 *   @Get("/", Query("page", new DefaultValuePipe(1), ParseIntPipe))
 *   list(page: number): string {
 *     return `page ${page}`;
 *   }
 * }
 *
 * @Module({ controllers: [ListController] })
 * class AppModule {}
 *
 * const app = createApp(AppModule);
 * assertEquals(await (await app.fetch(new Request("http://localhost/list"))).text(), "page 1");
 * assertEquals(await (await app.fetch(new Request("http://localhost/list?page=7"))).text(), "page 7");
 * ```
 */
export class DefaultValuePipe<D> implements Pipe<string | undefined, string | D> {
  readonly #value: D;

  /** Ready to stand in a list. @param value Given for `undefined`; an empty string is a value. */
  constructor(value: D) {
    this.#value = value;
  }

  /** The value itself, or the default for `undefined`. */
  transform(value: string | undefined): string | D {
    return value === undefined ? this.#value : value;
  }
}

// No two parts may match the same digits: it stays linear on hostile input.
const FLOAT = /^-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?$/;
const MINUS = 45;
const ZERO = 48;

/** NaN for what is no plain decimal integer of the safe range. */
function parseDecimal(text: string): number {
  const negative = text.charCodeAt(0) === MINUS;
  const first = negative ? 1 : 0;
  if (text.length === first) return NaN;
  let value = 0;
  for (let i = first; i < text.length; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return NaN;
    value = value * 10 + digit;
    if (value > Number.MAX_SAFE_INTEGER) return NaN;
  }
  return negative && value !== 0 ? -value : value;
}

function refusal(context: PipeContext, wanted: string): BadRequest {
  return new BadRequest(`${placeOf(context)} must be ${wanted}`);
}

/** `param "id"`, `body`: the value's place, for messages; the value itself is never shown. */
export function placeOf(context: PipeContext): string {
  return context.name === "" ? context.source : `${context.source} "${context.name}"`;
}

/** One step of a compiled extractor; may give a promise. */
export type Step = (value: unknown) => unknown;

/** Compiles one pipe; `construct` builds a pipe that was given as a class. */
export function stepOf(pipe: unknown, context: PipeContext, construct: (pipe: Constructor) => unknown): Step {
  const root = context.name === "" ? [] : [context.name];
  if (isSchema(pipe)) return fromSchema(pipe, root);
  if (typeof pipe === "function") {
    if (typeof pipe.prototype?.transform !== "function") {
      return fromFunction(pipe as (value: unknown, context: PipeContext) => unknown, context, root);
    }
    pipe = construct(pipe as unknown as Constructor);
  }
  const built = pipe as Pipe;
  if (typeof built?.transform !== "function") {
    throw new TypeError(
      `${placeOf(context)}: a pipe is an object with transform, its class, a schema or a function`,
    );
  }
  return (value) => built.transform(value, context);
}

function fromFunction(
  parse: (value: unknown, context: PipeContext) => unknown,
  context: PipeContext,
  root: readonly string[],
): Step {
  const refuse = (error: unknown): never => {
    throw asRefusal(error, root);
  };
  return (value) => {
    try {
      const result = parse(value, context);
      return result instanceof Promise ? result.catch(refuse) : result;
    } catch (error) {
      return refuse(error);
    }
  };
}

/** What a parsing function threw: a list of issues is a refusal, all else stays what it is. */
function asRefusal(error: unknown, root: readonly string[]): unknown {
  if (error instanceof HttpError) return error;
  const issues = (error as { issues?: unknown } | null | undefined)?.issues;
  // Nothing else: what a database or a bug says is not for the client, and not the client's fault.
  if (!Array.isArray(issues)) return error;
  return new ValidationError(issuesOf(issues, root), undefined, { cause: error });
}
