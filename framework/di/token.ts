/**
 * What a dependency is asked for by: a class, or a named token for what is no class.
 * @module
 */

/** A class to ask for: anything whose instances are `T`, abstract classes included. */
export type Class<T = unknown> = abstract new (...args: never[]) => T;

/** A class to build: an abstract one is none. */
export type Constructor<T = unknown> = new (...args: never[]) => T;

/**
 * A name with a type, for values, interfaces and functions, which have no class to be asked for by.
 *
 * Two tokens of one name are two tokens: identity counts, the name is for messages.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createApp, InjectionToken, Module, provide } from "@millrace/millrace/framework";
 *
 * const Greeting = new InjectionToken<string>("Greeting");
 *
 * @Module({ providers: [provide(Greeting).value("hello")] })
 * class AppModule {}
 *
 * assertEquals(createApp(AppModule).get(Greeting), "hello");
 * ```
 */
export class InjectionToken<T> {
  /** Carries the type for the compiler; nothing is ever stored here. */
  declare readonly type?: T;
  readonly #name: string;

  /** A token that is equal to no other. @param name What error messages call it. */
  constructor(name: string) {
    this.#name = name;
  }

  /** What error messages call it. */
  get name(): string {
    return this.#name;
  }
}

/** What a dependency is asked for by. */
export type Token<T = unknown> = InjectionToken<T> | Class<T>;

/** One token for each element of `D`, in order. */
export type Tokens<D extends unknown[]> = { readonly [K in keyof D]: Token<D[K]> };

/** The token's name for messages; says so when it is no token at all. */
export function nameOf(token: unknown): string {
  if (token instanceof InjectionToken) return token.name;
  if (typeof token === "function") return token.name === "" ? "(anonymous class)" : token.name;
  return String(token);
}
