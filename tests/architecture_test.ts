import { assertEquals } from "@std/assert";
import { type ImportSite, importVisitor, isPublished, resolve, ROOT } from "../tools/lint/imports.ts";
import { npmConfig } from "../tools/npm_config.ts";

// What the linter cannot see, because it looks at one file at a time.

const MAX_LINES = 400;
/** Folders that hold no source of ours. */
const FOREIGN = new Set([".git", "node_modules", "coverage", "data"]);
const SOURCE = /\.(ts|c|h|lua)$/;

interface SourceFile {
  readonly path: string;
  readonly text: string;
}

function* walk(folder: string): Generator<SourceFile> {
  for (const entry of Deno.readDirSync(new URL(folder || ".", ROOT))) {
    const path = folder + entry.name;
    if (entry.isDirectory) {
      if (!FOREIGN.has(entry.name) && path !== "bench/results") yield* walk(`${path}/`);
    } else if (entry.isFile) {
      yield { path, text: Deno.readTextFileSync(new URL(path, ROOT)) };
    }
  }
}

const files: readonly SourceFile[] = [...walk("")].sort((a, b) => a.path < b.path ? -1 : 1);
const published: readonly SourceFile[] = files.filter(({ path }) => isPublished(path));

function read(path: string): string {
  return Deno.readTextFileSync(new URL(path, ROOT));
}

function importsOf({ path, text }: SourceFile): ImportSite[] {
  const sites: ImportSite[] = [];
  const collector: Deno.lint.Plugin = {
    name: "collect",
    rules: { imports: { create: () => importVisitor((site) => sites.push(site)) } },
  };
  Deno.lint.runPlugin(collector, path, text);
  return sites;
}

/** Each circle once, as the paths along it. */
function circles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const found: string[] = [];
  const done = new Set<string>();
  const visit = (path: string, above: readonly string[]): void => {
    const start = above.indexOf(path);
    if (start >= 0) {
      found.push([...above.slice(start), path].join(" > "));
      return;
    }
    if (done.has(path)) return;
    for (const target of graph.get(path) ?? []) visit(target, [...above, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return found;
}

function lineCount(text: string): number {
  return text.split("\n").length - (text.endsWith("\n") ? 1 : 0);
}

/** The files that ARCHITECTURE.md names in backticks with at least a few words of reason on the same line. */
function excused(architecture: string): Set<string> {
  const paths = new Set<string>();
  for (const line of architecture.split("\n")) {
    for (const [whole, path] of line.matchAll(/`([\w./-]+\.(?:ts|c|h|lua))`/g)) {
      if (/\blines?\b/.test(line) && line.replace(whole, "").trim().length > 20) paths.add(path);
    }
  }
  return paths;
}

Deno.test("a circle is found", () => {
  const graph = new Map([["a", ["b"]], ["b", ["c", "d"]], ["c", ["a"]], ["d", []]]);
  assertEquals(circles(graph), ["a > b > c > a"]);
  assertEquals(circles(new Map([["a", ["b"]], ["b", []]])), []);
});

Deno.test("value imports are told from types and dynamic ones", () => {
  const text = `import { a } from "./a.ts"; import type { B } from "./b.ts"; import { type C } from "./c.ts";
    export type { D } from "./d.ts"; export * from "./e.ts"; await import("./f.ts"); import "./g.ts";`;
  const values = importsOf({ path: "x.ts", text }).filter((site) => !site.typeOnly && !site.dynamic);
  assertEquals(values.map((site) => site.specifier).sort(), ["./a.ts", "./e.ts", "./g.ts"]);
});

Deno.test("published source has no import circles", () => {
  const graph = new Map<string, string[]>();
  for (const file of published) {
    const targets = importsOf(file)
      .filter((site) => !site.typeOnly && !site.dynamic)
      .map((site) => resolve(file.path, site.specifier))
      .filter((target) => target !== undefined);
    graph.set(file.path, targets);
  }
  assertEquals(circles(graph), []);
});

Deno.test("a file has no more than 400 lines, or ARCHITECTURE.md says why", () => {
  const architecture = files.find(({ path }) => path === "ARCHITECTURE.md")?.text ?? "";
  const allowed = excused(architecture);
  const long = files
    .filter(({ path, text }) => SOURCE.test(path) && !/^\W*@?generated\b/im.test(text.slice(0, 400)))
    .filter(({ path, text }) => lineCount(text) > MAX_LINES && !allowed.has(path))
    .map(({ path, text }) => `${path}: ${lineCount(text)} lines`);
  assertEquals(long, []);
});

Deno.test("an excuse names the file, the word lines, and a reason", () => {
  const text =
    "- `a/b.ts` 512 lines: one table, read from top to bottom\n- `c.ts` lines\n- `d.ts` does things, many of them";
  assertEquals([...excused(text)], ["a/b.ts"]);
});

Deno.test("every export of deno.json is a file", () => {
  const { exports } = JSON.parse(read("deno.json")) as { exports: Record<string, string> };
  const have = new Set(files.map(({ path }) => `./${path}`));
  assertEquals(Object.entries(exports).filter(([, target]) => !have.has(target)), []);
});

Deno.test("every published file starts with its module doc", () => {
  const bare = published.filter(({ text }) => !/^\/\*\*(?:(?!\*\/)[\s\S])*@module\b/.test(text));
  assertEquals(bare.map(({ path }) => path), []);
});

Deno.test("deno.npm.json is deno.json with the names mapped: run `deno task config`", () => {
  assertEquals(JSON.parse(read("deno.npm.json")), JSON.parse(npmConfig(read("deno.json"))));
});

Deno.test("no file names a folder of somebody's machine", () => {
  // Written in parts, so that this file does not find itself.
  const homes = ["home/\\w+", "root", "Users/\\w+", "opt/deno", "work/main"].map((home) => `/${home}/`);
  const pattern = new RegExp(`(?<![\\w.~-])(?:${homes.join("|")})`);
  const naming = files.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
  assertEquals(naming, []);
});
