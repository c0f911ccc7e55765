/**
 * What the decorators wrote down, keyed on class and handler: `context.metadata` does not exist everywhere.
 * @module
 */
import type { Class, Token } from "./di/token.ts";
import type { Provider } from "./di/provider.ts";
import type { Extractor } from "./pipeline/extractor.ts";

/** A method of a class, seen from here. */
export type Handler = (...args: never[]) => unknown;

/** What `@Controller` wrote. */
export interface ControllerMeta {
  readonly prefix: string;
}

/** One route decorator on one method. */
export interface RouteMeta {
  /** Upper case; `*` for every method. */
  readonly method: string;
  readonly path: string;
  readonly extractors: readonly Extractor<unknown>[];
}

/** What the decorators of one method wrote, together. */
export interface HandlerMeta {
  readonly routes: RouteMeta[];
  /** From `@HttpCode`. */
  status: number | undefined;
}

/** What `@Module` wrote. */
export interface ModuleMeta {
  readonly imports: readonly Class[];
  readonly controllers: readonly Class[];
  readonly providers: readonly Provider[];
  readonly exports: readonly (Token | Class)[];
}

const controllers = new WeakMap<Class, ControllerMeta>();
const modules = new WeakMap<Class, ModuleMeta>();
const dependencies = new WeakMap<Class, readonly Token[]>();
const handlers = new WeakMap<Handler, HandlerMeta>();

export function setController(target: Class, meta: ControllerMeta): void {
  controllers.set(target, meta);
}

/** The class' own `@Controller`; a base class' does not count. */
export function controllerOf(target: Class): ControllerMeta | undefined {
  return controllers.get(target);
}

export function setModule(target: Class, meta: ModuleMeta): void {
  modules.set(target, meta);
}

export function moduleOf(target: Class): ModuleMeta | undefined {
  return modules.get(target);
}

export function setDependencies(target: Class, list: readonly Token[]): void {
  dependencies.set(target, list);
}

/** The constructor's list: the class' own, else that of the nearest base class that has one. */
export function dependenciesOf(target: Class): readonly Token[] | undefined {
  for (let at: unknown = target; typeof at === "function"; at = Object.getPrototypeOf(at)) {
    const found = dependencies.get(at as Class);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The method's record, made when it is first asked for. */
export function recordOf(handler: Handler): HandlerMeta {
  let meta = handlers.get(handler);
  if (meta === undefined) handlers.set(handler, meta = { routes: [], status: undefined });
  return meta;
}

export function handlerOf(handler: Handler): HandlerMeta | undefined {
  return handlers.get(handler);
}

/**
 * Keeps the record of a method that another decorator, above the route's, replaced.
 *
 * Called while an instance is built. If the class chain no longer holds `original` under `name`, what stands there now is the
 * replacement; if it still does, a subclass overrides it on purpose and has no route unless it says so.
 */
export function followReplacement(instance: object, name: string | symbol, original: Handler): void {
  let replacement: unknown;
  for (let at: object | null = Object.getPrototypeOf(instance); at !== null; at = Object.getPrototypeOf(at)) {
    if (!Object.hasOwn(at, name)) continue;
    const value: unknown = Object.getOwnPropertyDescriptor(at, name)?.value;
    if (value === original) return;
    replacement = value;
  }
  const meta = handlers.get(original);
  if (typeof replacement === "function" && meta !== undefined && !handlers.has(replacement as Handler)) {
    handlers.set(replacement as Handler, meta);
  }
}
