/** The small parts of the driver: refusals, decoders at rest, heads of responses. */
import { assert, assertEquals, assertNotStrictEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { LimitError, LocalProtocolError, RemoteProtocolError, TimeoutError } from "../../runtime/errors.ts";
import { H1_LIMITS } from "../h1/limits.ts";
import { EVENT_HEAD } from "../h1/body.ts";
import { Response } from "../response.ts";
import { latin1, textOf } from "../testing/wire.ts";
import { DateCache } from "./date.ts";
import { DecoderPool } from "./decoder_pool.ts";
import {
  CONNECTION_CLOSES,
  CONNECTION_PERSISTENT,
  CONNECTION_TOLD,
  HeadWriter,
  LENGTH_CHUNKED,
  LENGTH_UNTOLD,
} from "./head_writer.ts";
import { plainResponse, statusOf } from "./refuse.ts";

Deno.test("the status of an error is that of the peer's faults only", () => {
  assertEquals(statusOf(new RemoteProtocolError("ERR_X", "x", { protocol: "p", statusHint: 400 })), 400);
  assertEquals(statusOf(new RemoteProtocolError("ERR_X", "x", { protocol: "p" })), undefined);
  assertEquals(statusOf(new LimitError("maxBodyBytes", 1, "x", 413)), 413);
  assertEquals(statusOf(new TimeoutError("head", 1)), 408);
  assertEquals(statusOf(new TimeoutError("body", 1)), 408);
  assertEquals(statusOf(new TimeoutError("query", 1)), undefined);
  for (
    const other of [new LocalProtocolError("ERR_X", "x", "p"), new Error("x"), undefined, null, 413, {
      statusHint: 400,
    }]
  ) {
    assertEquals(statusOf(other), undefined);
  }
});

Deno.test("a plain response names its status and nothing else", async () => {
  const response = plainResponse(431);
  assertEquals([response.status, await response.text()], [431, "431 Request Header Fields Too Large\n"]);
});

Deno.test("a decoder is lent again once it was given back", () => {
  const pool = new DecoderPool(H1_LIMITS);
  const first = pool.take();
  const second = pool.take();
  assertNotStrictEquals(first, second);
  const bytes = latin1("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  assertEquals(first.next(bytes, 0, bytes.length), EVENT_HEAD);
  pool.release(first);
  assertStrictEquals(pool.take(), first);
  assertEquals(first.next(bytes, 0, bytes.length), EVENT_HEAD);
  for (let i = 0; i < 1000; i++) pool.release(new DecoderPool(H1_LIMITS).take());
  const resting = new Set(Array.from({ length: 200 }, () => pool.take()));
  assertEquals(resting.size, 200);
});

const DATE = "Thu, 01 Jan 1970 00:00:00 GMT";
const room = new Uint8Array(300_000);

function heads(): HeadWriter {
  return new HeadWriter(new DateCache(() => 0));
}

function written(writer: HeadWriter, response: Response, connection: number, length: number): string {
  const end = writer.write(room, 7, response, connection, length, 0);
  assert(end - 7 <= Math.max(writer.maxBytes(response), 0), "maxBytes is a bound");
  return textOf(room.subarray(7, end));
}

Deno.test("heads: with and without fields of their own, every connection, every length", () => {
  const writer = heads();
  const connections = [[CONNECTION_PERSISTENT, ""], [CONNECTION_CLOSES, "connection: close\r\n"], [
    CONNECTION_TOLD,
    "connection: keep-alive\r\n",
  ]] as const;
  const lengths = [[0, "content-length: 0\r\n"], [123_456, "content-length: 123456\r\n"], [
    LENGTH_CHUNKED,
    "transfer-encoding: chunked\r\n",
  ], [LENGTH_UNTOLD, ""]] as const;
  for (let twice = 0; twice < 2; twice++) {
    for (const [connection, told] of connections) {
      for (const [length, said] of lengths) {
        for (const own of [false, true]) {
          const response = Response.text("", own ? { headers: { "x-a": "b" } } : {});
          const lines = written(writer, response, connection, length).split("\r\n");
          const wanted =
            `HTTP/1.1 200 OK\r\n${own ? "x-a: b\r\n" : ""}content-type: text/plain;charset=UTF-8\r\n` +
            `date: ${DATE}\r\n${told}${said}\r\n`;
          assertEquals(lines.sort(), wanted.split("\r\n").sort());
        }
      }
    }
  }
});

Deno.test("heads: the bound holds for large ones", () => {
  const response = new Response(null, {
    status: 511,
    statusText: "x".repeat(5000),
    headers: { a: "b".repeat(90_000), c: "d" },
  });
  written(heads(), response, CONNECTION_TOLD, 123_456_789_012);
  const typed = new Response("", { headers: { "content-type": "t/" + "y".repeat(50_000) } });
  written(heads(), typed, CONNECTION_CLOSES, 1);
});

Deno.test("heads: what no head may hold is refused, not written", () => {
  const response = Response.text("x");
  Object.defineProperty(response, "statusText", { value: "a\r\nb: c" });
  assertThrows(() => heads().write(room, 0, response, CONNECTION_PERSISTENT, 1, 0), LocalProtocolError);
});

Deno.test("text: the length is that of its UTF-8, cached or not", () => {
  const writer = heads();
  for (
    const text of [
      "",
      "a",
      "ä",
      "€",
      "😀",
      "a\ud800",
      "\udc00b",
      "\ud800\ud800",
      "x".repeat(16_384),
      "ä".repeat(500),
    ]
  ) {
    for (
      const response of [
        Response.text(text),
        Response.text(text),
        Response.text(text),
        Response.text(text, { headers: { x: "y" } }),
      ]
    ) {
      const end = writer.writeText(room, 0, response, CONNECTION_PERSISTENT, text, 0);
      const [head, body] = textOf(room.subarray(0, end)).split("\r\n\r\n");
      const bytes = textOf(new TextEncoder().encode(text));
      assertEquals(body, bytes);
      assertEquals(/content-length: (\d+)/.exec(head)?.[1], String(bytes.length));
    }
  }
});
