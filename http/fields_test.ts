import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { HeaderMap } from "./fields.ts";

const MANY = 1_000;

/** A map of few fields and one of many, which has an index, must behave alike. */
function each(test: (map: HeaderMap, others: number) => void): void {
  test(new HeaderMap(), 0);
  const many = new HeaderMap();
  for (let i = 0; i < 40; i++) many.append(`zz-${i}`, String(i));
  test(many, 40);
}

Deno.test("HeaderMap: names without regard to case, null where there is none", () => {
  each((map) => {
    map.set("Content-Type", "text/plain");
    assertEquals(map.get("CONTENT-TYPE"), "text/plain");
    assert(map.has("content-type"));
    assertEquals(map.get("content-typ"), null);
    assert(!map.has("content-typ"));
    assertEquals(map.getAll("nothing"), []);
  });
});

Deno.test("HeaderMap: append joins, set replaces at the place of the first, delete removes all", () => {
  each((map, others) => {
    map.append("a", "1");
    map.append("b", "2");
    map.append("A", "3");
    assertEquals(map.get("a"), "1, 3");
    assertEquals(map.getAll("a"), ["1", "3"]);
    assertEquals(map.size, others + 3);
    map.set("a", "4");
    assertEquals(map.getAll("a"), ["4"]);
    const wire: string[] = [];
    map.forEachField((name, value) => wire.push(`${name}=${value}`));
    assertEquals(wire.slice(others), ["a=4", "b=2"]);
    map.append("a", "5");
    map.delete("A");
    assertEquals(map.get("a"), null);
    map.delete("a");
    assertEquals(map.size, others + 1);
    map.append("a", "6");
    assertEquals(map.get("a"), "6");
  });
});

Deno.test("HeaderMap: iteration is fetch's: sorted, joined, each Set-Cookie alone", () => {
  const pairs: [string, string][] = [["B", "1"], ["set-cookie", "x=1"], ["a", "2"], ["b", "3"], [
    "Set-Cookie",
    "y=2",
  ]];
  const map = new HeaderMap(pairs);
  const platform = new Headers(pairs);
  assertEquals([...map], [...platform]);
  assertEquals([...map.entries()], [...platform.entries()]);
  assertEquals([...map.keys()], [...platform.keys()]);
  assertEquals([...map.values()], [...platform.values()]);
  assertEquals(map.getSetCookie(), platform.getSetCookie());
  assertEquals(map.get("set-cookie"), platform.get("set-cookie"));
  const seen: unknown[] = [];
  const self = {};
  map.forEach(function (this: unknown, value, name, parent) {
    seen.push([name, value, parent === map, this === self]);
  }, self);
  assertEquals(seen, [...platform].map(([name, value]) => [name, value, true, true]));
});

Deno.test("HeaderMap: is given where fetch's Headers is wanted", () => {
  const wanted: globalThis.Headers = new HeaderMap([["a", "b"]]);
  assertEquals(new Headers(new HeaderMap([["a", "b"]])).get("a"), "b");
  assertEquals(new Response(null, { headers: new HeaderMap({ a: "b" }) }).headers.get("a"), "b");
  assertEquals(Object.prototype.toString.call(wanted), "[object HeaderMap]");
});

Deno.test("HeaderMap: made from everything that fetch's Headers is made from", () => {
  assertEquals([...new HeaderMap()], []);
  assertEquals([...new HeaderMap(null)], []);
  assertEquals([...HeaderMap.from({ B: "1", a: "2" })], [["a", "2"], ["b", "1"]]);
  assertEquals([...HeaderMap.from([["a", "1"], ["A", "2"]])], [["a", "1, 2"]]);
  assertEquals([...HeaderMap.from(new Headers({ a: "1" }))], [["a", "1"]]);
  assertEquals([...HeaderMap.from(new Map([["a", "1"]]))], [["a", "1"]]);
  assertThrows(() => new HeaderMap([["a"]]), TypeError, "pair of 1");
  assertThrows(() => new HeaderMap([["a", "b", "c"]]), TypeError, "pair of 3");
  assertThrows(() => new HeaderMap("a: b" as unknown as Record<string, string>), TypeError);
});

Deno.test("HeaderMap: a copy is its own", () => {
  each((map, others) => {
    map.append("a", "1");
    map.append("b", "2");
    map.delete("a");
    const copy = HeaderMap.from(map);
    copy.append("b", "3");
    assertEquals(copy.get("b"), "2, 3");
    assertEquals(map.get("b"), "2");
    assertEquals(copy.size, others + 2);
    assertEquals(copy.get("a"), null);
  });
});

Deno.test("HeaderMap: values lose surrounding spaces and tabs", () => {
  const map = new HeaderMap({ a: " \t x y \t", b: "  ", c: "" });
  assertEquals([map.get("a"), map.get("b"), map.get("c")], ["x y", "", ""]);
});

Deno.test("HeaderMap: names are tokens", () => {
  const map = new HeaderMap();
  for (const name of ["", " ", "a b", "a:", "a\r\nb", "a\0", "é", "\u212a", "\u0130", "a\u0100", "(a)"]) {
    for (
      const call of [
        () => map.get(name),
        () => map.set(name, ""),
        () => map.has(name),
        () => map.delete(name),
      ]
    ) {
      assertThrows(call, TypeError);
    }
    assertThrows(() => map.append(name, "x"), TypeError);
  }
  assertThrows(() => map.set("ab c", "x"), TypeError, 'name "ab c": character U+0020 at index 2');
});

