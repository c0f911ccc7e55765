import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { BODY_HIGH_WATER, IncomingBody } from "./incoming_body.ts";
import { latin1, textOf } from "./testing/wire.ts";

/** An owner that writes down what it is told, and the body. */
function bodyAndLog(): { body: IncomingBody; log: string[] } {
  const log: string[] = [];
  const body = new IncomingBody({
    bodyWanted: (which) => log.push(which === body ? "wanted" : "another"),
    bodyCongested: (which, congested) => log.push(which === body ? `congested ${congested}` : "another"),
  });
  return { body, log };
}

function push(body: IncomingBody, text: string): void {
  body.push(latin1(`<${text}>`), 1, 1 + text.length);
}

const read = async (body: IncomingBody): Promise<string | undefined> => {
  const chunk = await body.read();
  return chunk === undefined ? undefined : textOf(chunk);
};

Deno.test("what waits is handed out in one piece, then what comes, then the end", async () => {
  const { body } = bodyAndLog();
  push(body, "ab");
  push(body, "c");
  assertEquals(await read(body), "abc");
  const next = read(body);
  push(body, "d");
  push(body, "e");
  assertEquals([await next, await read(body)], ["d", "e"]);
  const last = read(body);
  body.end();
  assertEquals([await last, await read(body), body.isEnded], [undefined, undefined, true]);
});

Deno.test("what waits is a copy", async () => {
  const { body } = bodyAndLog();
  const bytes = latin1("abc");
  body.push(bytes, 0, 3);
  bytes.fill(0);
  assertEquals(await read(body), "abc");
});

Deno.test("wanted is told once, and only where nothing has come", async () => {
  const first = bodyAndLog();
  assertEquals(first.body.isWanted, false);
  const reading = read(first.body);
  assertEquals([first.body.isWanted, first.log], [true, ["wanted"]]);
  push(first.body, "a");
  await reading;
  void read(first.body);
  assertEquals(first.log, ["wanted"]);
  const second = bodyAndLog();
  push(second.body, "a");
  await read(second.body);
  assertEquals(second.log, []);
  const third = bodyAndLog();
  third.body.end();
  await read(third.body);
  assertEquals(third.log, []);
});

Deno.test("congestion is told when too much waits, and when it was read", async () => {
  const { body, log } = bodyAndLog();
  push(body, "x".repeat(BODY_HIGH_WATER));
  assertEquals(log, []);
  push(body, "x");
  push(body, "x");
  assertEquals(log, ["congested true"]);
  assertEquals((await read(body))!.length, BODY_HIGH_WATER + 2);
  assertEquals(log, ["congested true", "congested false"]);
});

Deno.test("one-byte pieces cost no object each", async () => {
  const { body } = bodyAndLog();
  const bytes = latin1("x");
  const start = performance.now();
  for (let i = 0; i < 1_000_000; i++) body.push(bytes, 0, 1);
  assertEquals((await read(body))!.length, 1_000_000);
  assertEquals(performance.now() - start < 2000, true);
});

Deno.test("a failure comes after what had come, and again", async () => {
  const { body } = bodyAndLog();
  push(body, "ab");
  const failure = new Error("gone");
  body.fail(failure);
  body.end();
  push(body, "never");
  assertEquals(await read(body), "ab");
  assertStrictEquals(await assertRejects(() => body.read()), failure);
  assertStrictEquals(await assertRejects(() => body.read()), failure);
  assertEquals(body.whole(), undefined);
});

Deno.test("a failure reaches who is waiting", async () => {
  const { body } = bodyAndLog();
  const reading = assertRejects(() => body.read(), Error, "gone");
  body.fail(new Error("gone"));
  await reading;
});

Deno.test("after cancel what comes is dropped, and nobody waits for it to be read", async () => {
  const { body, log } = bodyAndLog();
  push(body, "x".repeat(BODY_HIGH_WATER + 1));
  body.cancel();
  assertEquals(log, ["congested true", "congested false"]);
  for (let i = 0; i < 10; i++) push(body, "x".repeat(BODY_HIGH_WATER));
  assertEquals(log.length, 2);
  assertEquals(await read(body), undefined);
});

Deno.test("whole: all of it where the end has come, and it is read by that", async () => {
  const { body } = bodyAndLog();
  push(body, "ab");
  assertEquals(body.whole(), undefined);
  push(body, "c");
  body.end();
  assertEquals(textOf(body.whole()!), "abc");
  assertEquals(await read(body), undefined);
});
