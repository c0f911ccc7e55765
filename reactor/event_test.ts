import { assertEquals, assertThrows } from "@std/assert";
import { CLOSED, ERROR, READ_CLOSED, READABLE, WRITABLE } from "../ffi/abi.ts";
import { Events } from "./event.ts";

Deno.test("each bit is one property", () => {
  const events = new Events();
  const names = ["readable", "writable", "readClosed", "closed", "error"] as const;
  [READABLE, WRITABLE, READ_CLOSED, CLOSED, ERROR].forEach((bit, token) => events.push(token, bit));
  names.forEach((name, token) => {
    const event = events.at(token);
    assertEquals(event.token, token);
    for (const other of names) assertEquals(event[other], other === name, `${name}: ${other}`);
  });
  events.push(9, READABLE | WRITABLE);
  assertEquals([events.at(5).readable, events.at(5).writable, events.at(5).closed], [true, true, false]);
});

Deno.test("the list keeps the order, is emptied, and is used again", () => {
  const events = new Events();
  for (const token of [5, 3, 9]) events.push(token, READABLE);
  assertEquals([...events].map((event) => event.token), [5, 3, 9]);
  events.clear();
  assertEquals([events.length, [...events]], [0, []]);
  events.push(1, WRITABLE);
  assertEquals([events.length, events.at(0).token, events.at(0).readable], [1, 1, false]);
});

Deno.test("an index outside of the list is refused, also one of an earlier filling", () => {
  const events = new Events();
  events.push(1, READABLE);
  events.clear();
  for (const index of [0, -1, 1]) assertThrows(() => events.at(index), RangeError, `${index}`);
});
