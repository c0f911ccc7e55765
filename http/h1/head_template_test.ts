import { assert, assertEquals, assertThrows } from "@std/assert";
import { LocalProtocolError } from "../../runtime/bytes/errors.ts";
import { HeadTemplate } from "./head_template.ts";
import { latin1 } from "./testing/transcript.ts";

const DATE = "Sun, 06 Nov 1994 08:49:37 GMT";

function text(template: HeadTemplate, length: number, at = 5): string {
  const out = new Uint8Array(at + template.maxBytes).fill(0x2e);
  const end = template.write(out, at, length);
  assert(end <= out.length);
  for (let i = 0; i < at; i++) assertEquals(out[i], 0x2e);
  for (let i = end; i < out.length; i++) assertEquals(out[i], 0x2e);
  return String.fromCharCode(...out.subarray(at, end));
}

Deno.test("head template: prefix, date, length", () => {
  const template = new HeadTemplate(200, [["content-type", "text/plain"], ["x", ""]]);
  const start = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nx: \r\ndate: ";
  assertEquals(text(template, 0), `${start}Thu, 01 Jan 1970 00:00:00 GMT\r\ncontent-length: 0\r\n\r\n`);
  template.date(latin1(DATE));
  for (const length of [0, 9, 10, 13, 99, 100, 12_345, 999_999_999, 1_000_000_000, Number.MAX_SAFE_INTEGER]) {
    assertEquals(text(template, length), `${start}${DATE}\r\ncontent-length: ${length}\r\n\r\n`);
  }
});

Deno.test("head template: without length", () => {
  const template = new HeadTemplate(204, [], false);
  template.date(latin1(DATE));
  assertEquals(text(template, 0), `HTTP/1.1 204 No Content\r\ndate: ${DATE}\r\n\r\n`);
});

Deno.test("head template: own reason, new date by identity", () => {
  const template = new HeadTemplate(200, [], true, "Fine");
  const date = latin1(DATE);
  template.date(date);
  template.date(date);
  assertEquals(text(template, 1), `HTTP/1.1 200 Fine\r\ndate: ${DATE}\r\ncontent-length: 1\r\n\r\n`);
  template.date(latin1("Mon, 07 Nov 1994 08:49:37 GMT"));
  assert(text(template, 1).includes("Mon, 07"));
});

Deno.test("head template: refuses what cannot be sent", () => {
  assertThrows(() => new HeadTemplate(200, [["a", "b\r\nc: d"]]), LocalProtocolError);
  assertThrows(() => new HeadTemplate(42, []), LocalProtocolError);
});
