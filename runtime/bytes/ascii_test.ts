import { assertEquals } from "@std/assert";
import {
  encodeDecimal,
  encodeHex,
  equalsIgnoreCase,
  readLatin1,
  writeAscii,
  writeLatin1,
  writeUtf8,
} from "./ascii.ts";

type Write = (out: Uint8Array, at: number) => number;

function written(write: Write): string {
  const out = new Uint8Array(300).fill(0x2e);
  const end = write(out, 2);
  assertEquals([out[0], out[1], out[end]], [0x2e, 0x2e, 0x2e]);
  return new TextDecoder().decode(out.subarray(2, end));
}

Deno.test("writeAscii and writeLatin1: short and long", () => {
  for (const length of [0, 1, 24, 47, 48, 49, 50, 200]) {
    const text = "abcdefghij".repeat(20).slice(0, length);
    assertEquals(written((out, at) => writeAscii(out, at, text)), text);
    assertEquals(written((out, at) => writeLatin1(out, at, text)), text);
  }
  const out = new Uint8Array(2);
  writeLatin1(out, 0, "\xe9\xff");
  assertEquals([...out], [0xe9, 0xff]);
});

Deno.test("writeAscii and writeLatin1: what does not fit is counted", () => {
  const text = "x".repeat(100);
  assertEquals(writeAscii(new Uint8Array(10), 3, text), 103);
  assertEquals(writeLatin1(new Uint8Array(10), 3, text), 103);
  const out = new Uint8Array(4);
  writeAscii(out, 2, "abc");
  assertEquals([...out], [0, 0, 0x61, 0x62]);
});

Deno.test("writeUtf8: every length of a character, lone surrogates", () => {
  for (
    const text of ["", "abc", "a".repeat(47) + "é", "é", "€", "\u{1f600}", "x".repeat(60) + "\u{1f600}é"]
  ) {
    assertEquals(written((out, at) => writeUtf8(out, at, text)), text);
  }
  assertEquals(written((out, at) => writeUtf8(out, at, "\ud800")), "\ufffd");
});

Deno.test("writeUtf8: does not fit", () => {
  assertEquals(writeUtf8(new Uint8Array(3), 0, "abcd"), -1);
  assertEquals(writeUtf8(new Uint8Array(3), 0, "abc"), 3);
  assertEquals(writeUtf8(new Uint8Array(3), 0, "aé"), 3);
  assertEquals(writeUtf8(new Uint8Array(3), 0, "abé"), -1);
  assertEquals(writeUtf8(new Uint8Array(3), 3, ""), 3);
});

Deno.test("encodeDecimal and encodeHex: every order of magnitude", () => {
  const values = [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32, Number.MAX_SAFE_INTEGER];
  for (let power = 1; power < 16; power++) values.push(10 ** power - 1, 10 ** power, 10 ** power + 1);
  for (let power = 1; power < 53; power++) values.push(2 ** power - 1, 2 ** power);
  for (const value of values) {
    assertEquals(written((out, at) => encodeDecimal(out, at, value)), String(value));
    assertEquals(written((out, at) => encodeHex(out, at, value)), value.toString(16));
  }
});

Deno.test("readLatin1: every byte, every length", () => {
  const bytes = Uint8Array.from({ length: 9_000 }, (_, i) => i & 255);
  for (const length of [0, 1, 24, 25, 127, 128, 129, 256, 9_000]) {
    const text = readLatin1(bytes, 0, length);
    assertEquals(text.length, length);
    for (let i = 0; i < length; i++) assertEquals(text.charCodeAt(i), i & 255);
  }
});

Deno.test("equalsIgnoreCase: letters only", () => {
  const same = (text: string, lower: string) => {
    const bytes = new TextEncoder().encode(text);
    return equalsIgnoreCase(bytes, 0, bytes.length, lower);
  };
  assertEquals(same("ABCxyz-1", "abcxyz-1"), true);
  assertEquals(same("abcx", "abc"), false);
  assertEquals(same("ab", "abc"), false);
  assertEquals(same("[", "{"), false);
  assertEquals(same("@", "`"), false);
  assertEquals(same("\r", "-"), false);
});
