import { assert, assertEquals, assertThrows } from "@std/assert";
import { LimitError, LocalProtocolError, RemoteProtocolError } from "../../runtime/bytes/errors.ts";
import { EVENT_END, EVENT_HEAD, EVENT_NEED_MORE } from "./body.ts";
import { H1_LIMITS } from "./limits.ts";
import { METHOD_CONNECT, METHOD_GET, METHOD_HEAD } from "./methods.ts";
import { ResponseDecoder } from "./response_decoder.ts";
import { type Feeding, latin1, responses } from "./testing/transcript.ts";

interface Accepted {
  readonly name: string;
  readonly text: string;
  readonly events: readonly string[];
  readonly feeding?: Feeding;
  readonly rest?: string;
}

const ACCEPTED: readonly Accepted[] = [
  {
    name: "Content-Length",
    text: "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi",
    events: ['200 1.1 "OK" [Content-Length=2] framing=1 length=2', "data hi", "end"],
  },
  {
    name: "no content",
    text: "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    events: ['404 1.1 "Not Found" [Content-Length=0] framing=0 length=0'],
  },
  {
    name: "an empty reason",
    text: "HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
    events: ['200 1.1 "" [Content-Length=0] framing=0 length=0'],
  },
  {
    name: "no reason, no space",
    text: "HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n",
    events: ['200 1.1 "" [Content-Length=0] framing=0 length=0'],
  },
  {
    name: "a reason of any text",
    text: "HTTP/1.1 999 \t\xe9t\xe9 : x\r\nContent-Length: 0\r\n\r\n",
    events: ['999 1.1 "\t\xe9t\xe9 : x" [Content-Length=0] framing=0 length=0'],
  },
  {
    name: "chunks and trailers",
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nA: b\r\n\r\n",
    events: ['200 1.1 "OK" [Transfer-Encoding=Chunked] framing=2 length=-1', "data abc", 'end [["a","b"]]'],
  },
  {
    name: "until close",
    text: "HTTP/1.1 200 OK\r\n\r\nall of it",
    events: ['200 1.1 "OK" [] framing=3 length=-1 close', "data all of it", "end"],
    feeding: { eof: true, methods: [METHOD_GET] },
  },
  {
    name: "until close, empty, HTTP/1.0",
    text: "HTTP/1.0 200 OK\r\n\r\n",
    events: ['200 1.0 "OK" [] framing=3 length=-1 close', "end"],
    feeding: { eof: true, methods: [METHOD_GET] },
  },
  {
    name: "HTTP/1.0 with keep-alive",
    text: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\nx",
    events: ['200 1.0 "OK" [Connection=keep-alive|Content-Length=1] framing=1 length=1', "data x", "end"],
  },
  {
    name: "an answer to HEAD has no content",
    text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
    events: [
      '200 1.1 "OK" [Content-Length=5] framing=0 length=5',
      '204 1.1 "No Content" [] framing=0 length=-1',
    ],
    feeding: { methods: [METHOD_HEAD, METHOD_GET] },
  },
  {
    name: "chunked in an answer to HEAD",
    text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    events: ['200 1.1 "OK" [Transfer-Encoding=chunked] framing=0 length=-1'],
    feeding: { methods: [METHOD_HEAD] },
  },
  {
    name: "304 and 204 have no content, whatever they say",
    text:
      "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n",
    events: [
      '304 1.1 "Not Modified" [Content-Length=9] framing=0 length=9',
      '204 1.1 "No Content" [Content-Length=9] framing=0 length=9',
    ],
  },
  {
    name: "interim responses come before the final one",
    text:
      "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n",
    events: [
      '100 1.1 "Continue" [] framing=0 length=-1 interim',
      '103 1.1 "Early Hints" [Link=x] framing=0 length=-1 interim',
      '200 1.1 "OK" [Content-Length=9] framing=0 length=9',
    ],
    feeding: { methods: [METHOD_HEAD] },
  },
  {
    name: "101 hands the connection over",
    text: "HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nHTTP",
    events: ['101 1.1 "Switching Protocols" [Upgrade=x] framing=0 length=-1 upgrade'],
    rest: "HTTP",
  },
  {
    name: "2xx to CONNECT hands the connection over",
    text: "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nHTTP",
    events: ['200 1.1 "OK" [Content-Length=4] framing=0 length=4 upgrade'],
    feeding: { methods: [METHOD_CONNECT] },
    rest: "HTTP",
  },
  {
    name: "407 to CONNECT is a response",
    text: "HTTP/1.1 407 No\r\nContent-Length: 4\r\n\r\nHTTP",
    events: ['407 1.1 "No" [Content-Length=4] framing=1 length=4', "data HTTP", "end"],
    feeding: { methods: [METHOD_CONNECT] },
  },
  {
    name: "nothing after close",
    text: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n",
    events: ['200 1.1 "OK" [Connection=close|Content-Length=1] framing=1 length=1 close', "data x", "end"],
    rest: "HTTP/1.1 200 OK\r\n",
  },
];

