import { assertEquals, assertFalse, assertThrows } from "@std/assert";
import { BadRequest } from "../error.ts";
import { jsonErrorAt, parseJson } from "./json.ts";

Deno.test("json: the place where text stops being JSON", () => {
  for (
    const [text, at] of [
      ["", 0],
      ["   ", 3],
      ["{", 1],
      ['{"a"', 4],
      ['{"a" 1}', 5],
      ['{"a":}', 5],
      ['{"a":1,}', 7],
      ["{a:1}", 1],
      ["{,}", 1],
      ["[1,]", 3],
      ["[1 2]", 3],
      ["[1}", 2],
      ["[,1]", 1],
      ["]", 0],
      ["1 1", 2],
      ["tru", 3],
      ['{"a": tru}', 9],
      ["nul1", 3],
      ["-", 1],
      ["-a", 1],
      ["01", 1],
      ["1.", 1],
      ["+1", 0],
      ["NaN", 0],
      ["'a'", 0],
      ['"a', 2],
      ['"a\n"', 2],
      ['"\\x"', 2],
      ['"\\u12g4"', 5],
      ['"\\', 2],
      ["\u00a01", 0],
      ["[[[[", 4],
    ] as const
  ) {
    assertEquals(jsonErrorAt(text), at, text);
    assertThrows(() => JSON.parse(text), SyntaxError);
  }
});

Deno.test("json: text that is JSON has no such place", () => {
  for (
    const text of [
      '{"a":[1,-0.5e+3,{"b":null}],"\\u00e9\\n":true}',
      " [ ] ",
      "{}",
      '""',
      "0",
      "[{},[],false]",
    ]
  ) {
    JSON.parse(text);
    assertEquals(jsonErrorAt(text), text.length, text);
  }
});

Deno.test("json: property: a broken text is found at or before the end, never missed", () => {
  const good = '{"key":[1,2.5,"t\\u0041xt",{"deep":null}],"more":true,"last":-1e5}';
  for (let at = 0; at < good.length; at++) {
    for (const wrong of ["", "\u0001", "}", "]", '"', ",", ":", "x"]) {
      const text = good.slice(0, at) + wrong + good.slice(at + 1);
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      const found = jsonErrorAt(text);
      if (isJson) assertEquals(found, text.length, text);
      else assertEquals(found >= at - 1 && found <= text.length, true, `${found} in ${text}`);
    }
  }
});

Deno.test("json: the message shows where and never what", () => {
  const error = assertThrows(() => parseJson('{"password":"hunter2",}'), BadRequest);
  assertEquals(error.message, "the body is not JSON: unexpected character at position 22");
  assertFalse(error.message.includes("hunter2"));
  assertEquals(
    assertThrows(() => parseJson('{"a":'), BadRequest).message,
    "the body is not JSON: unexpected end at its end",
  );
});

Deno.test("json: megabytes of nesting, escapes and digits are told apart without a deep stack", () => {
  const size = 1 << 20;
  assertEquals(jsonErrorAt("[".repeat(size)), size);
  assertEquals(jsonErrorAt('"' + "\\n".repeat(size)), 2 * size + 1);
  assertEquals(jsonErrorAt("1".repeat(size) + "x"), size);
  assertEquals(jsonErrorAt('{"a":'.repeat(size)), 5 * size);
});
