/** shim.h is the one truth: abi.ts, deno.ts and native.ts are compared with its text. */
import { assert, assertEquals } from "@std/assert";
import * as abi from "./abi.ts";

const read = (name: string): string => Deno.readTextFileSync(new URL(name, import.meta.url));
const header = read("./shim/shim.h").replaceAll(/\/\*[\s\S]*?\*\//g, "");

/** The numeric constants of the header by their names without the prefix. */
function headerConstants(): Map<string, number> {
  const constants = new Map<string, number>();
  for (const [, name, text] of header.matchAll(/^#define MR_(\w+) +([-+*() 0-9]+)$/gm)) {
    assert(/^[-*() \d]+$/.test(text), `"${text}" is arithmetic of numbers`);
    const value = text.replaceAll(/[() ]/g, "").split("*").reduce(
      (product, factor) => product * Number(factor),
      1,
    );
    constants.set(name, value);
  }
  return constants;
}

/** The functions of the header: the types of their parameters. */
function headerFunctions(): Map<string, string[]> {
  const functions = new Map<string, string[]>();
  for (const [, result, name, list] of header.matchAll(/^MR_API (\w+) (mr_\w+)\(([^)]*)\);/gm)) {
    assertEquals(result, "int32_t", name);
    const types = list.trim() === "void" ? [] : list.split(",").map((parameter) => {
      if (/^\s*(const )?uint8_t \*\w+$/.test(parameter)) return "buffer";
      assert(
        /^\s*int32_t \w+$/.test(parameter),
        `${name}: "${parameter}" is neither an integer nor a buffer`,
      );
      return "i32";
    });
    functions.set(name, types);
  }
  return functions;
}

/** The symbols of deno.ts, read as text: opening the library would need it to be there. */
function declaredSymbols(): Map<string, { parameters: string[]; nonblocking: boolean }> {
  const symbols = new Map<string, { parameters: string[]; nonblocking: boolean }>();
  const pattern =
    /^ {2}(mr_\w+): \{\s*parameters: \[([^\]]*)\],\s*result: "(\w+)"(,\s*nonblocking: true)?,?\s*\},/gm;
  for (const [, name, list, result, nonblocking] of read("./deno.ts").matchAll(pattern)) {
    assertEquals(result, "i32", name);
    const parameters = [...list.matchAll(/"(\w+)"/g)].map(([, type]) => type);
    symbols.set(name, { parameters, nonblocking: nonblocking !== undefined });
  }
  return symbols;
}

/** Of the header alone: what TypeScript has no use for. */
const INSIDE = new Set(["ACCEPT_BATCH"]);

Deno.test("abi.ts has the constants of shim.h, with their values", () => {
  const expected = headerConstants();
  assert(expected.size > 35, "the header's constants are not found");
  for (const [name, value] of expected) {
    if (!INSIDE.has(name)) assertEquals((abi as Record<string, unknown>)[name], value, name);
  }
  for (const name of Object.keys(abi)) assert(expected.has(name), `${name} is not in shim.h`);
});

Deno.test("no definition of the header is overlooked by this test", () => {
  const defined = new Set([...header.matchAll(/^#define MR_(\w+) /gm)].map(([, name]) => name));
  const known = headerConstants();
  assertEquals([...defined].filter((name) => !known.has(name)), ["API"]);
});

Deno.test("deno.ts declares every function of shim.h with its parameters, and no other", () => {
  const expected = headerFunctions();
  assert(expected.size > 20, "the header's functions are not found");
  const declared = declaredSymbols();
  assertEquals([...declared.keys()].sort(), [...expected.keys()].sort());
  for (const [name, types] of expected) assertEquals(declared.get(name)!.parameters, types, name);
});

Deno.test("only the park leaves the thread", () => {
  const away = [...declaredSymbols()].filter(([, { nonblocking }]) => nonblocking).map(([name]) => name);
  assertEquals(away, ["mr_selector_park"]);
});

Deno.test("Native has each of them, under a name without the prefix", () => {
  const members = [...read("./native.ts").matchAll(/^ {2}(\w+)\(/gm)].map(([, name]) => name);
  const special: Record<string, string> = { selector_park: "park" };
  const expected = [...headerFunctions().keys()]
    .map((name) => name.slice(3))
    .filter((name) => name !== "abi_version")
    .map((name) => special[name] ?? name.replaceAll(/_(\w)/g, (_, letter: string) => letter.toUpperCase()));
  assertEquals(members.sort(), expected.sort());
});

Deno.test("every function of the header is in the C source of Linux", () => {
  const source = read("./shim/epoll.c") + read("./shim/socket.c");
  for (const name of headerFunctions().keys()) {
    assert(new RegExp(`^int32_t ${name}\\(`, "m").test(source), `${name} is not written`);
  }
});
