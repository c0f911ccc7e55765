import { assertEquals } from "@std/assert";
import { findField, forEachField, foundEnd } from "./field_lookup.ts";
import { latin1 } from "./testing/transcript.ts";

const TEXT =
  "Host: a:80\r\nAccept:x\r\nX-accept: \t y \t\r\nEmpty:\r\nBlank:  \r\naccept: z\r\nX: accept: no\r\n";
const BYTES = latin1(TEXT);

function found(name: string, start = 0): string | undefined {
  const at = findField(BYTES, start, BYTES.length, name);
  return at < 0 ? undefined : TEXT.slice(at, foundEnd());
}

Deno.test("findField: names without regard to case, values trimmed", () => {
  assertEquals(found("host"), "a:80");
  assertEquals(found("accept"), "x");
  assertEquals(found("x-accept"), "y");
  assertEquals(found("empty"), "");
  assertEquals(found("blank"), "");
  assertEquals(found("x"), "accept: no");
});

Deno.test("findField: not in values, not parts of names, not missing ones", () => {
  for (const name of ["a", "hos", "hostx", "cept", "no", "80", "accept: no", "x-", "nothing"]) {
    assertEquals(found(name), undefined);
  }
  assertEquals(findField(BYTES, 0, 0, "host"), -1);
});

Deno.test("findField: goes on from the start of a line", () => {
  assertEquals(found("accept", TEXT.indexOf("X-accept")), "z");
});

Deno.test("forEachField: every field in order", () => {
  const fields: string[] = [];
  forEachField(
    BYTES,
    0,
    BYTES.length,
    (a, b, c, d) => fields.push(`${TEXT.slice(a, b)}=${TEXT.slice(c, d)}`),
  );
  assertEquals(fields, [
    "Host=a:80",
    "Accept=x",
    "X-accept=y",
    "Empty=",
    "Blank=",
    "accept=z",
    "X=accept: no",
  ]);
});
