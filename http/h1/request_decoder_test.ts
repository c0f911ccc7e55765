import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { LocalProtocolError, RemoteProtocolError } from "../../runtime/bytes/errors.ts";
import { EVENT_HEAD, EVENT_NEED_MORE } from "./body.ts";
import { H1_LIMITS } from "./limits.ts";
import { RequestDecoder } from "./request_decoder.ts";
import { ACCEPTED, type AcceptedCase, REFUSED } from "./testing/request_cases.ts";
import { latin1, requests } from "./testing/transcript.ts";

const NEXT = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";

function expectedEvents(given: AcceptedCase, head: string): string[] {
  const events = [head];
  if (given.data !== undefined) events.push(`data ${given.data}`);
  if (given.data !== undefined || head.includes("framing=2")) {
    events.push(given.trailers === undefined ? "end" : `end ${given.trailers}`);
  }
  return events;
}

for (const given of ACCEPTED) {
  Deno.test(`request accepted: ${given.name}`, async (t) => {
    const whole = requests(given.text);
    await t.step("whole", () => {
      assertEquals(whole.error, undefined);
      for (const part of given.head) assertStringIncludes(whole.events[0] + " ", part);
      assertEquals(whole.events, expectedEvents(given, whole.events[0]));
      assertEquals(whole.rest, "");
    });
    await t.step("byte by byte", () => {
      assertEquals(requests(given.text, { pieces: [1] }), whole);
      assertEquals(requests(given.text, { pieces: [1], offset: 7, poison: "\r\n" }), whole);
    });
    await t.step("in two pieces, cut anywhere", () => {
      for (let cut = 1; cut < given.text.length; cut++) {
        assertEquals(
          requests(given.text, { pieces: [cut, given.text.length], offset: 5, poison: "\r\n" }),
          whole,
        );
      }
    });
    await t.step("at an offset, between poison", () => {
      for (const poison of ["\0", "\r\n", "a", "0\r\n\r\n", "\xff"]) {
        assertEquals(requests(given.text, { offset: 13, poison }), whole);
      }
    });
    await t.step("with bytes left over", () => {
      const both = requests(given.text + NEXT);
      const isLast = /close|upgrade/.test(whole.events[0]);
      assertEquals(both.events.slice(0, whole.events.length), whole.events);
      assertEquals(both.rest, isLast ? NEXT : "");
      assertEquals(both.events.length, whole.events.length + (isLast ? 0 : 1));
      assertEquals(requests(given.text + NEXT, { pieces: [1] }).events, both.events);
    });
    await t.step("truncated at each length", () => {
      for (let length = 0; length < given.text.length; length++) {
        const cut = requests(given.text.slice(0, length), { poison: "\r\n" });
        assertEquals(cut.error, undefined);
        assert(cut.events.length < whole.events.length || cut.events.join() !== whole.events.join());
      }
    });
  });
}

for (const given of REFUSED) {
  Deno.test(`request refused: ${given.name}`, () => {
    const whole = requests(given.text);
    assertEquals(whole.error, given.error);
    const dripped = requests(given.text, { pieces: [1] });
    assertEquals([dripped.error, dripped.events], [whole.error, whole.events]);
    for (let cut = 1; cut < given.text.length; cut++) {
      const split = requests(given.text, { pieces: [cut, 1000], offset: 3, poison: "\r\n" });
      assertEquals([split.error, split.events], [whole.error, whole.events]);
      const short = requests(given.text.slice(0, cut), { poison: "\r\n" });
      assert(short.error === undefined || short.error === given.error);
    }
  });
}

Deno.test("request decoder: refuses as soon as the illegal byte is there", () => {
  for (
    const [text, error] of [
      ["G\0", "ERR_H1_METHOD 400"],
      ["GET /\x01", "ERR_H1_TARGET 400"],
      ["GET a ", "ERR_H1_TARGET 400"],
      ["GET / X", "ERR_H1_VERSION 400"],
      ["GET / HTTP/1.1\r\nHost: a\r\nA ", "ERR_H1_FIELD_NAME 400"],
      ["GET / HTTP/1.1\r\nHost: a\r\nA: \0", "ERR_H1_FIELD_VALUE 400"],
      ["GET / HTTP/1.1\r\nHost: a\r\nA: b\r\n ", "ERR_H1_OBS_FOLD 400"],
      ["GET / HTTP/1.1\r\nHost: a b\r\n", "ERR_H1_HOST 400"],
      ["GET / HTTP/1.1\r\nContent-Length: x\r\n", "ERR_H1_CONTENT_LENGTH 400"],
    ]
  ) {
    assertEquals(requests(text).error, error);
    assertEquals(requests(text, { pieces: [1] }).error, error);
    assertEquals(requests(text.slice(0, -1)).error, undefined);
  }
});

