import { assertEquals, assertThrows } from "@std/assert";
import { HttpError } from "../error.ts";
import { decodeRest, decodeSegment } from "./decode.ts";
import { queryValue } from "./query.ts";

Deno.test("query: every value is what URLSearchParams.get gives", () => {
  const pieces = [
    "a",
    "b",
    "=",
    "&",
    "+",
    "%",
    "%2",
    "%41",
    "%zz",
    "%C3%A9",
    "%C3",
    "%EF%BB%BF",
    "%00",
    "é",
    "__proto__",
    "a=1",
  ];
  let state = 7;
  const next = (below: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return (state >>> 8) % below;
  };
  for (let i = 0; i < 5000; i++) {
    const query = Array.from({ length: next(9) }, () => pieces[next(pieces.length)]).join("");
    const wanted = new URLSearchParams(query.startsWith("?") ? `?${query}` : query);
    for (const name of ["a", "b", "", " ", "é", "A", "__proto__", "a1", "ab", "%", "aé"]) {
      assertEquals(queryValue(query, name), wanted.get(name) ?? undefined, JSON.stringify([query, name]));
    }
  }
});

Deno.test("query: hostile: __proto__ as a query key is plain data", () => {
  assertEquals(queryValue("__proto__=x&constructor=y", "__proto__"), "x");
  assertEquals(queryValue("a=1", "__proto__"), undefined);
  assertEquals(queryValue("a=1", "toString"), undefined);
});

Deno.test("decode: a segment is decoded inside its bounds, an encoded slash stays in the value", () => {
  const at = (path: string): string => decodeSegment(path, 1, path.length);
  assertEquals(at("/plain"), "plain");
  assertEquals(at("/a%2Fb"), "a/b");
  assertEquals(at("/%C3%A9"), "é");
  assertEquals(at("/a+b"), "a+b");
  assertEquals(at("/%2573"), "%73");
  assertEquals(decodeSegment("/%41/%42", 1, 4), "A");
  for (const bad of ["/%", "/%2", "/%zz", "/%FF", "/%C3", "/%ED%A0%80"]) {
    assertEquals(assertThrows(() => at(bad), HttpError).status, 400, bad);
  }
});

Deno.test("decode: a wildcard's rest is decoded, an encoded slash in it is refused", () => {
  const at = (path: string): string => decodeRest(path, 1, path.length);
  assertEquals(at("/a/b%20c"), "a/b c");
  assertEquals(at("/a/b"), "a/b");
  for (const bad of ["/..%2fetc", "/a%2Fb", "/%"]) {
    assertEquals(assertThrows(() => at(bad), HttpError).status, 400, bad);
  }
});
