/**
 * The decorators of a class: controller, injectable, module.
 * @module
 */
import type { Class, Constructor, Token, Tokens } from "../di/token.ts";
import type { Provider } from "../di/provider.ts";
import { beginGroup, endGroup, setController, setDependencies, setModule } from "../meta.ts";

/** The class' type if the list fits its constructor; otherwise a text that says what does not, which no class is assignable to. */
export type FitsConstructor<C extends Class, D extends unknown[]> = D["length"] extends
  ConstructorParameters<C>["length"] ? new (...args: D) => unknown
  : `the list has ${D["length"]} tokens, the constructor takes ${ConstructorParameters<
    C
  >["length"]} parameters`;

/** A decorator for classes whose constructor takes exactly `D`; serves TC39 and legacy decorators. */
export type ClassDecorates<D extends unknown[]> = <C extends Class>(
  target: C & FitsConstructor<C, D>,
  context?: { readonly kind: "class" },
) => void;

function checkTokens(name: string, target: Class, tokens: readonly unknown[]): void {
  tokens.forEach((token, index) => {
    if (token === undefined) {
      throw new TypeError(
        `@${name} of ${target.name}: token ${index} is undefined; two files import each other, or the class is declared below`,
      );
    }
  });
}

/**
 * Marks a class as one that answers requests; put its routes on its methods and the class into a module's `controllers`.
 *
 * @param prefix Comes before the path of every route; may hold `:name`. A slash at its end does not count.
 * @param dependencies What the constructor takes, in order; the compiler checks them.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { Controller, createApp, Get, Injectable, Module } from "@millrace/millrace/framework";
 *
 * @Injectable()
 * class Greeter {
 *   greet(): string {
 *     return "hello";
 *   }
 * }
 *
 * @Controller("/hello", Greeter)
 * class HelloController {
 *   readonly #greeter: Greeter;
 *   constructor(greeter: Greeter) {
 *     this.#greeter = greeter;
 *   }
 *
 *   @Get()
 *   hello(): string {
 *     return this.#greeter.greet();
 *   }
 * }
 *
 * @Module({ controllers: [HelloController], providers: [Greeter] })
 * class AppModule {}
 *
 * const response = await createApp(AppModule).fetch(new Request("http://localhost/hello"));
 * assertEquals(await response.text(), "hello");
 * ```
 */
export function Controller<D extends unknown[]>(prefix = "/", ...dependencies: Tokens<D>): ClassDecorates<D> {
  beginGroup();
  return (target) => {
    endGroup(target);
    checkTokens("Controller", target, dependencies);
    setController(target, { prefix });
    setDependencies(target, dependencies as readonly Token[]);
  };
}

/**
 * Names what a class' constructor takes, in order; the compiler checks the list against the constructor.
 *
 * A class whose constructor takes nothing (it may use `inject` in its fields) needs it only as a sign to the reader.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createApp, Injectable, Module } from "@millrace/millrace/framework";
 *
 * @Injectable()
 * class Engine {
 *   readonly power = 90;
 * }
 *
 * @Injectable(Engine)
 * class Car {
 *   readonly power: number;
 *   constructor(engine: Engine) {
 *     this.power = engine.power;
 *   }
 * }
 *
 * @Module({ providers: [Engine, Car] })
 * class AppModule {}
 *
 * assertEquals(createApp(AppModule).get(Car).power, 90);
 * ```
 */
export function Injectable<D extends unknown[]>(...dependencies: Tokens<D>): ClassDecorates<D> {
  beginGroup();
  return (target) => {
    endGroup(target);
    checkTokens("Injectable", target, dependencies);
    setDependencies(target, dependencies as readonly Token[]);
  };
}

/** What a module is made of; see {@linkcode Module}. */
export interface ModuleOptions {
  /** Modules whose exports the classes of this one may ask for. */
  readonly imports?: readonly Constructor[];
  /** Classes that answer requests. */
  readonly controllers?: readonly Constructor[];
  /** What this module builds, each once. */
  readonly providers?: readonly Provider[];
  /** Tokens of this module that its importers may ask for; an imported module here passes on what that one exports. */
  readonly exports?: readonly Token[];
}

/**
 * Groups controllers and providers; what a module does not export stays inside.
 *
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { createApp, inject, Module } from "@millrace/millrace/framework";
 *
 * class Store {
 *   readonly items: string[] = [];
 * }
 *
 * @Module({ providers: [Store], exports: [Store] })
 * class StoreModule {}
 *
 * class Shop {
 *   readonly store = inject(Store);
 * }
 *
 * @Module({ imports: [StoreModule], providers: [Shop] })
 * class AppModule {}
 *
 * assertEquals(createApp(AppModule).get(Shop).store.items, []);
 * ```
 */
export function Module(options: ModuleOptions = {}): ClassDecorates<[]> {
  return (target) => {
    setModule(target, {
      imports: options.imports ?? [],
      controllers: options.controllers ?? [],
      providers: options.providers ?? [],
      exports: options.exports ?? [],
    });
  };
}