Deno.test("request decoder: an error stays", () => {
  const decoder = new RequestDecoder(H1_LIMITS);
  const bytes = latin1("G\0GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  const first = assertThrows(() => decoder.next(bytes, 0, bytes.length), RemoteProtocolError);
  const second = assertThrows(() => decoder.next(bytes, 2, bytes.length), RemoteProtocolError);
  assert(first === second);
  decoder.reset();
  assertEquals(decoder.next(bytes, 2, bytes.length), EVENT_HEAD);
});

Deno.test("request decoder: detach ends HTTP", () => {
  const decoder = new RequestDecoder(H1_LIMITS);
  const bytes = latin1("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  decoder.next(bytes, 0, bytes.length);
  decoder.detach();
  assertThrows(() => decoder.next(bytes, 0, bytes.length), LocalProtocolError);
});

Deno.test("request decoder: the end of the connection", () => {
  const decoder = new RequestDecoder(H1_LIMITS);
  decoder.finish();
  const bytes = latin1("\r\nPOST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  assertEquals(decoder.next(bytes, 0, 2), EVENT_NEED_MORE);
  decoder.finish();
  for (let end = 3; end < bytes.length; end++) {
    decoder.reset();
    for (let at = 0; decoder.next(bytes, at, end) !== EVENT_NEED_MORE;) at = decoder.position;
    assert(!decoder.idle);
    assertThrows(() => decoder.finish(), RemoteProtocolError, "ended");
  }
  decoder.reset();
  for (let at = 0; decoder.next(bytes, at, bytes.length) !== EVENT_NEED_MORE;) at = decoder.position;
  assert(decoder.idle);
  decoder.finish();
});

Deno.test("request decoder: a thousand pipelined requests in order", () => {
  const text = Array.from({ length: 1000 }, (_, i) => `GET /${i} HTTP/1.1\r\nHost: a\r\n\r\n`).join("");
  for (const pieces of [[text.length], [1], [4096], [37]]) {
    const { events, error, rest } = requests(text, { pieces });
    assertEquals([events.length, error, rest], [1000, undefined, ""]);
    events.forEach((event, i) => assertStringIncludes(event, `path=/${i} `));
  }
});

Deno.test("request decoder: nothing of a message reaches the next", () => {
  const chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
  const limits = { maxChunkExtensionBytes: 10 };
  const first = chunked + "1;eeeeeeeee\r\nx\r\n0\r\nA: b\r\n\r\n";
  const second = chunked + "1;eeeeeeeee\r\nx\r\n0\r\n\r\n";
  const { events, error } = requests(first + second + NEXT, { limits });
  assertEquals(error, undefined);
  assertEquals(events.slice(1, 3), ["data x", 'end [["a","b"]]']);
  assertEquals(events.slice(4, 6), ["data x", "end"]);
  assertStringIncludes(events[6], "framing=0 length=-1");

  // Two heads at the same place of the buffer, as in an arena: a bad Host where a good one was.
  for (const version of ["1.0", "1.1"]) {
    const decoder = new RequestDecoder(H1_LIMITS);
    const good = latin1(`GET / HTTP/${version}\r\nHost: a:8\r\n\r\n`);
    const bad = latin1(`GET / HTTP/${version}\r\nHost: a b\r\n\r\n`);
    assertEquals(decoder.next(good, 0, good.length), EVENT_HEAD);
    const error = assertThrows(() => decoder.next(bad, 0, bad.length), RemoteProtocolError);
    assertStringIncludes(error.message, "malformed");
  }
});

Deno.test("request decoder: long trailers in pieces", () => {
  const fields = Array.from({ length: 60 }, (_, i) => [`name-${i}`, "v".repeat(i)]);
  const text = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n" +
    fields.map(([name, value]) => `${name}: ${value}\r\n`).join("") + "\r\n";
  for (const pieces of [[text.length], [1], [100], [300, 7]]) {
    assertEquals(requests(text + NEXT, { pieces, offset: 3 }).events[1], `end ${JSON.stringify(fields)}`);
  }
});
