/**
 * Builds what the modules declare: every provider once, in the order of need, before the first request.
 * @module
 */
import { ResolveError } from "../error.ts";
import { controllerOf, dependenciesOf } from "../meta.ts";
import { type Injector, withInjector } from "./inject.ts";
import { type Binding, type ModuleRecord, scanModules } from "./modules.ts";
import { type Class, type Constructor, nameOf, type Token } from "./token.ts";

/** A controller that was built. */
export interface BuiltController {
  readonly type: Class;
  readonly instance: object;
  readonly module: ModuleRecord;
}

/** The instances of one app. */
export class Container {
  /** Controllers, in the order of modules and of declaration. */
  readonly controllers: readonly BuiltController[];
  /** What the container built itself, each once, in the order in which it was finished: dependencies first. */
  readonly built: Set<unknown> = new Set();
  readonly #modules: readonly ModuleRecord[];
  readonly #building: Binding[] = [];

  /** @param root The app's module. @throws {ResolveError} something cannot be resolved. */
  constructor(root: Constructor) {
    this.#modules = scanModules(root);
    const controllers: BuiltController[] = [];
    for (const module of this.#modules) {
      for (const binding of module.own.values()) this.#valueOf(binding);
      for (const type of module.meta.controllers) {
        if (controllerOf(type) === undefined) {
          throw new ResolveError(
            [nameOf(type)],
            `${nameOf(type)}, listed in controllers of ${module.name}, is no controller`,
            `put @Controller(prefix) on ${nameOf(type)}, or list it in providers`,
          );
        }
        const instance = this.construct(type, module) as object;
        this.built.add(instance);
        controllers.push({ type, instance, module });
      }
      this.built.add(this.construct(module.type, module));
    }
    this.controllers = controllers;
  }

  /** The value behind a token: what the root module sees, else what exactly one module has; a controller's class works too. */
  get<T>(token: Token<T>): T {
    const root = this.#modules[this.#modules.length - 1];
    const seen = root.visible.get(token);
    if (seen !== undefined) return this.#valueOf(seen) as T;
    const own = this.#modules.map((module) => module.own.get(token)).filter((binding) =>
      binding !== undefined
    );
    if (own.length === 1) return this.#valueOf(own[0]) as T;
    const controller = this.controllers.find((at) => at.type === token);
    if (controller !== undefined) return controller.instance as T;
    const name = nameOf(token);
    throw own.length === 0
      ? new ResolveError(
        [name],
        `no module of the app provides ${name}`,
        `add ${name} to the providers of a module`,
      )
      : new ResolveError(
        [name],
        `${name} is provided by ${own.map((binding) => binding.module.name).join(" and ")}`,
        `export the one that is meant, and import its module in ${root.name}`,
      );
  }

  /** Builds a class with the dependencies of its list, as a part of `module`; a new instance at each call. */
  construct(type: Constructor, module: ModuleRecord): unknown {
    const list = dependenciesOf(type);
    if (list === undefined) {
      throw new ResolveError(
        [nameOf(type)],
        `the constructor of ${
          nameOf(type)
        } (${module.name}) takes parameters of its own or of a base class and names none`,
        `put @Injectable(...) with a token for each parameter on ${nameOf(type)}`,
      );
    }
    const values = list.map((token, index) =>
      this.#resolve(token, module, `argument ${index} of the constructor of ${nameOf(type)}`)
    );
    const concrete = type as new (...values: unknown[]) => unknown;
    return withInjector(this.#injectorOf(module, nameOf(type)), () => new concrete(...values));
  }

  #injectorOf(module: ModuleRecord, who: string): Injector {
    return { resolve: (token) => this.#resolve(token, module, `inject() in ${who}`) };
  }

  #resolve<T>(token: Token<T>, module: ModuleRecord, place: string): T {
    const binding = module.visible.get(token);
    if (binding === undefined) throw this.#unresolved(token, module, place);
    return this.#valueOf(binding) as T;
  }

  #valueOf(binding: Binding): unknown {
    if (binding.state === "built") return binding.value;
    if (binding.state === "building") throw this.#circle(binding);
    binding.state = "building";
    this.#building.push(binding);
    try {
      binding.value = this.#make(binding);
    } catch (error) {
      binding.state = "declared";
      throw error;
    } finally {
      this.#building.pop();
    }
    binding.state = "built";
    return binding.value;
  }

  #make(binding: Binding): unknown {
    const { provider, module, token } = binding;
    if (typeof provider === "function") return this.#keep(this.construct(provider, module));
    if ("useValue" in provider) return provider.useValue;
    if ("useClass" in provider) return this.#keep(this.construct(provider.useClass, module));
    const name = nameOf(token);
    if ("useExisting" in provider) return this.#resolve(provider.useExisting, module, `the alias ${name}`);
    if (typeof provider.useFactory !== "function") {
      throw new ResolveError(
        [name],
        `the provider of ${name} (${module.name}) says neither value, class, factory nor other token`,
        `write provide(${name}).value(...), .class(...), .factory(...) or .existing(...)`,
      );
    }
    const values = (provider.inject ?? []).map((wanted, index) =>
      this.#resolve(wanted, module, `argument ${index} of the factory of ${name}`)
    );
    const factory = provider.useFactory as (...values: unknown[]) => unknown;
    const value = withInjector(this.#injectorOf(module, `the factory of ${name}`), () => factory(...values));
    if (value instanceof Promise) {
      value.catch(() => {});
      throw new ResolveError(
        [name],
        `the factory of ${name} (${module.name}) gave a promise, factories are synchronous`,
        `await the value before createApp and give it with provide(${name}).value(...)`,
      );
    }
    return this.#keep(value);
  }

  #keep(value: unknown): unknown {
    this.built.add(value);
    return value;
  }

  #circle(binding: Binding): ResolveError {
    const from = this.#building.indexOf(binding);
    const names = [...this.#building.slice(from), binding].map((at) => nameOf(at.token));
    return new ResolveError(
      names,
      `circular dependency: ${names.join(" -> ")} (${binding.module.name})`,
      names.length === 2
        ? `${names[0]} asks for itself: remove it from its own list`
        : `move what ${names[0]} and ${
          names[names.length - 2]
        } share into a provider of its own that both ask for`,
    );
  }

  #unresolved(token: Token, module: ModuleRecord, place: string): ResolveError {
    const name = nameOf(token);
    const what = `cannot resolve ${name}: ${place}, in ${module.name}`;
    if (token === undefined) {
      return new ResolveError(
        [name],
        what,
        "two files import each other, or the class is declared below: import it from where it is declared",
      );
    }
    const owner = this.#modules.find((at) => at.own.has(token));
    if (owner === undefined) {
      return new ResolveError(
        [name],
        what,
        `add ${name} to providers of ${module.name}, or import a module that exports it`,
      );
    }
    const exported = owner.exported.has(token);
    return new ResolveError(
      [name],
      `${what}; ${owner.name} has it${exported ? "" : " and does not export it"}`,
      [
        exported ? "" : `add ${name} to exports of ${owner.name}`,
        module.meta.imports.includes(owner.type) ? "" : `add ${owner.name} to imports of ${module.name}`,
      ].filter((step) => step !== "").join(" and "),
    );
  }
}
