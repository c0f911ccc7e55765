/**
 * How the value behind a token comes to be.
 * @module
 */
import type { Constructor, Token, Tokens } from "./token.ts";

/** Gives a value that exists already. */
export interface ValueProvider<T = unknown> {
  /** What it is asked for by. */
  readonly provide: Token<T>;
  /** The value; the app does not own it and calls no hooks on it. */
  readonly useValue: T;
}

/** Builds a class, once. */
export interface ClassProvider<T = unknown> {
  /** What it is asked for by. */
  readonly provide: Token<T>;
  /** The class to build; its dependencies come from its own `@Injectable` list. */
  readonly useClass: Constructor<T>;
}

/** Calls a function, once. */
export interface FactoryProvider<T = unknown> {
  /** What it is asked for by. */
  readonly provide: Token<T>;
  /** Makes the value from the dependencies; synchronous. */
  readonly useFactory: (...dependencies: never) => T;
  /** The factory's dependencies, in order. */
  readonly inject?: readonly Token[];
}

/** Gives what another token gives: one instance by two names. */
export interface ExistingProvider<T = unknown> {
  /** What it is asked for by. */
  readonly provide: Token<T>;
  /** What it is known as besides, in the same module or exported by one that it imports. */
  readonly useExisting: Token<T>;
}

/**
 * An entry of a module's `providers`: a class, or one of the object forms.
 *
 * The object forms may be written by hand, as in NestJS; made by {@linkcode provide}, the compiler checks that value, class,
 * factory or other token fit the token.
 */
export type Provider<T = unknown> =
  | Constructor<T>
  | ValueProvider<T>
  | ClassProvider<T>
  | FactoryProvider<T>
  | ExistingProvider<T>;

/** The ways to fill a token, see {@linkcode provide}. */
export interface Provide<T> {
  /** Gives this value. */
  value(value: T): ValueProvider<T>;
  /** Builds this class instead. */
  class(implementation: Constructor<T>): ClassProvider<T>;
  /** Calls this function with the dependencies that follow it. */
  factory<D extends unknown[]>(
    make: (...dependencies: D) => T,
    ...dependencies: Tokens<D>
  ): FactoryProvider<T>;
  /** Gives what this token gives. */
  existing(token: Token<T>): ExistingProvider<T>;
}

/**
 * Starts a provider whose value, class or factory the compiler checks against the token.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createApp, InjectionToken, Module, provide } from "@millrace/millrace/framework";
 *
 * const Port = new InjectionToken<number>("Port");
 * const Address = new InjectionToken<string>("Address");
 *
 * @Module({
 *   providers: [
 *     provide(Port).value(3000),
 *     provide(Address).factory((port) => `127.0.0.1:${port}`, Port),
 *   ],
 * })
 * class AppModule {}
 *
 * assertEquals(createApp(AppModule).get(Address), "127.0.0.1:3000");
 * ```
 */
export function provide<T>(token: Token<T>): Provide<T> {
  return {
    value: (value) => ({ provide: token, useValue: value }),
    class: (implementation) => ({ provide: token, useClass: implementation }),
    factory: (make, ...dependencies) => ({
      provide: token,
      useFactory: make,
      inject: dependencies as readonly Token[],
    }),
    existing: (known) => ({ provide: token, useExisting: known }),
  };
}
