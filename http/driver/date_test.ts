import { assertEquals, assertNotEquals, assertStrictEquals } from "@std/assert";
import { textOf } from "../testing/wire.ts";
import { DateCache } from "./date.ts";

Deno.test("the same bytes for a second of the day, then others", () => {
  let wall = Date.UTC(1994, 10, 6, 8, 49, 37, 250);
  let asked = 0;
  const cache = new DateCache(() => {
    asked++;
    return wall;
  });
  const first = cache.bytes(10_000);
  assertEquals(textOf(first), "Sun, 06 Nov 1994 08:49:37 GMT");
  wall += 749;
  assertStrictEquals(cache.bytes(10_749), first);
  assertEquals(asked, 1);
  wall += 1;
  const second = cache.bytes(10_750);
  assertNotEquals(second, first);
  assertEquals([textOf(second), asked], ["Sun, 06 Nov 1994 08:49:38 GMT", 2]);
  assertEquals(textOf(first), "Sun, 06 Nov 1994 08:49:37 GMT");
});

Deno.test("a day that is set anew is followed within a second", () => {
  let wall = Date.UTC(2026, 0, 1);
  const cache = new DateCache(() => wall);
  cache.bytes(0);
  wall = Date.UTC(2025, 0, 1);
  assertEquals(textOf(cache.bytes(1000)), "Wed, 01 Jan 2025 00:00:00 GMT");
});

Deno.test("by default it is now", () => {
  const text = textOf(new DateCache().bytes(0));
  assertEquals(Math.abs(Date.parse(text) - Date.now()) < 3000, true);
  assertEquals(text.length, 29);
});