Deno.test("HeaderMap: values cannot split a field, and the text of the error keeps them secret", () => {
  const map = new HeaderMap();
  for (
    const bad of ["\r", "\n", "\r\n", "\0", "\x01", "\x0b", "\x1f", "\x7f", "\u0100", "\u{1f600}", "\ud800"]
  ) {
    const error = assertThrows(() => map.set("token", `secret${bad}x`), TypeError);
    assertStringIncludes(error.message, '"token"');
    assertStringIncludes(error.message, "index 6");
    assert(!error.message.includes("secret"));
    assertThrows(() => map.append("token", `x${bad}x`), TypeError);
  }
  assertEquals(map.size, 0);
  map.set("a", "\x80\xff\t!");
  assertEquals(map.get("a"), "\x80\xff\t!");
});

Deno.test("HeaderMap: __proto__ is plain data", () => {
  const map = new HeaderMap(JSON.parse('{"__proto__": "x", "constructor": "y"}'));
  assertEquals(map.get("__proto__"), "x");
  assertEquals(map.get("constructor"), "y");
  assertEquals(map.get("toString"), null);
  const json = map.toJSON();
  assertEquals(Object.keys(json), ["__proto__", "constructor"]);
  assertEquals(json["__proto__"], "x");
  assertEquals(({} as Record<string, unknown>)["x"], undefined);
});

Deno.test("HeaderMap: toJSON", () => {
  const map = new HeaderMap([["b", "1"], ["set-cookie", "x"], ["a", "2"], ["b", "3"], ["set-cookie", "y"]]);
  assertEquals(JSON.stringify(map), '{"a":"2","b":"1, 3","set-cookie":["x","y"]}');
});

Deno.test("HeaderMap: frozen", () => {
  const map = new HeaderMap({ a: "1" }).freeze();
  assert(map.frozen);
  assertThrows(() => map.set("a", "2"), TypeError, "immutable");
  assertThrows(() => map.append("a", "2"), TypeError, "immutable");
  assertThrows(() => map.delete("a"), TypeError, "immutable");
  assertEquals(map.get("a"), "1");
  assert(!HeaderMap.from(map).frozen);
});

Deno.test("HeaderMap: of a decoded section", () => {
  const bytes = new TextEncoder().encode("Host: a\r\nX-Y:  b \r\nhost: c\r\n");
  const map = HeaderMap.fromSection(bytes, 0, bytes.length);
  assertEquals([...map], [["host", "a, c"], ["x-y", "b"]]);
});

Deno.test("HeaderMap: arguments become strings, as in fetch", () => {
  const map = new HeaderMap();
  map.set("n", 1 as unknown as string);
  map.set(2 as unknown as string, "x");
  assertEquals([map.get("n"), map.get("2")], ["1", "x"]);
});

Deno.test("HeaderMap: behaves as fetch's Headers under any sequence of calls", () => {
  let state = 12345;
  const next = (below: number) => (state = (state * 1_103_515_245 + 12_345) & 0x7fff_ffff) % below;
  for (let round = 0; round < 30; round++) {
    const names = Array.from({ length: round < 15 ? 6 : 60 }, (_, i) => i === 0 ? "set-cookie" : `n${i}`);
    const ours = new HeaderMap();
    const theirs = new Headers();
    for (let step = 0; step < 300; step++) {
      const name = names[next(names.length)];
      const method = (["append", "append", "set", "delete"] as const)[next(4)];
      if (method === "delete") [ours, theirs].forEach((map) => map.delete(name));
      else [ours, theirs].forEach((map) => map[method](name, String(step)));
      const asked = names[next(names.length)];
      assertEquals(ours.get(asked), theirs.get(asked));
      assertEquals(ours.has(asked), theirs.has(asked));
    }
    assertEquals([...ours], [...theirs]);
  }
});

Deno.test("HeaderMap: many fields take linear time", () => {
  const fill = (count: number) => {
    const start = performance.now();
    const map = new HeaderMap();
    for (let i = 0; i < count; i++) map.set(`name-${i}`, "x");
    for (let i = 0; i < count; i++) assert(map.has(`name-${i}`) && map.get(`name-${i}`) === "x");
    for (let i = 0; i < count; i++) map.delete(`name-${i}`);
    assertEquals(map.size, 0);
    return performance.now() - start;
  };
  fill(MANY);
  const small = Math.min(fill(MANY * 4), fill(MANY * 4));
  const large = fill(MANY * 64);
  // Sixteen times the fields: a quadratic map takes 256 times as long.
  assert(large < small * 100 + 20, `${small} ms, then ${large} ms`);
});

Deno.test("HeaderMap: deleted fields do not pile up", () => {
  const map = new HeaderMap();
  for (let i = 0; i < 40; i++) map.append(`stays-${i}`, "x");
  for (let i = 0; i < 200_000; i++) {
    map.append("comes-and-goes", "x");
    map.delete("comes-and-goes");
  }
  const start = performance.now();
  let seen = 0;
  for (let i = 0; i < 5_000; i++) map.forEachField(() => seen++);
  assertEquals(seen, 5_000 * 40);
  // With 200,000 places left behind it would take a second or more.
  assert(performance.now() - start < 200);
});
