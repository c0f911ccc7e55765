/**
 * From method and raw path to a route.
 *
 * The path is matched as it was sent: nothing is decoded, folded or cleaned up first, so what a guard sees is what matched.
 * @module
 */
import type { Pattern } from "./pattern.ts";
import { type Captures, Tree } from "./tree.ts";

/** A route as it is given to the router. */
export interface Entry<T> {
  /** Upper case; `*` for every method that has no route of this shape. */
  readonly method: string;
  readonly pattern: Pattern;
  readonly value: T;
}

/** The routes of one method. */
class Table<T> {
  /** Paths without captures: one lookup. */
  readonly texts: Map<string, T> = new Map();
  readonly tree: Tree<T>;
  readonly #shapes: Map<string, T> = new Map();

  constructor(captures: Captures) {
    this.tree = new Tree(captures);
  }

  /** The value that is there already, if there is one: then nothing is added. */
  add(pattern: Pattern, value: T): T | undefined {
    const present = this.#shapes.get(pattern.shape);
    if (present !== undefined) return present;
    this.#shapes.set(pattern.shape, value);
    if (pattern.names.length === 0) this.texts.set(pattern.shape, value);
    else this.tree.add(pattern, value);
    return undefined;
  }

  find(path: string): T | null {
    return this.texts.get(path) ?? this.tree.find(path);
  }
}

/** Two routes that answer the same requests. */
export interface RouteConflict<T> {
  readonly first: T;
  readonly second: T;
}

const ANY = "*";

/** An immutable set of routes. A search leaves its captures here until the next one. */
export class Router<T> implements Captures {
  readonly starts: number[] = [0, 0, 0, 0];
  readonly ends: number[] = [0, 0, 0, 0];
  /** Routes of one method and shape; the later one of each pair is not reached. */
  readonly conflicts: readonly RouteConflict<T>[];
  readonly #tables: Map<string, Table<T>> = new Map();
  readonly #get: Table<T>;
  readonly #any: Table<T>;

  /** @param entries In the order in which they were declared. */
  constructor(entries: readonly Entry<T>[]) {
    const conflicts: RouteConflict<T>[] = [];
    for (const { method, pattern, value } of entries) {
      const first = this.#table(method).add(pattern, value);
      if (first !== undefined) conflicts.push({ first, second: value });
    }
    this.conflicts = conflicts;
    this.#get = this.#table("GET");
    this.#any = this.#table(ANY);
    // A route stands in only where the method has none of the same shape: add() leaves what is there.
    for (const { method, pattern, value } of entries) {
      if (method === "GET") this.#table("HEAD").add(pattern, value);
    }
    for (const { method, pattern, value } of entries) {
      if (method !== ANY) continue;
      for (const table of this.#tables.values()) table.add(pattern, value);
    }
  }

  #table(method: string): Table<T> {
    let table = this.#tables.get(method);
    if (table === undefined) this.#tables.set(method, table = new Table(this));
    return table;
  }

  /**
   * The route for this method and raw path, or null.
   *
   * @param method As it was sent, case-sensitive (RFC 9110 §9.1). @param path From the first slash up to the query.
   */
  find(method: string, path: string): T | null {
    if (method === "GET") return this.#get.find(path);
    return (this.#tables.get(method) ?? this.#any).find(path);
  }

  /** The methods that have a route for this path, sorted, with HEAD and OPTIONS that are answered by themselves; empty for none. */
  allowed(path: string): string[] {
    const methods: string[] = [];
    for (const [method, table] of this.#tables) {
      if (method !== ANY && table.find(path) !== null) methods.push(method);
    }
    if (methods.length === 0) return methods;
    if (!methods.includes("OPTIONS")) methods.push("OPTIONS");
    return methods.sort();
  }
}
