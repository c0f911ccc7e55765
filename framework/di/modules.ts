/**
 * The graph of modules: who sees which provider.
 * @module
 */
import { ResolveError } from "../error.ts";
import { type ModuleMeta, moduleOf } from "../meta.ts";
import type { Provider } from "./provider.ts";
import { type Constructor, nameOf, type Token } from "./token.ts";

/** One provider in one module, and what was built of it. */
export interface Binding {
  readonly token: Token;
  readonly provider: Provider;
  readonly module: ModuleRecord;
  state: "declared" | "building" | "built";
  value: unknown;
}

/** A module of the app. */
export interface ModuleRecord {
  readonly type: Constructor;
  readonly name: string;
  readonly meta: ModuleMeta;
  /** What it provides itself. */
  readonly own: Map<Token, Binding>;
  /** What its classes may ask for: its own and what its imports export. */
  readonly visible: Map<Token, Binding>;
  /** What its importers may ask for. */
  readonly exported: Map<Token, Binding>;
}

/** All modules below `root`, imports before importers, `root` last. @throws {ResolveError} the graph is not sound. */
export function scanModules(root: Constructor): ModuleRecord[] {
  const done = new Map<Constructor, ModuleRecord>();
  const open: Constructor[] = [];
  visit(root, "createApp");
  return [...done.values()];

  function visit(type: Constructor, place: string): ModuleRecord {
    const known = done.get(type);
    if (known !== undefined) return known;
    const meta = typeof type === "function" ? moduleOf(type) : undefined;
    if (meta === undefined) {
      throw new ResolveError(
        [nameOf(type)],
        `${nameOf(type)}, given to ${place}, is no module`,
        type === undefined
          ? "two files import each other: move what both need into a third module"
          : `put @Module({...}) on ${nameOf(type)}`,
      );
    }
    if (open.includes(type)) {
      const names = [...open.slice(open.indexOf(type)), type].map(nameOf);
      throw new ResolveError(
        names,
        `circular imports: ${names.join(" -> ")}`,
        "move what the modules share into a module of its own that each imports",
      );
    }
    open.push(type);
    const name = nameOf(type);
    const imports = meta.imports.map((imported, index) => visit(imported, `imports[${index}] of ${name}`));
    open.pop();
    const record: ModuleRecord = {
      type,
      name,
      meta,
      own: new Map(),
      visible: new Map(),
      exported: new Map(),
    };
    for (const imported of imports) importInto(record, imported);
    for (const [index, provider] of meta.providers.entries()) declare(record, provider, index);
    for (const token of meta.exports) exportFrom(record, token, imports);
    done.set(type, record);
    return record;
  }
}

function importInto(record: ModuleRecord, imported: ModuleRecord): void {
  for (const [token, binding] of imported.exported) {
    const present = record.visible.get(token);
    if (present !== undefined && present !== binding) {
      throw new ResolveError(
        [nameOf(token)],
        `${record.name} imports ${nameOf(token)} from both ${present.module.name} and ${binding.module.name}`,
        "export it from one of them only",
      );
    }
    record.visible.set(token, binding);
  }
}

function declare(record: ModuleRecord, provider: Provider, index: number): void {
  const token: Token | undefined = typeof provider === "function" ? provider : provider?.provide;
  if (token === undefined) {
    throw new ResolveError(
      [String(token)],
      `providers[${index}] of ${record.name} is ${provider === undefined ? "undefined" : "for no token"}`,
      "give a class or provide(Token)...; if two files import each other, import from where it is declared",
    );
  }
  if (record.own.has(token)) {
    throw new ResolveError(
      [nameOf(token)],
      `${record.name} provides ${nameOf(token)} twice, the second time in providers[${index}]`,
      "remove one of them",
    );
  }
  const binding: Binding = { token, provider, module: record, state: "declared", value: undefined };
  record.own.set(token, binding);
  record.visible.set(token, binding);
}

function exportFrom(record: ModuleRecord, token: Token, imports: readonly ModuleRecord[]): void {
  const passedOn = imports.find((imported) => imported.type === token);
  if (passedOn !== undefined) {
    for (const [inner, binding] of passedOn.exported) record.exported.set(inner, binding);
    return;
  }
  const binding = record.visible.get(token);
  if (binding === undefined) {
    throw new ResolveError(
      [nameOf(token)],
      `${record.name} exports ${nameOf(token)}, which it neither provides nor imports`,
      `add ${nameOf(token)} to providers or imports of ${record.name}`,
    );
  }
  record.exported.set(token, binding);
}
