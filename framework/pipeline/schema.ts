/**
 * Standard Schema v1, the interface that validation libraries share, declared here so that none is a dependency.
 * @module
 */
import { type Issue, ValidationError } from "../error.ts";

/** The key of one step of a path, bare or in a box. */
export type StandardKey = PropertyKey | { readonly key: PropertyKey };

/** One failure, as a schema reports it. */
export interface StandardIssue {
  /** What is wrong. */
  readonly message: string;
  /** Where, from the root; absent for the value itself. */
  readonly path?: readonly StandardKey[] | undefined;
}

/** What `validate` gives: a value, or issues. */
export type StandardResult<Out> =
  | { readonly value: Out; readonly issues?: undefined }
  | { readonly issues: readonly StandardIssue[] };

/** A schema that follows Standard Schema v1: zod, valibot, arktype and others, or one of your own. */
export interface StandardSchema<Out = unknown> {
  /** The version 1 contract. */
  readonly "~standard": {
    /** Always 1. */
    readonly version: 1;
    /** Which library. */
    readonly vendor: string;
    /** Checks, and may convert. */
    readonly validate: (value: unknown) => StandardResult<Out> | Promise<StandardResult<Out>>;
    /** Carries the types for the compiler. */
    readonly types?: { readonly input: unknown; readonly output: Out } | undefined;
  };
}

/** What a schema gives: what it declares, else what its `validate` returns. */
export type SchemaOutput<S extends StandardSchema> = S["~standard"] extends {
  readonly types?: { readonly output: infer Out } | undefined;
  readonly validate: (value: unknown) => infer Result;
} ? unknown extends Out ? Extract<Awaited<Result>, { readonly value: unknown }>["value"] : Out
  : never;

export function isSchema(value: unknown): value is StandardSchema {
  return (typeof value === "object" || typeof value === "function") && value !== null && "~standard" in value;
}

/** A function that gives the schema's value or throws a {@linkcode ValidationError}; waits only if the schema does. */
export function fromSchema(schema: StandardSchema, root: readonly string[]): (value: unknown) => unknown {
  const standard = schema["~standard"];
  const unwrap = (result: StandardResult<unknown>): unknown => {
    if (result.issues === undefined) return result.value;
    throw new ValidationError(issuesOf(result.issues, root));
  };
  return (value) => {
    const result = standard.validate(value);
    return result instanceof Promise ? result.then(unwrap) : unwrap(result);
  };
}

/** Issues in our form, from anything that has `message` and maybe `path`; `root` comes before each path. */
export function issuesOf(list: readonly unknown[], root: readonly string[]): Issue[] {
  return list.map((entry) => {
    const { message, path } = (entry ?? {}) as { message?: unknown; path?: unknown };
    return {
      path: [...root, ...(Array.isArray(path) ? path.map(plainKey) : [])],
      message: typeof message === "string" ? message : "is not valid",
    };
  });
}

function plainKey(step: unknown): string | number {
  const key = typeof step === "object" && step !== null ? (step as { key?: unknown }).key : step;
  return typeof key === "number" ? key : String(key);
}
