import { assertEquals } from "@std/assert";
import { scanOver, valueEnd } from "./scan.ts";
import { VALUE_CHARACTERS } from "./tables.ts";

function slow(bytes: Uint8Array, at: number, end: number): number {
  let p = at;
  while (p < end && VALUE_CHARACTERS[bytes[p]] !== 0) p++;
  return p;
}

Deno.test("valueEnd: every byte at every place of a word, as byte by byte", () => {
  for (let place = 0; place < 12; place++) {
    const bytes = new Uint8Array(16).fill(0x61);
    scanOver(bytes);
    for (let byte = 0; byte < 256; byte++) {
      bytes[place] = byte;
      for (let at = 0; at < 8; at++) {
        for (const end of [at, 9, 11, 12, 13, 16]) {
          assertEquals(valueEnd(bytes, at, end), slow(bytes, at, end));
        }
      }
    }
  }
});

Deno.test("valueEnd: pairs of bytes in a word", () => {
  const bytes = new Uint8Array(8).fill(0x61);
  scanOver(bytes);
  for (let first = 0; first < 256; first++) {
    for (const second of [0, 8, 9, 10, 13, 31, 32, 33, 126, 127, 128, 255]) {
      bytes[0] = bytes[2] = first;
      bytes[1] = bytes[3] = second;
      assertEquals(valueEnd(bytes, 0, 8), slow(bytes, 0, 8));
    }
  }
});

Deno.test("valueEnd: in a view of a larger buffer, never beyond its end", () => {
  const whole = new Uint8Array(32).fill(0x0d);
  const bytes = whole.subarray(5, 12);
  bytes.fill(0x61);
  scanOver(bytes);
  assertEquals(valueEnd(bytes, 0, 7), 7);
  const other = new Uint8Array([0x61, 0x61, 0x61, 0x61, 0x0d]);
  scanOver(other);
  assertEquals(valueEnd(other, 0, 5), 4);
});
