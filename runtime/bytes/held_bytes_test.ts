import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import { readLatin1, writeLatin1 } from "./ascii.ts";
import { HeldBytes } from "./held_bytes.ts";

function latin1(text: string): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(text.length);
  writeLatin1(bytes, 0, text);
  return bytes;
}

const textOf = (bytes: Uint8Array): string => readLatin1(bytes, 0, bytes.length);
const textIn = (held: HeldBytes): string => textOf(held.bytes.subarray(held.start, held.end));

Deno.test("what is appended is held, what is consumed is not, in any order", () => {
  const held = new HeldBytes();
  let expected = "";
  let next = 0;
  for (let i = 0; i < 5000; i++) {
    const text = String(i);
    held.append(latin1(`<${text}>`), 1, 1 + text.length);
    expected += text;
    if (i % 3 === 0) {
      next = (next * 7 + i) % (expected.length + 1);
      held.consume(held.start + next);
      expected = expected.slice(next);
    }
    assertEquals([held.length, held.isEmpty], [expected.length, expected.length === 0]);
    if (i % 100 === 0) assertEquals(textIn(held), expected);
  }
  assertEquals(textIn(held), expected);
});

Deno.test("a view of what was held stays as it was", () => {
  const held = new HeldBytes();
  const views: [Uint8Array, string][] = [];
  for (let i = 0; i < 500; i++) {
    const text = `piece ${i};`;
    held.append(latin1(text), 0, text.length);
    if (i % 7 === 0) {
      views.push([held.bytes.subarray(held.start, held.end), textIn(held)]);
      held.consume(held.start + Math.floor(held.length / 2));
    }
    if (i % 50 === 0) held.consume(held.end);
  }
  for (const [view, text] of views) assertEquals(textOf(view), text);
});

Deno.test("empty, it owns no memory; take gives all away", () => {
  const held = new HeldBytes();
  const nothing = held.bytes;
  assertEquals(nothing.length, 0);
  held.append(latin1("abc"), 0, 3);
  held.consume(held.start + 1);
  assertEquals(textOf(held.take()), "bc");
  assert(held.isEmpty);
  assertStrictEquals(held.bytes, nothing);
  held.append(latin1("x"), 0, 1);
  held.consume(999);
  assertStrictEquals(held.bytes, nothing);
});

Deno.test("byte by byte it grows in steps", () => {
  const held = new HeldBytes();
  const byte = latin1("x");
  const buffers = new Set<unknown>();
  for (let i = 0; i < 100_000; i++) {
    held.append(byte, 0, 1);
    buffers.add(held.bytes);
  }
  assertEquals(held.length, 100_000);
  assert(buffers.size < 20, `${buffers.size} buffers`);
});
