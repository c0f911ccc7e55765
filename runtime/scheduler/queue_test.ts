import { assertEquals } from "@std/assert";
import { RingQueue } from "./queue.ts";

Deno.test("first in, first out, through growth and around the end", () => {
  const queue = new RingQueue<number>(2);
  assertEquals([queue.length, queue.shift()], [0, undefined]);
  let next = 0;
  let expected = 0;
  for (let round = 1; round < 40; round++) {
    for (let index = 0; index < round; index++) queue.push(next++);
    for (let index = 0; index < round / 2; index++) assertEquals(queue.shift(), expected++);
    assertEquals(queue.length, next - expected);
  }
  while (queue.length > 0) assertEquals(queue.shift(), expected++);
  assertEquals([expected, queue.shift()], [next, undefined]);
});

Deno.test("undefined is a value like any other", () => {
  const queue = new RingQueue<number | undefined>(2);
  queue.push(undefined);
  queue.push(1);
  assertEquals([queue.shift(), queue.length, queue.shift(), queue.length], [undefined, 1, 1, 0]);
});
