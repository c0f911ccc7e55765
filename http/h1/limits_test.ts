import { assertEquals, assertThrows } from "@std/assert";
import { LimitError } from "../../runtime/bytes/errors.ts";
import { EVENT_DATA, EVENT_END, EVENT_HEAD, EVENT_NEED_MORE } from "./body.ts";
import { H1_LIMITS } from "./limits.ts";
import { RequestDecoder } from "./request_decoder.ts";
import { latin1, requests } from "./testing/transcript.ts";

const CHUNKED = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

/** Whole and byte by byte, with the same outcome. */
function outcome(text: string, limits: Partial<typeof H1_LIMITS>): string {
  const whole = requests(text, { limits });
  assertEquals(requests(text, { limits, pieces: [1] }).error, whole.error);
  assertEquals(requests(text, { limits, pieces: [13], offset: 3 }).error, whole.error);
  return whole.error ?? "accepted";
}

Deno.test("limit: maxHeadBytes is inclusive, 431", () => {
  const text = "GET / HTTP/1.1\r\nHost: a\r\nA: bcd\r\n\r\n";
  assertEquals(outcome(text, { maxHeadBytes: text.length }), "accepted");
  assertEquals(outcome(text, { maxHeadBytes: text.length - 1 }), "maxHeadBytes 431");
  assertEquals(outcome(text.repeat(3), { maxHeadBytes: text.length }), "accepted");
});

Deno.test("limit: maxHeadBytes in the request line, in a name, in a value", () => {
  const limits = { maxHeadBytes: 100 };
  assertEquals(outcome("GET /" + "a".repeat(100), limits), "maxHeadBytes 431");
  assertEquals(outcome("GET / HTTP/1.1\r\n" + "a".repeat(100), limits), "maxHeadBytes 431");
  assertEquals(outcome("GET / HTTP/1.1\r\nA: " + "a".repeat(100), limits), "maxHeadBytes 431");
});

Deno.test("limit: an oversize head, by the defaults", () => {
  assertEquals(
    outcome("GET / HTTP/1.1\r\nHost: a\r\nA: " + "a".repeat(16_384) + "\r\n\r\n", {}),
    "maxHeadBytes 431",
  );
});

Deno.test("limit: maxTargetBytes is inclusive, 414", () => {
  const line = (length: number) => `GET /${"a".repeat(length - 1)} HTTP/1.1\r\nHost: a\r\n\r\n`;
  assertEquals(outcome(line(10), { maxTargetBytes: 10 }), "accepted");
  assertEquals(outcome(line(11), { maxTargetBytes: 10 }), "maxTargetBytes 414");
  assertEquals(outcome(line(8_192), {}), "accepted");
  assertEquals(outcome(line(8_193), {}), "maxTargetBytes 414");
  assertEquals(outcome("GET /" + "a".repeat(8_192), {}), "maxTargetBytes 414");
});

Deno.test("limit: maxFieldCount is inclusive, 431", () => {
  const text = (count: number) => "GET / HTTP/1.1\r\nHost: a\r\n" + "A: b\r\n".repeat(count - 1) + "\r\n";
  assertEquals(outcome(text(100), {}), "accepted");
  assertEquals(outcome(text(101), {}), "maxFieldCount 431");
});

Deno.test("limit: maxBodyBytes is inclusive, by Content-Length at the head, 413", () => {
  const text = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
  assertEquals(outcome(text, { maxBodyBytes: 5 }), "accepted");
  assertEquals(outcome(text, { maxBodyBytes: 4 }), "maxBodyBytes 413");
  assertEquals(requests(text, { limits: { maxBodyBytes: 4 } }).events, []);
});

Deno.test("limit: maxBodyBytes when chunked is the running total, 413", () => {
  const text = CHUNKED + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n";
  assertEquals(outcome(text, { maxBodyBytes: 5 }), "accepted");
  assertEquals(outcome(text, { maxBodyBytes: 4 }), "maxBodyBytes 413");
  assertEquals(outcome(CHUNKED + "fffffffffffff\r\n", { maxBodyBytes: 4 }), "maxBodyBytes 413");
});

