/**
 * A validator in forty lines, in the shape of Standard Schema: the framework takes it as it would take zod or valibot.
 *
 * @module
 */
import type { StandardIssue, StandardSchema } from "@millrace/millrace";

/** Why a check does not take a value. */
export class Refusal {
  readonly why: string;

  constructor(why: string) {
    this.why = why;
  }
}

/** Takes one field's value, `undefined` where there is none, and gives it back, cleaned, or a {@linkcode Refusal}. */
export type Check<T> = (value: unknown) => T | Refusal;

/** What an object of these checks holds. */
export type Checked<F extends Record<string, Check<unknown>>> = {
  readonly [K in keyof F]: Exclude<ReturnType<F[K]>, Refusal>;
};

// SQLite ends a text at NUL, and half a surrogate pair has no UTF-8: what cannot be kept is refused, not bent.
// deno-lint-ignore no-control-regex
const UNPRINTABLE = /[\0-\x08\x0b\x0c\x0e-\x1f\x7f]/;

/** A text of at most `max` UTF-16 units, as `maxlength` counts them; `oneLine` is trimmed and may not be empty. */
export function text({ max, oneLine = false }: { max: number; oneLine?: boolean }): Check<string> {
  return (value) => {
    if (value === undefined) return new Refusal("is missing");
    if (typeof value !== "string") return new Refusal("must be a text");
    const clean = oneLine ? value.trim() : value;
    if (oneLine && clean === "") return new Refusal("must not be empty");
    if (clean.length > max) return new Refusal(`is longer than ${max} characters`);
    if (oneLine && /[\r\n]/.test(clean)) return new Refusal("must be a single line");
    if (UNPRINTABLE.test(clean) || !clean.isWellFormed()) {
      return new Refusal("holds characters that are no text");
    }
    return clean;
  };
}

/** `otherwise` where the field is not there. */
export function optional<T, D>(check: Check<T>, otherwise: D): Check<T | D> {
  return (value) => value === undefined ? otherwise : check(value);
}

/** An object of these fields, with every failure at once; what else it holds is left out. */
export function object<F extends Record<string, Check<unknown>>>(fields: F): StandardSchema<Checked<F>> {
  return {
    "~standard": {
      version: 1,
      vendor: "millrace-demo",
      validate(value) {
        if (typeof value !== "object" || value === null || Array.isArray(value)) {
          return { issues: [{ message: "must be an object" }] };
        }
        const issues: StandardIssue[] = [];
        const taken = Object.entries(fields).map(([name, check]): [string, unknown] => {
          const given = Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined;
          const result = check(given);
          if (result instanceof Refusal) issues.push({ path: [name], message: result.why });
          return [name, result];
        });
        return issues.length > 0 ? { issues } : { value: Object.fromEntries(taken) as Checked<F> };
      },
    },
  };
}