for (const given of ACCEPTED) {
  Deno.test(`response accepted: ${given.name}`, () => {
    const wanted = { events: given.events, error: undefined, rest: given.rest ?? "" };
    assertEquals(responses(given.text, given.feeding), wanted);
    assertEquals(responses(given.text, { ...given.feeding, pieces: [1] }), wanted);
    for (const poison of ["\0", "\r\n", "0\r\n\r\n"]) {
      for (let cut = 1; cut < given.text.length; cut++) {
        const pieces = [cut, given.text.length];
        assertEquals(responses(given.text, { ...given.feeding, pieces, offset: 5, poison }), wanted);
      }
    }
    for (let length = 0; length < given.text.length; length++) {
      const methods = given.feeding?.methods ?? [METHOD_GET, METHOD_GET];
      assertEquals(responses(given.text.slice(0, length), { methods }).error, undefined);
    }
  });
}

const line = (text: string) => `${text}\r\nContent-Length: 0\r\n\r\n`;
const fields = (text: string) => `HTTP/1.1 200 OK\r\n${text}\r\n\r\n`;

const REFUSED: readonly (readonly [name: string, text: string, error: string])[] = [
  ["an empty line before", "\r\n" + line("HTTP/1.1 200 OK"), "ERR_H1_VERSION 502"],
  ["a space before", " HTTP/1.1 200 OK\r\n", "ERR_H1_VERSION 502"],
  ["HTTP/2", line("HTTP/2.0 200 OK"), "ERR_H1_VERSION 502"],
  ["HTTP in lower case", line("http/1.1 200 OK"), "ERR_H1_VERSION 502"],
  ["two spaces before the code", line("HTTP/1.1  200 OK"), "ERR_H1_STATUS_LINE 502"],
  ["a code of two digits", line("HTTP/1.1 20 OK"), "ERR_H1_STATUS_LINE 502"],
  ["a code of four digits", line("HTTP/1.1 2000 OK"), "ERR_H1_STATUS_LINE 502"],
  ["a code below 100", line("HTTP/1.1 099 OK"), "ERR_H1_STATUS_LINE 502"],
  ["no code", line("HTTP/1.1 OK"), "ERR_H1_STATUS_LINE 502"],
  ["a tab after the version", line("HTTP/1.1\t200 OK"), "ERR_H1_STATUS_LINE 502"],
  ["a bare LF after the status line", "HTTP/1.1 200 OK\nA: b\r\n\r\n", "ERR_H1_STATUS_LINE 502"],
  ["a lone CR after the status line", "HTTP/1.1 200 OK\rA: b\r\n\r\n", "ERR_H1_STATUS_LINE 502"],
  ["NUL in the reason", line("HTTP/1.1 200 O\0K"), "ERR_H1_STATUS_LINE 502"],
  ["obs-fold", fields("A: b\r\n c"), "ERR_H1_OBS_FOLD 502"],
  ["a space before a colon", fields("A : b"), "ERR_H1_FIELD_NAME 502"],
  ["Content-Length twice", fields("Content-Length: 1\r\nContent-Length: 1"), "ERR_H1_CONTENT_LENGTH 502"],
  [
    "Content-Length and chunked",
    fields("Content-Length: 1\r\nTransfer-Encoding: chunked"),
    "ERR_H1_FRAMING 502",
  ],
  ["chunked in HTTP/1.0", "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "ERR_H1_FRAMING 502"],
  ["another coding", fields("Transfer-Encoding: gzip"), "ERR_H1_TRANSFER_ENCODING 502"],
  [
    "another coding, then chunked",
    fields("Transfer-Encoding: gzip, chunked"),
    "ERR_H1_TRANSFER_ENCODING 502",
  ],
  ["a bad chunk", fields("Transfer-Encoding: chunked") + "x\r\n", "ERR_H1_CHUNK_SIZE 502"],
];

for (const [name, text, error] of REFUSED) {
  Deno.test(`response refused: ${name}`, () => {
    assertEquals(responses(text).error, error);
    assertEquals(responses(text, { pieces: [1], offset: 3, poison: "\r\n" }).error, error);
  });
}

Deno.test("response decoder: bytes that answer no request are refused", () => {
  assertEquals(responses(line("HTTP/1.1 200 OK"), { methods: [] }).error, "ERR_H1_UNSOLICITED 502");
  const twice = responses(line("HTTP/1.1 200 OK").repeat(2), { methods: [METHOD_GET] });
  assertEquals([twice.events.length, twice.error], [1, "ERR_H1_UNSOLICITED 502"]);
});

Deno.test("response decoder: the end of the connection", () => {
  const decoder = new ResponseDecoder(H1_LIMITS);
  assertEquals(decoder.finish(), EVENT_NEED_MORE);
  assert(decoder.idle);
  decoder.expect(METHOD_GET);
  assertThrows(() => decoder.finish(), RemoteProtocolError, "ended");
  const bytes = latin1("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nx");
  for (let at = 0; decoder.next(bytes, at, bytes.length) !== EVENT_NEED_MORE;) at = decoder.position;
  assertThrows(() => decoder.finish(), RemoteProtocolError, "ended");

  decoder.reset();
  decoder.expect(METHOD_GET);
  const open = latin1("HTTP/1.1 200 OK\r\n\r\nx");
  for (let at = 0; decoder.next(open, at, open.length) !== EVENT_NEED_MORE;) at = decoder.position;
  assertEquals(decoder.finish(), EVENT_END);
  assertEquals(decoder.finish(), EVENT_NEED_MORE);
});

Deno.test("response decoder: limits", () => {
  const until = "HTTP/1.1 200 OK\r\n\r\nhello";
  assertEquals(responses(until, { limits: { maxBodyBytes: 5 }, eof: true, methods: [1] }).error, undefined);
  assertEquals(
    responses(until, { limits: { maxBodyBytes: 4 }, eof: true, methods: [1] }).error,
    "maxBodyBytes 413",
  );
  const length = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
  assertEquals(responses(length, { limits: { maxBodyBytes: 4 } }).error, "maxBodyBytes 502");
  assertEquals(
    responses("HTTP/1.1 200 " + "x".repeat(99), { limits: { maxHeadBytes: 50 } }).error,
    "maxHeadBytes 502",
  );
  const decoder = new ResponseDecoder(H1_LIMITS);
  decoder.expect(METHOD_GET);
  const bytes = latin1(length);
  decoder.next(bytes, 0, bytes.length);
  assertThrows(() => decoder.limitBody(4), LimitError);
});

Deno.test("response decoder: an error stays, a handed-over connection is no HTTP", () => {
  const decoder = new ResponseDecoder(H1_LIMITS);
  decoder.expect(METHOD_GET);
  const bad = latin1("X");
  const first = assertThrows(() => decoder.next(bad, 0, 1), RemoteProtocolError);
  assert(assertThrows(() => decoder.next(bad, 0, 1)) === first);
  assertEquals(decoder.finish(), EVENT_NEED_MORE);
  decoder.reset();
  decoder.expect(METHOD_GET);
  const bytes = latin1("HTTP/1.1 101 X\r\n\r\n");
  assertEquals(decoder.next(bytes, 0, bytes.length), EVENT_HEAD);
  assertThrows(() => decoder.next(bytes, 0, bytes.length), LocalProtocolError);
});
