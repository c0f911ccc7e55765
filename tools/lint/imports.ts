/**
 * The imports of a source text, taken from the linter's syntax tree: shared by the floors plugin and the
 * architecture test.
 *
 * @module
 */

/** Floors from the lowest up. A file imports sideways or down. */
export const FLOORS = ["ffi", "reactor", "runtime", "net", "tls", "http", "framework"] as const;

/** The folder that holds deno.json, as a URL that ends with a slash. */
export const ROOT: URL = new URL("../../", import.meta.url);

const SELF = "@millrace/millrace";

/** One import, export-from, `import()` or `import("x").T`. */
export interface ImportSite {
  readonly specifier: string;
  readonly node: Deno.lint.Node;
  /** Gone after compilation. */
  readonly typeOnly: boolean;
  /** `import()`, run when called. */
  readonly dynamic: boolean;
}

/** A visitor that hands each import of a file to `found`. */
export function importVisitor(found: (site: ImportSite) => void): Deno.lint.LintVisitor {
  return {
    ImportDeclaration(node): void {
      const inline = node.specifiers.length > 0 &&
        node.specifiers.every((one) => one.type === "ImportSpecifier" && one.importKind === "type");
      const typeOnly = node.importKind === "type" || inline;
      found({ specifier: node.source.value, node, typeOnly, dynamic: false });
    },
    ExportNamedDeclaration(node): void {
      if (node.source === null) return;
      found({ specifier: node.source.value, node, typeOnly: node.exportKind === "type", dynamic: false });
    },
    ExportAllDeclaration(node): void {
      found({ specifier: node.source.value, node, typeOnly: node.exportKind === "type", dynamic: false });
    },
    ImportExpression(node): void {
      const { source } = node;
      if (source.type !== "Literal" || typeof source.value !== "string") return;
      found({ specifier: source.value, node, typeOnly: false, dynamic: true });
    },
    TSImportType(node): void {
      const argument = node.argument as { value?: unknown; literal?: { value?: unknown } };
      const specifier = argument.value ?? argument.literal?.value;
      if (typeof specifier !== "string") return;
      found({ specifier, node, typeOnly: true, dynamic: false });
    },
  };
}

/** The path below the project's folder, with slashes; `undefined` for a file elsewhere. */
export function projectPath(fileName: string): string | undefined {
  const slashed = fileName.replaceAll("\\", "/");
  const root = decodeURIComponent(ROOT.pathname);
  return slashed.startsWith(root) ? slashed.slice(root.length) : undefined;
}

/** The project's file that a specifier in `path` means; `undefined` for one outside of it. */
export function resolve(path: string, specifier: string): string | undefined {
  if (specifier.startsWith("./") || specifier.startsWith("../")) {
    return new URL(specifier, `file:///${path}`).pathname.slice(1);
  }
  if (specifier === SELF) return "mod.ts";
  if (specifier === `${SELF}/build`) return "ffi/build.ts";
  if (specifier.startsWith(`${SELF}/`)) return `${specifier.slice(SELF.length + 1)}/mod.ts`;
  return undefined;
}

/** The number of the floor that a path is on, -1 for one that is on none. */
export function floorOf(path: string): number {
  return FLOORS.indexOf(path.split("/", 1)[0] as typeof FLOORS[number]);
}

/** A test, a bench, or what only they import: below a folder `testing` of http/. */
export function isTest(path: string): boolean {
  return /_(test|bench)\.ts$|^http\/.*\btesting\//.test(path);
}

/** A file of a floor, or mod.ts, that goes to the registry. */
export function isPublished(path: string): boolean {
  if (!path.endsWith(".ts") || isTest(path)) return false;
  return path === "mod.ts" || floorOf(path) >= 0;
}
