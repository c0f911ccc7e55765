/**
 * Lint rules that hold the shape of the project. `deno.json` loads them for `deno lint`; what they say is
 * explained in CONTRIBUTING.md, "Floors".
 *
 * @module
 */

import {
  floorOf,
  FLOORS,
  type ImportSite,
  importVisitor,
  isPublished,
  isTest,
  projectPath,
  resolve,
} from "./imports.ts";

/** Codec folders, each with the further folders that it may import. */
const CODECS: Readonly<Record<string, readonly string[]>> = {
  "http/h1/": [],
  "http/hpack/": [],
  "http/h2/": ["http/hpack/"],
  "http/quic/": [],
  "http/qpack/": [],
  "http/h3/": ["http/qpack/", "http/quic/"],
  "http/ws/": [],
  "http/sse/": [],
};
const BYTES = "runtime/bytes/";

/** Names that bring in a clock, randomness, waiting or output. */
const IMPURE = new Set([
  "Promise",
  "setTimeout",
  "setInterval",
  "setImmediate",
  "clearTimeout",
  "clearInterval",
  "clearImmediate",
  "queueMicrotask",
  "Date",
  "Temporal",
  "performance",
  "crypto",
  "console",
  "process",
  "Deno",
]);

type Check = (path: string, site: ImportSite) => string | undefined;

/** A rule about imports: `check` returns what is wrong, or nothing. */
function importRule(applies: (path: string) => boolean, check: Check): Deno.lint.Rule {
  return {
    create(context): Deno.lint.LintVisitor {
      const path = projectPath(context.filename);
      if (path === undefined || !applies(path)) return {};
      return importVisitor((site) => {
        const message = check(path, site);
        if (message !== undefined) context.report({ node: site.node, message });
      });
    },
  };
}

const direction = importRule((path) => floorOf(path) >= 0, (path, { specifier }) => {
  const target = resolve(path, specifier);
  if (target === undefined) return undefined;
  const from = floorOf(path);
  const to = floorOf(target);
  if (to < 0) {
    if (isTest(path) && target.startsWith("tests/support/")) return undefined;
    return `"${specifier}" is on no floor: a floor imports only floors`;
  }
  if (to <= from) return undefined;
  return `${FLOORS[from]} is below ${FLOORS[to]}: a file imports sideways or down, never up`;
});

const framework = importRule((path) => path.startsWith("framework/"), (path, { specifier }) => {
  const floor = FLOORS[floorOf(resolve(path, specifier) ?? "")];
  if (floor !== "ffi" && floor !== "reactor") return undefined;
  return `framework must run where native code is not allowed: it imports nothing of ${floor}/`;
});

const dependencies = importRule(isPublished, (path, { specifier }) => {
  if (resolve(path, specifier) !== undefined || specifier.startsWith("node:")) return undefined;
  return `"${specifier}": published source has no dependency, only its own files and node: built-ins`;
});

const codecOf = (path: string): string | undefined =>
  isTest(path) ? undefined : Object.keys(CODECS).find((folder) => path.startsWith(folder));

const codecImports = importRule((path) => codecOf(path) !== undefined, (path, { specifier }) => {
  const folder = codecOf(path) as string;
  const allowed = [folder, BYTES, ...CODECS[folder]];
  const target = resolve(path, specifier);
  if (target !== undefined && allowed.some((prefix) => target.startsWith(prefix))) return undefined;
  return `"${specifier}": a codec imports only ${allowed.join(", ")}`;
});

/** Whether the identifier stands for a value or type in scope, and is not just a property's name. */
function isReference(node: Deno.lint.Identifier): boolean {
  const { parent } = node;
  switch (parent.type) {
    case "MemberExpression":
      return parent.computed || parent.property !== node;
    case "Property":
      return parent.computed || parent.value === node;
    case "PropertyDefinition":
    case "MethodDefinition":
    case "TSPropertySignature":
    case "TSMethodSignature":
      return parent.computed;
    default:
      return true;
  }
}

const codecPurity: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    const path = projectPath(context.filename);
    if (path === undefined || codecOf(path) === undefined) return {};
    const report = (node: Deno.lint.Node, what: string): void =>
      context.report({
        node,
        message: `a codec knows no ${what}: clock, randomness and waiting are arguments`,
      });
    const noAsync = (node: Deno.lint.Node & { async: boolean }): void => {
      if (node.async) report(node, "async function");
    };
    return {
      FunctionDeclaration: noAsync,
      FunctionExpression: noAsync,
      ArrowFunctionExpression: noAsync,
      AwaitExpression: (node): void => report(node, "await"),
      ForOfStatement(node): void {
        if (node.await) report(node, "for await");
      },
      Identifier(node): void {
        if (IMPURE.has(node.name) && isReference(node)) report(node, node.name);
      },
      MemberExpression(node): void {
        const { object, property } = node;
        if (object.type !== "Identifier" || property.type !== "Identifier" || node.computed) return;
        if (object.name === "Math" && property.name === "random") report(node, "Math.random");
        if (object.name === "globalThis" && IMPURE.has(property.name)) report(node, property.name);
      },
    };
  },
};

const decorators: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    const path = projectPath(context.filename);
    if (path === undefined || !isPublished(path)) return {};
    return {
      Decorator(node): void {
        context.report({
          node,
          message: "published source holds no decorator syntax: its dialect is the user's choice",
        });
      },
    };
  },
};

const plugin: Deno.lint.Plugin = {
  name: "floors",
  rules: {
    direction,
    framework,
    dependencies,
    "codec-imports": codecImports,
    "codec-purity": codecPurity,
    decorators,
  },
};

export default plugin;
