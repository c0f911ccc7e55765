import { assertEquals } from "@std/assert";
import { methodCode, methodCodeOf } from "./h1/methods.ts";
import { bodyAllowed, isIdempotent, isMethod, isSafe, METHODS } from "./method.ts";

Deno.test("methods: the facts of RFC 9110 9 and RFC 5789", () => {
  const facts = METHODS.slice(1).map((name) => [name, isSafe(name), isIdempotent(name), bodyAllowed(name)]);
  assertEquals(facts, [
    ["GET", true, true, false],
    ["HEAD", true, true, false],
    ["POST", false, false, true],
    ["PUT", false, true, true],
    ["DELETE", false, true, true],
    ["CONNECT", false, false, false],
    ["OPTIONS", true, true, true],
    ["TRACE", true, true, false],
    ["PATCH", false, false, true],
  ]);
});

Deno.test("methods: case-sensitive; unknown ones are neither safe nor idempotent, and may have content", () => {
  for (const name of ["get", "Get", "", "PROPFIND", "__proto__"]) {
    assertEquals([isMethod(name), isSafe(name), isIdempotent(name), bodyAllowed(name)], [
      false,
      false,
      false,
      true,
    ]);
  }
});

Deno.test("methods: codes", () => {
  METHODS.forEach((name, code) => {
    const bytes = new TextEncoder().encode(`x${name}x`);
    if (code > 0) assertEquals(methodCode(bytes, 1, bytes.length - 1), code);
    assertEquals(methodCodeOf(name), code);
  });
  for (const name of ["get", "GETX", "GE", "PUTT", "PATCHX", "POSTS", "XGET", "P", "PUSH", "PARSE"]) {
    const bytes = new TextEncoder().encode(name);
    assertEquals(methodCode(bytes, 0, bytes.length), 0);
    assertEquals(methodCodeOf(name), 0);
  }
});
