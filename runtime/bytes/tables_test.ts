import { assertEquals } from "@std/assert";
import {
  HEX_VALUES,
  REG_NAME_CHARACTERS,
  TARGET_CHARACTERS,
  TOKEN_CHARACTERS,
  VALUE_CHARACTERS,
} from "./tables.ts";

/** Compares a table with the grammar as a regular expression: another way to say the same. */
function assertTable(table: Uint8Array, grammar: RegExp): void {
  assertEquals(table.length, 256);
  for (let byte = 0; byte < 256; byte++) {
    assertEquals(table[byte] !== 0, grammar.test(String.fromCharCode(byte)), `byte ${byte}`);
  }
}

Deno.test("tables follow the grammars of RFC 9110 and RFC 3986", () => {
  assertTable(TOKEN_CHARACTERS, /^[!#$%&'*+\-.^_`|~0-9A-Za-z]$/);
  assertTable(VALUE_CHARACTERS, /^[\t\x20-\x7e\x80-\xff]$/);
  assertTable(TARGET_CHARACTERS, /^[\x21\x22\x24-\x7e]$/);
  assertTable(REG_NAME_CHARACTERS, /^[A-Za-z0-9\-._~!$&'()*+,;=%]$/);
});

Deno.test("tables mark what needs a second look", () => {
  for (let byte = 0; byte < 256; byte++) {
    const text = String.fromCharCode(byte);
    assertEquals(TOKEN_CHARACTERS[byte] === 2, /[A-Z]/.test(text));
    assertEquals(TARGET_CHARACTERS[byte] === 2, text === "?");
    assertEquals(REG_NAME_CHARACTERS[byte] === 2, text === "%");
    assertEquals(HEX_VALUES[byte], /[0-9A-Fa-f]/.test(text) ? parseInt(text, 16) : 255);
  }
});
