import {
  assert,
  assertAlmostEquals,
  assertArrayIncludes,
  assertEquals,
  assertExists,
  assertFalse,
  assertGreater,
  assertInstanceOf,
  AssertionError,
  assertIsError,
  assertLess,
  assertMatch,
  assertNotEquals,
  assertNotMatch,
  assertNotStrictEquals,
  assertObjectMatch,
  assertRejects,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
  equal,
  fail,
  unreachable,
} from "@std/assert";
import { crypto } from "@std/crypto";
import { expect } from "@std/expect";
import { TextLineStream, toArrayBuffer, toJson, toText } from "@std/streams";
import { FakeTime } from "@std/testing/time";

// These run under both configs: what holds here holds for the real packages and for the stand-ins.

const same: [string, unknown, unknown][] = [
  ["numbers", 1, 1],
  ["NaN", NaN, NaN],
  ["zeros", 0, -0],
  ["nested", { a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }],
  ["key order", { a: 1, b: 2 }, { b: 2, a: 1 }],
  ["null prototype", Object.assign(Object.create(null), { a: 1 }), { a: 1 }],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([0, 1, 2]).subarray(1)],
  ["sets", new Set([{ a: 1 }, 2]), new Set([2, { a: 1 }])],
  ["maps", new Map([["a", [1]]]), new Map([["a", [1]]])],
  ["dates", new Date(5), new Date(5)],
  ["regexps", /a/g, /a/g],
];
const different: [string, unknown, unknown][] = [
  ["types", 1, "1"],
  ["extra key", { a: 1 }, { a: 1, b: 2 }],
  ["undefined key", { a: undefined }, { b: undefined }],
  ["lengths", [1, 2], [1, 2, 3]],
  ["bytes", new Uint8Array([1, 2]), new Uint8Array([1, 3])],
  ["array kinds", new Uint8Array([1]), new Uint16Array([1])],
  ["sets", new Set([1]), new Set([2])],
  ["maps", new Map([["a", 1]]), new Map([["a", 2]])],
  ["dates", new Date(5), new Date(6)],
  ["classes", new (class A {})(), new (class B {})()],
  ["null", null, {}],
];

Deno.test("equal tells structures apart", () => {
  for (const [name, a, b] of same) {
    assert(equal(a, b), name);
    assertEquals(a, b);
    assertThrows(() => assertNotEquals(a, b), AssertionError);
  }
  for (const [name, a, b] of different) {
    assertFalse(equal(a, b), name);
    assertNotEquals(a, b);
    assertThrows(() => assertEquals(a, b), AssertionError);
  }
  const ring: unknown[] = [1];
  ring.push(ring);
  const other: unknown[] = [1];
  other.push(other);
  assert(equal(ring, other));
});

Deno.test("each assertion passes and fails where it should", () => {
  const cases: [() => void, () => void][] = [
    [() => assert(1), () => assert(0, "no")],
    [() => assertFalse(0), () => assertFalse(1)],
    [() => assertStrictEquals("a", "a"), () => assertStrictEquals({}, {})],
    [() => assertNotStrictEquals({}, {}), () => assertNotStrictEquals(1, 1)],
    [() => assertAlmostEquals(0.1 + 0.2, 0.3), () => assertAlmostEquals(1, 2, 0.5)],
    [() => assertExists(0), () => assertExists(undefined)],
    [() => assertGreater(2, 1), () => assertGreater(1, 1)],
    [() => assertLess(1, 2), () => assertLess(1, 1)],
    [() => assertInstanceOf([], Array), () => assertInstanceOf({}, Array)],
    [() => assertMatch("abc", /b/), () => assertMatch("abc", /x/)],
    [() => assertNotMatch("abc", /x/), () => assertNotMatch("abc", /b/)],
    [() => assertStringIncludes("abc", "b"), () => assertStringIncludes("abc", "x")],
    [() => assertArrayIncludes([1, { a: 1 }], [{ a: 1 }]), () => assertArrayIncludes([1], [2])],
    [
      () => assertObjectMatch({ a: 1, b: { c: 2, d: 3 } }, { b: { c: 2 } }),
      () => assertObjectMatch({ a: 1 }, { a: 2 }),
    ],
    [
      () => assertIsError(new TypeError("x y"), TypeError, "y"),
      () => assertIsError(new Error("x"), TypeError),
    ],
    [() => void assertThrows(() => fail()), () => void assertThrows(() => 1)],
    [() => void assertThrows(() => unreachable()), () => unreachable()],
  ];
  for (const [good, bad] of cases) {
    good();
    assertThrows(bad, AssertionError);
  }
});

Deno.test("assertThrows and assertRejects hand back the error and check class and text", async () => {
  const throwing = (): never => {
    throw new RangeError("too far");
  };
  const error: RangeError = assertThrows(throwing, RangeError, "far");
  assertEquals(error.message, "too far");
  assertThrows(() => assertThrows(throwing, TypeError), AssertionError);
  assertThrows(() => assertThrows(throwing, RangeError, "near"), AssertionError);
  const reason: RangeError = await assertRejects(
    () => Promise.reject(new RangeError("late")),
    RangeError,
    "late",
  );
  assertEquals(reason.message, "late");
  await assertRejects(() => assertRejects(() => Promise.resolve(1)), AssertionError);
});

