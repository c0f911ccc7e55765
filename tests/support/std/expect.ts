/**
 * Stand-in for `@std/expect` where JSR cannot be reached: the matchers that a test needs most.
 *
 * @module
 */

import { inspect } from "node:util";
import { AssertionError, assertIsError, assertObjectMatch, equal } from "./assert.ts";

type AnyClass = abstract new (...args: never[]) => unknown;
type Thrown = string | RegExp | AnyClass | Error;

/** What `expect(value)` offers. */
export interface Matchers {
  /** The same with the outcome turned round. */
  readonly not: Matchers;
  toBe(expected: unknown): void;
  toEqual(expected: unknown): void;
  toStrictEqual(expected: unknown): void;
  toMatchObject(expected: Record<PropertyKey, unknown>): void;
  toBeTruthy(): void;
  toBeFalsy(): void;
  toBeNull(): void;
  toBeUndefined(): void;
  toBeDefined(): void;
  toBeNaN(): void;
  toBeGreaterThan(expected: number | bigint): void;
  toBeGreaterThanOrEqual(expected: number | bigint): void;
  toBeLessThan(expected: number | bigint): void;
  toBeLessThanOrEqual(expected: number | bigint): void;
  /** Within half a unit of the given digit after the point (default 2). */
  toBeCloseTo(expected: number, digits?: number): void;
  toBeInstanceOf(expected: AnyClass): void;
  toMatch(expected: string | RegExp): void;
  toContain(expected: unknown): void;
  toContainEqual(expected: unknown): void;
  toHaveLength(expected: number): void;
  toHaveProperty(path: string | readonly string[], value?: unknown): void;
  toThrow(expected?: Thrown): void;
}

/** The matchers on what a promise comes to. */
export type AsyncMatchers = {
  readonly [K in keyof Matchers]: K extends "not" ? AsyncMatchers
    : Matchers[K] extends (...args: infer A) => void ? (...args: A) => Promise<void>
    : never;
};

/** The matchers, and the two that wait. */
export interface Expectation extends Matchers {
  readonly not: Expectation;
  readonly resolves: AsyncMatchers;
  readonly rejects: AsyncMatchers;
}

/** State a value; the matcher that follows says what it has to be. */
export function expect(actual: unknown, message?: string): Expectation {
  return expectation(actual, message, false);
}

type Check = (actual: unknown, ...args: never[]) => boolean;

const passes = (assertion: () => void): boolean => {
  try {
    assertion();
    return true;
  } catch {
    return false;
  }
};

const CHECKS: Readonly<Record<string, Check>> = {
  toBe: (actual, expected: unknown) => Object.is(actual, expected),
  toEqual: (actual, expected: unknown) => equal(actual, expected),
  toStrictEqual: (actual, expected: unknown) => equal(actual, expected),
  toMatchObject: (actual, expected: Record<PropertyKey, unknown>) =>
    passes(() => assertObjectMatch(actual as Record<PropertyKey, unknown>, expected)),
  toBeTruthy: (actual) => Boolean(actual),
  toBeFalsy: (actual) => !actual,
  toBeNull: (actual) => actual === null,
  toBeUndefined: (actual) => actual === undefined,
  toBeDefined: (actual) => actual !== undefined,
  toBeNaN: (actual) => Number.isNaN(actual),
  toBeGreaterThan: (actual, expected: number) => (actual as number) > expected,
  toBeGreaterThanOrEqual: (actual, expected: number) => (actual as number) >= expected,
  toBeLessThan: (actual, expected: number) => (actual as number) < expected,
  toBeLessThanOrEqual: (actual, expected: number) => (actual as number) <= expected,
  toBeCloseTo: (actual, expected: number, digits = 2) =>
    Object.is(actual, expected) || Math.abs((actual as number) - expected) < 10 ** -digits / 2,
  toBeInstanceOf: (actual, expected: AnyClass) => actual instanceof expected,
  toMatch: (actual, expected: string | RegExp) =>
    typeof expected === "string" ? String(actual).includes(expected) : expected.test(String(actual)),
  toContain: (actual, expected: unknown) =>
    typeof actual === "string"
      ? actual.includes(String(expected))
      : [...(actual as Iterable<unknown>)].includes(expected),
  toContainEqual: (actual, expected: unknown) =>
    [...(actual as Iterable<unknown>)].some((item) => equal(item, expected)),
  toHaveLength: (actual, expected: number) => (actual as ArrayLike<unknown>).length === expected,
  toHaveProperty: (actual, path: string | readonly string[], ...value: unknown[]) => {
    const keys = typeof path === "string" ? path.split(".") : path;
    let at = actual;
    for (const key of keys) {
      if (at === null || at === undefined || !(key in Object(at))) return false;
      at = (at as Record<string, unknown>)[key];
    }
    return value.length === 0 || equal(at, value[0]);
  },
};

function throwsLike(actual: unknown, expected: Thrown | undefined): boolean {
  let error = actual;
  if (typeof actual === "function") {
    try {
      actual();
      return false;
    } catch (thrown) {
      error = thrown;
    }
  }
  if (expected === undefined) return true;
  if (typeof expected === "function") return error instanceof expected;
  const text = expected instanceof Error ? expected.message : expected;
  return passes(() => assertIsError(error, undefined, text));
}

function expectation(actual: unknown, message: string | undefined, negated: boolean): Expectation {
  const judge = (name: string, pass: boolean, args: readonly unknown[]): void => {
    if (pass !== negated) return;
    const wanted = args.map((arg) => inspect(arg, { depth: 6 })).join(", ");
    const text = `expect(${inspect(actual, { depth: 6 })})${negated ? ".not" : ""}.${name}(${wanted})`;
    throw new AssertionError(message ? `${message}: ${text}` : text);
  };
  const matchers: Record<string, unknown> = {
    toThrow: (expected?: Thrown) =>
      judge("toThrow", throwsLike(actual, expected), expected === undefined ? [] : [expected]),
  };
  for (const [name, check] of Object.entries(CHECKS)) {
    matchers[name] = (...args: never[]) => judge(name, check(actual, ...args), args);
  }
  Object.defineProperties(matchers, {
    not: { get: () => expectation(actual, message, !negated) },
    resolves: { get: () => later(actual, message, negated, false) },
    rejects: { get: () => later(actual, message, negated, true) },
  });
  return matchers as unknown as Expectation;
}

function later(
  actual: unknown,
  message: string | undefined,
  negated: boolean,
  rejects: boolean,
): AsyncMatchers {
  const outcome = async (): Promise<unknown> => {
    const settled = await Promise.allSettled([typeof actual === "function" ? actual() : actual]);
    const [result] = settled;
    if (rejects !== (result.status === "rejected")) {
      const value = result.status === "rejected" ? result.reason : result.value;
      throw new AssertionError(
        `expected a promise that ${rejects ? "rejects" : "resolves"}: ${inspect(value)}`,
      );
    }
    return result.status === "rejected" ? result.reason : result.value;
  };
  return new Proxy({}, {
    get(_, name) {
      if (name === "not") return later(actual, message, !negated, rejects);
      return async (...args: unknown[]) => {
        const matchers = expectation(await outcome(), message, negated) as unknown as Record<
          PropertyKey,
          (...args: unknown[]) => void
        >;
        matchers[name](...args);
      };
    },
  }) as AsyncMatchers;
}
