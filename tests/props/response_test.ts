/** Our Response and the platform's, under any changes of their fields. */
import { assertEquals } from "@std/assert";
import { Response } from "@millrace/millrace/http";
import { random } from "./random.ts";

Deno.test("property: any fields, any text: the platform's and ours agree", async () => {
  const seed = Math.floor(Math.random() * 2 ** 31);
  const next = random(seed);
  const pick = <T>(items: readonly T[]): T => items[Math.floor(next() * items.length)];
  const names = ["a", "X-A", "Content-Type", "set-cookie", "vary", "Z", "content-length", "date"];
  // No empty ones: Deno joins two of them to one, where fetch says ", ".
  const values = [" a ", "b\tc", "é", "text/x", "a, b", "="];
  for (let run = 0; run < 500; run++) {
    const headers = Array.from(
      { length: Math.floor(next() * 6) },
      () => [pick(names), pick(values)] as [string, string],
    );
    const text = pick(["", "a", "ä€", "\ud800", null]);
    const status = pick([200, 201, 404, 599]);
    const ours = new Response(text, { status, headers });
    const theirs = new globalThis.Response(text, { status, headers });
    for (let change = 0; change < 3; change++) {
      const name = pick(names);
      const value = pick(values);
      const how = pick(["set", "append", "delete"] as const);
      for (const { headers } of [ours, theirs]) {
        if (how === "delete") headers.delete(name);
        else headers[how](name, value);
      }
    }
    assertEquals([...ours.headers], [...theirs.headers], `seed ${seed}, run ${run}`);
    const web = ours.clone().toWeb();
    assertEquals([...web.headers], [...theirs.headers], `seed ${seed}, run ${run}`);
    assertEquals(await ours.text(), await theirs.text(), `seed ${seed}, run ${run}`);
  }
});
