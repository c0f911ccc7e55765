import { assert, assertEquals, assertFalse, assertThrows } from "@std/assert";
import { MAX_TOKENS, Slab, type Token } from "./token.ts";

Deno.test("a token finds what was stored under it, until it is removed", () => {
  const slab = new Slab<string>();
  const [a, b] = [slab.insert("a"), slab.insert("b")];
  assertEquals([slab.lookup(a), slab.lookup(b), slab.size], ["a", "b", 2]);
  assert(slab.remove(a));
  assertEquals([slab.lookup(a), slab.lookup(b), slab.size], [undefined, "b", 1]);
  assertFalse(slab.remove(a));
  assertEquals([...slab.values()], ["b"]);
});

Deno.test("a stale token finds nothing and removes nothing after its place was given away", () => {
  const slab = new Slab<string>();
  const old = slab.insert("old");
  slab.remove(old);
  const next = slab.insert("next");
  assertEquals(next & 0xfffff, old & 0xfffff, "the place is used again");
  assertEquals(slab.lookup(old), undefined);
  assertFalse(slab.remove(old));
  assertEquals(slab.lookup(next), "next");
});

Deno.test("tokens stay below 2^30 through every generation, and the generation wraps", () => {
  const slab = new Slab<number>();
  const seen = new Set<Token>();
  for (let index = 0; index < 1024; index++) {
    const token = slab.insert(index);
    assert(Number.isInteger(token) && token >= 0 && token < 2 ** 30, `${token}`);
    assertFalse(seen.has(token), `${token} twice after ${index} generations`);
    seen.add(token);
    slab.remove(token);
  }
  assert(seen.has(slab.insert(0)), "ten bits: the 1025th is the first again");
});

Deno.test("numbers that were never given out find nothing", () => {
  const slab = new Slab<string>();
  slab.insert("a");
  for (const token of [1, 2 ** 20, 2 ** 30 - 1, -1, 2 ** 29]) {
    assertEquals(slab.lookup(token), undefined, `${token}`);
    assertFalse(slab.remove(token));
  }
  assertEquals(slab.size, 1);
});

Deno.test("a full slab refuses, and takes again after a removal", () => {
  const slab = new Slab<number>();
  let last = 0;
  for (let index = 0; index < MAX_TOKENS; index++) last = slab.insert(index);
  assertThrows(() => slab.insert(0), RangeError, `${MAX_TOKENS}`);
  slab.remove(last);
  assertEquals(slab.lookup(slab.insert(7)), 7);
});

Deno.test("property: a slab is a map whose keys are never given out twice while both may be about", () => {
  const seed = Number(Deno.env.get("MILLRACE_SEED") ?? Math.floor(Math.random() * 2 ** 32));
  console.log(`MILLRACE_SEED=${seed}`);
  let state = seed >>> 0;
  const random = (below: number): number => {
    state = Math.imul(state ^ state >>> 15, 0x2c1b3c6d) + 0x9e3779b9 >>> 0;
    return ((state ^ state >>> 12) >>> 0) % below;
  };
  const slab = new Slab<number>();
  const model = new Map<Token, number>();
  const stale: Token[] = [];
  for (let step = 0; step < 20_000; step++) {
    const keys = [...model.keys()];
    if (keys.length === 0 || (keys.length < 20 && random(2) === 0)) {
      const token = slab.insert(step);
      assertFalse(model.has(token), `step ${step}: ${token} is in use`);
      model.set(token, step);
    } else {
      const token = keys[random(keys.length)];
      assert(slab.remove(token));
      model.delete(token);
      stale.push(token);
      // A generation comes back after 1,024 removals of one place; nobody keeps an event for so long.
      if (stale.length > 500) stale.shift();
    }
    assertEquals(slab.size, model.size);
    const old = stale[random(stale.length)];
    if (old !== undefined && !model.has(old)) {
      assertEquals(slab.lookup(old), undefined, `step ${step}: ${old}`);
    }
    for (const [token, value] of model) {
      if (slab.lookup(token) !== value) throw new Error(`step ${step}: ${token} lost its value`);
    }
  }
});
