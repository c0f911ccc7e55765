/**
 * What the decorators wrote down, keyed on class and method name: `context.metadata` does not exist everywhere, and the
 * function may be replaced by other decorators.
 * @module
 */
import type { Class, Constructor, Token } from "./di/token.ts";
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
  readonly imports: readonly Constructor[];
  readonly controllers: readonly Constructor[];
  readonly providers: readonly Provider[];
  readonly exports: readonly (Token | Class)[];
}

const controllers = new WeakMap<Class, ControllerMeta>();
const modules = new WeakMap<Class, ModuleMeta>();
const dependencies = new WeakMap<Class, readonly Token[]>();
const methods = new WeakMap<object, Map<PropertyKey, HandlerMeta>>();

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

/**
 * The constructor's list: the class' own, else that of the base class whose constructor it takes over.
 *
 * Undefined if there is none for a constructor that has parameters; its `length` is all that shows them.
 */
export function dependenciesOf(target: Class): readonly Token[] | undefined {
  let isOwn = true;
  for (let at: unknown = target; typeof at === "function"; at = Object.getPrototypeOf(at)) {
    const found = dependencies.get(at as Class);
    if (found !== undefined) return isOwn ? found : undefined;
    if (at.length > 0) isOwn = false;
  }
  return target.length > 0 ? undefined : [];
}

/** The method's record, made when it is first asked for. @param owner The prototype that holds the method. */
export function recordOf(owner: object, name: PropertyKey): HandlerMeta {
  let records = methods.get(owner);
  if (records === undefined) methods.set(owner, records = new Map());
  let meta = records.get(name);
  if (meta === undefined) records.set(name, meta = { routes: [], status: undefined });
  return meta;
}

export function handlerOf(owner: object, name: PropertyKey): HandlerMeta | undefined {
  return methods.get(owner)?.get(name);
}

/** The decorated methods of one class. */
export interface MethodGroup {
  /** The prototype that holds them, once it is known. */
  owner: object | undefined;
}

let open: MethodGroup | undefined;

/** A decorator is made: all of a class' are, before the first is applied, so what is applied next belongs to another class. */
export function beginGroup(): void {
  open = undefined;
}

/** The group of the class whose methods are being decorated. */
export function currentGroup(): MethodGroup {
  return open ??= { owner: undefined };
}

/** The class itself is decorated, after its methods. */
export function endGroup(target: Class): void {
  if (open !== undefined) open.owner = target.prototype;
  open = undefined;
}

/**
 * The prototype that holds a method which TC39 decorators saw as `original`: they are told its name and not its class.
 *
 * Without a decorator on the class, and after another decorator has replaced the method, this is the topmost class that has
 * one of the name: one below overrides it, and has no route unless it says so.
 */
export function ownerOf(instance: object, name: PropertyKey, original: Handler, group: MethodGroup): object {
  if (group.owner !== undefined && Object.hasOwn(group.owner, name)) return group.owner;
  let owner = instance;
  for (let at: object | null = Object.getPrototypeOf(instance); at !== null; at = Object.getPrototypeOf(at)) {
    const property = Object.getOwnPropertyDescriptor(at, name);
    if (property === undefined) continue;
    owner = at;
    if (property.value === original) return group.owner = at;
  }
  return owner;
}
