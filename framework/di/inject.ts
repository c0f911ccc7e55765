/**
 * `inject(Token)`: a dependency asked for while something is being built.
 * @module
 */
import { ResolveError } from "../error.ts";
import { nameOf, type Token } from "./token.ts";

/** Whoever builds at the moment answers here. */
export interface Injector {
  /** The value behind the token, as the module that builds sees it. */
  resolve<T>(token: Token<T>): T;
}

let active: Injector | undefined;

/**
 * The value behind a token, in a field initialiser, a constructor or a factory.
 *
 * Only while the app builds the instance: a call from a method or after an `await` has nobody to ask.
 *
 * @throws {ResolveError} nothing is being built, or the token cannot be resolved.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createApp, inject, Injectable, Module } from "@millrace/millrace/framework";
 *
 * @Injectable()
 * class Clock {
 *   now(): number {
 *     return 42;
 *   }
 * }
 *
 * @Injectable()
 * class Report {
 *   readonly #clock = inject(Clock);
 *   stamp(): string {
 *     return `at ${this.#clock.now()}`;
 *   }
 * }
 *
 * @Module({ providers: [Clock, Report] })
 * class AppModule {}
 *
 * assertEquals(createApp(AppModule).get(Report).stamp(), "at 42");
 * ```
 */
export function inject<T>(token: Token<T>): T {
  if (active === undefined) {
    throw new ResolveError(
      [nameOf(token)],
      `inject(${nameOf(token)}) was called while nothing is being built`,
      "call it in a field initialiser, a constructor or a factory, before any await, and keep the result",
    );
  }
  return active.resolve(token);
}

/** Runs `build` with this injector as the one that {@linkcode inject} asks. */
export function withInjector<T>(injector: Injector, build: () => T): T {
  const outer = active;
  active = injector;
  try {
    return build();
  } finally {
    active = outer;
  }
}
