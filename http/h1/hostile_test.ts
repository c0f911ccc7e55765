/** The rows of hostile input that belong to HTTP/1.1 framing, by their names. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { LocalProtocolError } from "../../runtime/bytes/errors.ts";
import { EVENT_HEAD } from "./body.ts";
import { findField, foundEnd } from "./field_lookup.ts";
import { H1_LIMITS } from "./limits.ts";
import { RequestDecoder } from "./request_decoder.ts";
import { latin1, requests, type Transcript } from "./testing/transcript.ts";

const NEXT = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

/** Refused whole and byte by byte, and what follows is never read as a request. */
function assertRefused(text: string, status: number, limits = {}): void {
  for (const pieces of [[text.length + NEXT.length], [1], [7]]) {
    const played: Transcript = requests(text + NEXT, { pieces, limits, poison: "\r\n" });
    assert(played.error?.endsWith(` ${status}`), `${JSON.stringify(text)}: ${played.error}`);
    assert(!played.events.some((event) => event.includes("smuggled")), JSON.stringify(text));
  }
}

const fields = (lines: string) => `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n\r\n`;
const chunked = (body: string) => fields("Transfer-Encoding: chunked") + body;

Deno.test("disguised transfer-encoding, CVE-2020-8287, 2021-21299", () => {
  assertRefused(fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity") + "0\r\n\r\n", 400);
  assertRefused(fields("Transfer-Encoding: identity\r\nTransfer-Encoding: chunked") + "0\r\n\r\n", 400);
  assertRefused(fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked") + "0\r\n\r\n", 400);
  assertRefused(fields("Transfer-Encoding: xchunked") + "0\r\n\r\n", 400);
  assertRefused(fields("Transfer-Encoding: \x0bchunked") + "0\r\n\r\n", 400);
  assertRefused(fields("Transfer-Encoding : chunked") + "0\r\n\r\n", 400);
  assertRefused(fields("Transfer-Encoding\x00: chunked") + "0\r\n\r\n", 400);
  assertRefused(fields("Transfer-Encoding:\r\n chunked") + "0\r\n\r\n", 400);
  assertRefused(fields("X: y\rTransfer-Encoding: chunked") + "0\r\n\r\n", 400);
  assertRefused(fields("X: y\nTransfer-Encoding: chunked") + "0\r\n\r\n", 400);
  assertRefused(fields("Transfer-Encoding: chunked\r\nContent-Length: 5") + "0\r\n\r\n", 400);
  assertRefused(fields("Content-Length: 5\r\nTransfer-Encoding: chunked") + "0\r\n\r\n", 400);
  assertRefused(fields("Transfer-Encoding: gzip, chunked") + "0\r\n\r\n", 501);
});

Deno.test("bare LF in chunk lines, CVE-2025-22871", () => {
  assertRefused(chunked("5\nhello\r\n0\r\n\r\n"), 400);
  assertRefused(chunked("5\r\nhello\n0\r\n\r\n"), 400);
  assertRefused(chunked("5;a\nhello\r\n0\r\n\r\n"), 400);
  assertRefused(chunked("5;\nhello\r\n0\r\n\r\n"), 400);
  assertRefused(chunked("0\n\r\n"), 400);
  assertRefused(chunked("0\r\n\n"), 400);
});

Deno.test("lone CR, CVE-2025-23167, 2023-30589", () => {
  assertRefused("GET / HTTP/1.1\r\nHost: a\r\n\rX: y\r\n\r\n", 400);
  assertRefused(fields("X: y\r\rContent-Length: 5"), 400);
  assertRefused(fields("X: y\rContent-Length: 5"), 400);
  assertRefused(fields("X\r: y"), 400);
  assertRefused("GET / HTTP/1.1\rHost: a\r\n\r\n", 400);
  assertRefused(chunked("5\rXhello\r\n0\r\n\r\n"), 400);
  assertRefused(chunked("0\r\n\rX"), 400);
});

Deno.test("space before the colon or the name, CVE-2024-27982", () => {
  assertRefused(fields("Content-Length : 5") + "hello", 400);
  assertRefused(fields("Content-Length\t: 5") + "hello", 400);
  assertRefused(fields(" Content-Length: 5") + "hello", 400);
  assertRefused("POST / HTTP/1.1\r\n Content-Length: 5\r\nHost: a\r\n\r\nhello", 400);
});

Deno.test("number parsing, CVE-2021-32714, -32715", () => {
  for (
    const size of [
      "+3",
      "-3",
      "0x3",
      "1_0",
      " 3",
      "3 ",
      "\t3",
      "ffffffffffffffff",
      "10000000000000003",
      "\xb2",
    ]
  ) {
    assertRefused(chunked(`${size}\r\nabc\r\n0\r\n\r\n`), 400);
  }
  for (
    const length of [
      "+3",
      "-3",
      "0x3",
      "1_0",
      "3,3",
      "3 3",
      "18446744073709551619",
      "9007199254740992",
      "\xb2",
    ]
  ) {
    assertRefused(fields(`Content-Length: ${length}`) + "abc", 400);
  }
});

Deno.test("chunk extensions, CVE-2024-22019, 2023-39326", () => {
  assertRefused(chunked("1;" + "e".repeat(100_000)), 400);
  assertRefused(chunked("1;eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\r\na\r\n".repeat(1_000)), 400);
});

Deno.test("__proto__ as a field, CVE-2026-21710", () => {
  const text = "GET / HTTP/1.1\r\nHost: a\r\n__proto__: b\r\nconstructor: c\r\n\r\n";
  const { events } = requests(text);
  assert(events[0].includes("[Host=a|__proto__=b|constructor=c]"));
  const bytes = latin1(text);
  const at = findField(bytes, 16, bytes.length - 2, "__proto__");
  assertEquals(text.slice(at, foundEnd()), "b");
});

Deno.test("upgrade with a body, GHSA-mfx4-hv73-q22v", () => {
  const head = "GET / HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n";
  // Bytes after the head belong to the other protocol once the driver has detached.
  const bytes = latin1(head + "\r\n" + NEXT);
  const decoder = new RequestDecoder(H1_LIMITS);
  assertEquals(decoder.next(bytes, 0, bytes.length), EVENT_HEAD);
  assert(decoder.head.upgrade);
  assertEquals(decoder.position, head.length + 2);
  decoder.detach();
  assertThrows(() => decoder.next(bytes, decoder.position, bytes.length), LocalProtocolError);
  // With content they are content, in the length that the head says.
  const played = requests(head + `Content-Length: ${NEXT.length}\r\n\r\n` + NEXT);
  assertEquals(played.events.slice(1), [`data ${NEXT}`, "end"]);
});

Deno.test("missing, doubled or malformed Host", () => {
  assertRefused("GET / HTTP/1.1\r\n\r\n", 400);
  assertRefused("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400);
  assertRefused("GET / HTTP/1.1\r\nHost: a\r\nhOST: b\r\n\r\n", 400);
  for (const host of ["", "a b", "a/b", "u@a", "a:b", "a:1:1", "[::1", "a,b c", "a\x00", "\xe4"]) {
    assertRefused(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 400);
  }
});

Deno.test("NUL in a field, oversize head, unknown method, malformed request line", () => {
  assertRefused("GET / HTTP/1.1\r\nHost: a\r\nA: \0\r\n\r\n", 400);
  assertRefused("GET / HTTP/1.1\r\nHost: a\r\nA: " + "b".repeat(20_000) + "\r\n\r\n", 431);
  assertRefused("A".repeat(25) + " / HTTP/1.1\r\nHost: a\r\n\r\n", 501);
  assertRefused("GET / HTTP/1.1 \r\nHost: a\r\n\r\n", 400);
  assertRefused("GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505);
});