Deno.test("a failed assertEquals names both values", () => {
  const error = assertThrows(() => assertEquals({ port: 3000 }, { port: 8080 }), AssertionError);
  assertStringIncludes(error.message, "3000");
  assertStringIncludes(error.message, "8080");
});

Deno.test("expect: each matcher passes and fails where it should", async () => {
  const boom = (): never => {
    throw new RangeError("too far");
  };
  const cases: [() => void, () => void][] = [
    [() => expect(1).toBe(1), () => expect({}).toBe({})],
    [() => expect({ a: [1] }).toEqual({ a: [1] }), () => expect({ a: 1 }).toEqual({ a: 2 })],
    [() => expect(1).not.toBe(2), () => expect(1).not.toBe(1)],
    [() => expect({ a: 1, b: 2 }).toMatchObject({ a: 1 }), () => expect({ a: 1 }).toMatchObject({ a: 2 })],
    [() => expect(1).toBeTruthy(), () => expect(0).toBeTruthy()],
    [() => expect(null).toBeNull(), () => expect(undefined).toBeNull()],
    [() => expect(1).toBeDefined(), () => expect(undefined).toBeDefined()],
    [() => expect(2).toBeGreaterThan(1), () => expect(1).toBeGreaterThan(1)],
    [() => expect(1).toBeLessThanOrEqual(1), () => expect(2).toBeLessThanOrEqual(1)],
    [() => expect(0.1 + 0.2).toBeCloseTo(0.3), () => expect(1).toBeCloseTo(1.1)],
    [() => expect([]).toBeInstanceOf(Array), () => expect({}).toBeInstanceOf(Array)],
    [() => expect("abc").toMatch(/b/), () => expect("abc").toMatch("x")],
    [() => expect([1, 2]).toContain(2), () => expect([1, 2]).toContain(3)],
    [() => expect([{ a: 1 }]).toContainEqual({ a: 1 }), () => expect([{ a: 1 }]).toContainEqual({ a: 2 })],
    [() => expect([1]).toHaveLength(1), () => expect([1]).toHaveLength(2)],
    [() => expect({ a: { b: 1 } }).toHaveProperty("a.b", 1), () => expect({ a: 1 }).toHaveProperty("b")],
    [() => expect(boom).toThrow("far"), () => expect(boom).toThrow(TypeError)],
    [() => expect(boom).toThrow(RangeError), () => expect(() => 1).toThrow()],
  ];
  for (const [good, bad] of cases) {
    good();
    assertThrows(bad, AssertionError);
  }
  await expect(Promise.resolve(1)).resolves.toBe(1);
  await expect(Promise.reject(new RangeError("late"))).rejects.toThrow("late");
  await assertRejects(() => expect(Promise.resolve(1)).rejects.toThrow());
});

Deno.test("streams are read to the end and split into lines", async () => {
  assertEquals(
    new Uint8Array(await toArrayBuffer(ReadableStream.from([new Uint8Array([1]), new Uint8Array([2])]))),
    new Uint8Array([1, 2]),
  );
  assertEquals(await toText(ReadableStream.from(["é", "b"])), "éb");
  assertEquals(await toJson(ReadableStream.from(['{"a":', "1}"])), { a: 1 });
  const lines: string[] = [];
  for await (const line of ReadableStream.from(["a\nb", "c\r\n", "d"]).pipeThrough(new TextLineStream())) {
    lines.push(line);
  }
  assertEquals(lines, ["a", "bc", "d"]);
});

Deno.test("FakeTime moves timers and Date by hand", () => {
  using time = new FakeTime(1000);
  const fired: [string, number][] = [];
  setTimeout(() => fired.push(["once", Date.now()]), 50);
  const every = setInterval(() => fired.push(["every", Date.now()]), 20);
  clearTimeout(setTimeout(() => fired.push(["never", 0]), 10));
  time.tick(49);
  assertEquals(fired, [["every", 1020], ["every", 1040]]);
  time.tick(1);
  assertEquals(fired.at(-1), ["once", 1050]);
  clearInterval(every);
  time.tick(1000);
  assertEquals(fired.length, 3);
  assertEquals(new Date().getTime(), 2050);
  assert(new Date() instanceof Date);
});

Deno.test("FakeTime lets promises run between timers, and is gone afterwards", async () => {
  const before = Date.now();
  {
    using time = new FakeTime(0);
    let woken = 0;
    const sleeper = (async () => {
      await new Promise<void>((done) => setTimeout(done, 10));
      await new Promise<void>((done) => setTimeout(done, 10));
      woken = Date.now();
    })();
    await time.tickAsync(20);
    await sleeper;
    assertEquals(woken, 20);
  }
  assert(Date.now() >= before);
});

Deno.test("crypto digests", async () => {
  const digest = await crypto.subtle.digest("SHA-256", new Uint8Array(0));
  assertEquals(new Uint8Array(digest)[0], 0xe3);
});
