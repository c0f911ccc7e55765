/**
 * Stand-in for `@std/assert` where JSR cannot be reached: the same names and types over `node:assert`.
 *
 * @module
 */

import { AssertionError as NodeAssertionError } from "node:assert";
import { inspect } from "node:util";
import { equal } from "./equal.ts";

export { equal };

/** A class, abstract or not, as an argument. */
type AnyClass = abstract new (...args: never[]) => unknown;
type ErrorClass<E extends Error> = abstract new (...args: never[]) => E;

/** What every failed assertion throws. */
export class AssertionError extends Error {
  override name = "AssertionError";
}

function show(value: unknown): string {
  return inspect(value, { depth: 10, sorted: true, compact: 3, breakLength: 100, maxArrayLength: 200 });
}

function raise(text: string, msg: string | undefined): never {
  throw new AssertionError(msg ? `${text.replace(/\.$/, "")}: ${msg}` : text);
}

function difference(actual: unknown, expected: unknown): string {
  const { message } = new NodeAssertionError({ actual, expected, operator: "deepStrictEqual" });
  return message;
}

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg?: string): asserts expr {
  if (!expr) throw new AssertionError(msg ?? "Expected a truthy value.");
}

/** Fails unless `expr` is falsy. */
export function assertFalse(expr: unknown, msg?: string): void {
  if (expr) raise(`Expected a falsy value, got ${show(expr)}.`, msg);
}

/** Fails always. */
export function fail(msg?: string): never {
  throw new AssertionError(msg ? `Failed: ${msg}` : "Failed.");
}

/** Fails: this place should not have been reached. */
export function unreachable(msg?: string): never {
  throw new AssertionError(msg ? `Unreachable: ${msg}` : "Unreachable.");
}

/** Fails: this place is still to be written. */
export function unimplemented(msg?: string): never {
  throw new AssertionError(msg ? `Unimplemented: ${msg}` : "Unimplemented.");
}

/** Fails unless both have the same structure. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  if (!equal(actual, expected)) raise(`Values are not equal.\n${difference(actual, expected)}`, msg);
}

/** Fails if both have the same structure. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  if (equal(actual, expected)) raise(`Expected a value other than ${show(expected)}.`, msg);
}

/** Fails unless both are the same value (`Object.is`). */
export function assertStrictEquals<T>(actual: unknown, expected: T, msg?: string): asserts actual is T {
  if (!Object.is(actual, expected)) {
    raise(`Values are not strictly equal.\nactual:   ${show(actual)}\nexpected: ${show(expected)}`, msg);
  }
}

/** Fails if both are the same value (`Object.is`). */
export function assertNotStrictEquals<T>(actual: T, expected: T, msg?: string): void {
  if (Object.is(actual, expected)) raise(`Expected a value that is not ${show(expected)}.`, msg);
}

/** Fails unless the numbers differ by no more than `tolerance` (default: 1e-7 of `expected`). */
export function assertAlmostEquals(actual: number, expected: number, tolerance?: number, msg?: string): void {
  if (Object.is(actual, expected)) return;
  const allowed = tolerance ?? (Number.isFinite(expected) ? Math.abs(expected * 1e-7) : 1e-7);
  if (!(Math.abs(expected - actual) <= allowed)) {
    raise(`Expected ${actual} to be within ${allowed} of ${expected}.`, msg);
  }
}

/** Fails on null and undefined. */
export function assertExists<T>(actual: T, msg?: string): asserts actual is NonNullable<T> {
  if (actual === undefined || actual === null) raise(`Expected a value, got ${actual}.`, msg);
}

/** Fails unless `actual > expected`. */
export function assertGreater<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual > expected)) raise(`Expected ${show(actual)} > ${show(expected)}.`, msg);
}

/** Fails unless `actual >= expected`. */
export function assertGreaterOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual >= expected)) raise(`Expected ${show(actual)} >= ${show(expected)}.`, msg);
}

/** Fails unless `actual < expected`. */
export function assertLess<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual < expected)) raise(`Expected ${show(actual)} < ${show(expected)}.`, msg);
}

/** Fails unless `actual <= expected`. */
export function assertLessOrEqual<T>(actual: T, expected: T, msg?: string): void {
  if (!(actual <= expected)) raise(`Expected ${show(actual)} <= ${show(expected)}.`, msg);
}

/** Fails unless `actual` is an instance of `expectedType`. */
export function assertInstanceOf<T extends AnyClass>(
  actual: unknown,
  expectedType: T,
  msg?: string,
): asserts actual is InstanceType<T> {
  if (!(actual instanceof expectedType)) {
    raise(`Expected an instance of ${expectedType.name}, got ${show(actual)}.`, msg);
  }
}

