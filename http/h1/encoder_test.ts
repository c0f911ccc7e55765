import { assertEquals, assertThrows } from "@std/assert";
import { LocalProtocolError } from "../../runtime/bytes/errors.ts";
import {
  encodeChunkHeader,
  encodeCrlf,
  encodeField,
  encodeLastChunk,
  encodeRequestLine,
  encodeStatusLine,
  MAX_CHUNK_HEADER_BYTES,
} from "./encoder.ts";
import { requests, responses } from "./testing/transcript.ts";

function written(write: (out: Uint8Array, at: number) => number): string {
  const out = new Uint8Array(256).fill(0x2e);
  const end = write(out, 3);
  assertEquals([out[0], out[1], out[2], out[end]], [0x2e, 0x2e, 0x2e, 0x2e]);
  return String.fromCharCode(...out.subarray(3, end));
}

Deno.test("encoder: status lines", () => {
  assertEquals(written((out, at) => encodeStatusLine(out, at, 200)), "HTTP/1.1 200 OK\r\n");
  assertEquals(written((out, at) => encodeStatusLine(out, at, 299)), "HTTP/1.1 299 \r\n");
  assertEquals(written((out, at) => encodeStatusLine(out, at, 404, "Gon\xe9")), "HTTP/1.1 404 Gon\xe9\r\n");
  for (const status of [99, 1000, 200.5, NaN, -1]) {
    assertThrows(() => encodeStatusLine(new Uint8Array(64), 0, status), LocalProtocolError, "100 to 999");
  }
  for (const reason of ["a\r\nb: c", "a\nb", "a\0", "\u0100"]) {
    assertThrows(() => encodeStatusLine(new Uint8Array(64), 0, 200, reason), LocalProtocolError);
  }
});

Deno.test("encoder: request lines", () => {
  assertEquals(written((out, at) => encodeRequestLine(out, at, "GET", "/a?b")), "GET /a?b HTTP/1.1\r\n");
  for (
    const [method, target] of [["", "/"], ["G T", "/"], ["GET", ""], ["GET", "/a b"], ["GET", "/#"], [
      "GET",
      "/\r\n",
    ]]
  ) {
    assertThrows(() => encodeRequestLine(new Uint8Array(64), 0, method, target), LocalProtocolError);
  }
});

Deno.test("encoder: fields cannot be split", () => {
  assertEquals(written((out, at) => encodeField(out, at, "A", "b \t\xff")), "A: b \t\xff\r\n");
  assertEquals(written((out, at) => encodeField(out, at, "A", "")), "A: \r\n");
  for (const name of ["", "a b", "a:", "a\r\n", "\xe9", "\u0161"]) {
    assertThrows(() => encodeField(new Uint8Array(64), 0, name, "x"), LocalProtocolError);
  }
  for (const value of ["a\r\nb: c", "\n", "\r", "\0", "\x7f", "\u010a", "\u{1f600}"]) {
    const error = assertThrows(() => encodeField(new Uint8Array(64), 0, "n", value), LocalProtocolError);
    assertEquals(error.message.includes("b: c"), false);
  }
});

Deno.test("encoder: chunks", () => {
  assertEquals(written((out, at) => encodeChunkHeader(out, at, 1)), "1\r\n");
  assertEquals(written((out, at) => encodeChunkHeader(out, at, 65_536)), "10000\r\n");
  assertEquals(
    written((out, at) => encodeChunkHeader(out, at, Number.MAX_SAFE_INTEGER)),
    "1fffffffffffff\r\n",
  );
  assertEquals(encodeChunkHeader(new Uint8Array(16), 0, Number.MAX_SAFE_INTEGER), MAX_CHUNK_HEADER_BYTES);
  assertThrows(() => encodeChunkHeader(new Uint8Array(16), 0, 0), LocalProtocolError);
  assertEquals(written((out, at) => encodeLastChunk(out, at)), "0\r\n\r\n");
  assertEquals(
    written((out, at) => encodeLastChunk(out, at, [["a", "b"], ["c", "d"]])),
    "0\r\na: b\r\nc: d\r\n\r\n",
  );
  assertThrows(() => encodeLastChunk(new Uint8Array(64), 0, [["a", "\r\n"]]), LocalProtocolError);
});

Deno.test("encoder: what does not fit is counted", () => {
  const out = new Uint8Array(4);
  assertEquals(encodeField(out, 0, "name", "value"), 13);
  assertEquals(encodeStatusLine(out, 0, 200), 17);
  assertEquals(encodeLastChunk(out, 0), 5);
  assertEquals(encodeRequestLine(out, 2, "GET", "/"), 18);
});

Deno.test("encoder: what it writes, the decoder reads", () => {
  const response = written((out, at) => {
    let p = encodeStatusLine(out, at, 200);
    p = encodeField(out, p, "transfer-encoding", "chunked");
    p = encodeCrlf(out, p);
    p = encodeChunkHeader(out, p, 2);
    out[p++] = 0x68;
    out[p++] = 0x69;
    p = encodeCrlf(out, p);
    return encodeLastChunk(out, p, [["digest", "x"]]);
  });
  assertEquals(responses(response).events, [
    '200 1.1 "OK" [transfer-encoding=chunked] framing=2 length=-1',
    "data hi",
    'end [["digest","x"]]',
  ]);
  const request = written((out, at) => {
    let p = encodeRequestLine(out, at, "DELETE", "/x");
    p = encodeField(out, p, "host", "a");
    return encodeCrlf(out, p);
  });
  assertEquals(requests(request).events, [
    "DELETE /x 1.1 form=0 code=5 host=a path=/x query= [host=a] framing=0 length=-1",
  ]);
});