Deno.test("limit: limitBody bounds one message", () => {
  const bytes = latin1("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello");
  const decoder = new RequestDecoder(H1_LIMITS);
  assertEquals(decoder.next(bytes, 0, bytes.length), EVENT_HEAD);
  decoder.limitBody(5);
  assertThrows(() => decoder.limitBody(4), LimitError, "maxBodyBytes");
  decoder.reset();

  const chunked = latin1(CHUNKED + "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
  assertEquals(decoder.next(chunked, 0, chunked.length), EVENT_HEAD);
  decoder.limitBody(4);
  assertEquals(decoder.next(chunked, decoder.position, chunked.length), EVENT_DATA);
  assertThrows(() => decoder.next(chunked, decoder.position, chunked.length), LimitError);
});

Deno.test("limit: chunk extensions in one line and in all, 400", () => {
  const body = (extension: number, chunks: number) =>
    CHUNKED + `1;${"e".repeat(extension - 1)}\r\na\r\n`.repeat(chunks) + "0\r\n\r\n";
  assertEquals(outcome(body(10, 10), { maxChunkExtensionBytes: 100 }), "accepted");
  assertEquals(outcome(body(10, 11), { maxChunkExtensionBytes: 100 }), "maxChunkExtensionBytes 400");
  assertEquals(outcome(body(20, 2), { maxChunkLineBytes: 22 }), "accepted");
  assertEquals(outcome(body(20, 2), { maxChunkLineBytes: 20 }), "maxChunkLineBytes 400");
  assertEquals(outcome(CHUNKED + "0".repeat(5_000), {}), "maxChunkLineBytes 400");
});

Deno.test("limit: trailers, 431", () => {
  const body = CHUNKED + "0\r\nA: bcd\r\n\r\n";
  assertEquals(outcome(body, { maxTrailerBytes: 10 }), "accepted");
  assertEquals(outcome(body, { maxTrailerBytes: 9 }), "maxTrailerBytes 431");
  assertEquals(outcome(CHUNKED + "0\r\n" + "A: b\r\n".repeat(101) + "\r\n", {}), "maxFieldCount 431");
  assertEquals(outcome(CHUNKED + "0\r\nA: " + "b".repeat(8_192), {}), "maxTrailerBytes 431");
});

/** Milliseconds of the fastest of three runs: what the machine does beside counts less. */
function fastest(run: () => void): number {
  let best = Infinity;
  for (let i = 0; i < 3; i++) {
    const start = performance.now();
    run();
    best = Math.min(best, performance.now() - start);
  }
  return best;
}

Deno.test("linear: a 16 KiB head in one-byte pieces", () => {
  const drip = (bytes: Uint8Array) => {
    const decoder = new RequestDecoder({ ...H1_LIMITS, maxHeadBytes: 1 << 20, maxTargetBytes: 1 << 20 });
    for (let end = 1; end < bytes.length; end++) {
      if (decoder.next(bytes, 0, end) !== EVENT_NEED_MORE) throw new Error("too early");
    }
    assertEquals(decoder.next(bytes, 0, bytes.length), EVENT_HEAD);
  };
  const long = { target: "a".repeat(1), value: "b" };
  for (const part of ["target", "value", "name", "lines"]) {
    const head = (size: number) =>
      latin1(
        `GET /${part === "target" ? "a".repeat(size) : long.target} HTTP/1.1\r\nHost: a\r\n` +
          (part === "value" ? `A: ${"b".repeat(size)}\r\n` : "") +
          (part === "name" ? `${"n".repeat(size)}: b\r\n` : "") +
          (part === "lines" ? `${"c".repeat(size / 64 - 4)}: b\r\n`.repeat(64) : "") + "\r\n",
      );
    const small = fastest(() => drip(head(16_384)));
    const large = fastest(() => drip(head(16_384 * 8)));
    // Eight times the bytes: a quadratic decoder takes 64 times as long.
    if (large > small * 32 + 5) throw new Error(`${part}: ${small} ms, then ${large} ms`);
  }
});

Deno.test("linear: 600,000 one-byte chunks", () => {
  const chunks = (count: number) => {
    const head = latin1(CHUNKED);
    const chunk = latin1("1\r\nx\r\n".repeat(1000));
    const decoder = new RequestDecoder(H1_LIMITS);
    assertEquals(decoder.next(head, 0, head.length), EVENT_HEAD);
    let seen = 0;
    for (let i = 0; i < count; i += 1000) {
      let at = 0;
      while (decoder.next(chunk, at, chunk.length) === EVENT_DATA) {
        seen++;
        at = decoder.position;
      }
      assertEquals(decoder.position, chunk.length);
    }
    assertEquals(seen, count);
    const last = latin1("0\r\n\r\n");
    assertEquals(decoder.next(last, 0, last.length), EVENT_END);
  };
  const elapsed = fastest(() => chunks(600_000));
  if (elapsed > 2_000) throw new Error(`600,000 chunks took ${elapsed} ms`);
});