/** Fails if `actual` is an instance of `unexpectedType`. */
export function assertNotInstanceOf<A, T>(
  actual: A,
  unexpectedType: abstract new (...args: never[]) => T,
  msg?: string,
): asserts actual is Exclude<A, T> {
  if (actual instanceof unexpectedType) raise(`Expected no instance of ${unexpectedType.name}.`, msg);
}

/** Fails unless the text matches. */
export function assertMatch(actual: string, expected: RegExp, msg?: string): void {
  if (!expected.test(actual)) raise(`Expected ${show(actual)} to match ${expected}.`, msg);
}

/** Fails if the text matches. */
export function assertNotMatch(actual: string, expected: RegExp, msg?: string): void {
  if (expected.test(actual)) raise(`Expected ${show(actual)} not to match ${expected}.`, msg);
}

/** Fails unless the text holds `expected`. */
export function assertStringIncludes(actual: string, expected: string, msg?: string): void {
  if (!actual.includes(expected)) raise(`Expected ${show(actual)} to contain ${show(expected)}.`, msg);
}

/** Fails unless each expected item is among the actual ones. */
export function assertArrayIncludes<T>(actual: ArrayLike<T>, expected: ArrayLike<T>, msg?: string): void {
  const have = Array.from(actual);
  const missing = Array.from(expected).filter((item) => !have.some((other) => equal(other, item)));
  if (missing.length > 0) raise(`Expected ${show(actual)} to include ${show(missing)}.`, msg);
}

/** Fails unless `actual` has at least the properties of `expected`, at every depth. */
export function assertObjectMatch(
  // deno-lint-ignore no-explicit-any
  actual: Record<PropertyKey, any>,
  expected: Record<PropertyKey, unknown>,
  msg?: string,
): void {
  if (!covers(actual, expected)) {
    raise(`Object does not match.\n${difference(actual, expected)}`, msg);
  }
}

function covers(actual: unknown, expected: unknown): boolean {
  if (typeof expected !== "object" || expected === null || typeof actual !== "object" || actual === null) {
    return equal(actual, expected);
  }
  const plain = Array.isArray(expected) || Object.getPrototypeOf(expected) === Object.prototype;
  if (!plain) return equal(actual, expected);
  if (Array.isArray(expected) && (!Array.isArray(actual) || actual.length !== expected.length)) return false;
  return Reflect.ownKeys(expected).every((key) =>
    key in actual && covers(Reflect.get(actual, key), Reflect.get(expected, key))
  );
}

/** Fails unless `error` is an Error of the class whose message holds `msgMatches`. */
export function assertIsError<E extends Error = Error>(
  error: unknown,
  errorClass?: ErrorClass<E>,
  msgMatches?: string | RegExp,
  msg?: string,
): asserts error is E {
  if (!(error instanceof Error)) raise(`Expected an Error, got ${show(error)}.`, msg);
  if (errorClass && !(error instanceof errorClass)) {
    raise(`Expected ${errorClass.name}, got ${error.constructor.name}: ${error.message}`, msg);
  }
  const { message } = error;
  if (
    typeof msgMatches === "string" ? !message.includes(msgMatches) : msgMatches && !msgMatches.test(message)
  ) {
    raise(`Expected an error message with ${show(msgMatches)}, got ${show(message)}.`, msg);
  }
}

/** Fails unless `fn` throws, and returns what it threw. */
export function assertThrows(fn: () => unknown, msg?: string): unknown;
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): E;
export function assertThrows(
  fn: () => unknown,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): unknown {
  const text = typeof classOrMsg === "string" ? classOrMsg : msg;
  try {
    fn();
  } catch (error) {
    if (typeof classOrMsg === "function") assertIsError(error, classOrMsg, msgIncludes, text);
    return error;
  }
  raise("Expected the function to throw.", text);
}

/** Fails unless `fn` returns a promise that rejects, and resolves to the reason. */
export function assertRejects(fn: () => PromiseLike<unknown>, msg?: string): Promise<unknown>;
export function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  errorClass: ErrorClass<E>,
  msgIncludes?: string,
  msg?: string,
): Promise<E>;
export async function assertRejects(
  fn: () => PromiseLike<unknown>,
  classOrMsg?: ErrorClass<Error> | string,
  msgIncludes?: string,
  msg?: string,
): Promise<unknown> {
  const text = typeof classOrMsg === "string" ? classOrMsg : msg;
  let pending: PromiseLike<unknown>;
  try {
    pending = fn();
  } catch {
    raise("Function throws when expected to reject.", text);
  }
  try {
    await pending;
  } catch (error) {
    if (typeof classOrMsg === "function") assertIsError(error, classOrMsg, msgIncludes, text);
    return error;
  }
  raise("Expected the promise to reject.", text);
}
