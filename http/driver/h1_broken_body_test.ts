/** Content of requests that is malformed or too much. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { LimitError, RemoteProtocolError } from "../../runtime/errors.ts";
import type { Request } from "../request.ts";
import { Response } from "../response.ts";
import { Driven, get, head, post } from "./testing/driven.ts";

const upload = (length: number, ...fields: string[]): string =>
  head("POST / HTTP/1.1", `Content-Length: ${length}`, ...fields);
const chunkedHead = head("POST / HTTP/1.1", "Transfer-Encoding: chunked");

for (
  const [name, bytes, status] of [
    ["a bad chunk size", "x\r\n", 400],
    ["a chunk without its CRLF", "2\r\nabc\r\n", 400],
    ["a bare LF", "2\nab\r\n", 400],
  ] as const
) {
  Deno.test(`${name}: the reader is told, the peer gets ${status}, the handler's own answer is dropped`, async () => {
    let failure: unknown;
    let cancelled = 0;
    await using it = new Driven(async (request) => {
      failure = await request.text().catch((error) => error);
      return new Response(new ReadableStream({ cancel: () => void cancelled++ }));
    });
    await it.send(chunkedHead, "1\r\na\r\n", bytes + get("/smuggled"));
    assertInstanceOf(failure, RemoteProtocolError);
    assertEquals([it.statuses, it.peer.sawEnd, it.counters.refused], [[status], true, 1]);
    assertEquals([it.counters.requests, cancelled, it.errors], [1, 1, []]);
  });

  Deno.test(`${name} in a body that a handler lets fail: the same status, nobody is blamed`, async () => {
    await using it = new Driven(async (request) => Response.text(await request.text()));
    await it.send(chunkedHead, "1\r\na\r\n", bytes);
    assertEquals([it.statuses, it.peer.sawEnd], [[status], true]);
    assertEquals([it.counters.refused, it.counters.failed, it.errors], [1, 0, []]);
  });

  Deno.test(`${name} in an echo whose head is out: cut off, and nobody is blamed`, async () => {
    await using it = new Driven((request) => new Response(request.body));
    await it.send(chunkedHead, "1\r\na\r\n", bytes);
    assert(it.peer.sawReset);
    assertEquals([it.counters.refused, it.counters.failed, it.errors], [1, 0, []]);
  });

  Deno.test(`${name} in content that nobody reads: the connection ends, its response was sent`, async () => {
    await using it = new Driven(() => Response.text("answered"));
    await it.send(chunkedHead, "1\r\na\r\n", bytes + get("/smuggled"));
    assertEquals(it.statuses, [200], "no second response to one request");
    assert(it.peer.sawEnd);
  });
}

Deno.test("413: by content-length before the handler, in chunks amid it", async () => {
  let calls = 0;
  let failure: unknown;
  const handler = async (request: Request) => {
    calls++;
    failure = await request.text().catch((error) => error);
    return Response.text("late");
  };
  {
    await using it = new Driven(handler, { maxBodyBytes: 10 });
    await it.send(upload(11) + "x".repeat(11));
    assertEquals([it.statuses, it.peer.sawEnd, calls], [[413], true, 0]);
  }
  await using it = new Driven(handler, { maxBodyBytes: 10 });
  await it.send(chunkedHead, "a\r\n0123456789\r\n", "1\r\nx\r\n");
  assertEquals([it.statuses, it.peer.sawEnd, calls], [[413], true, 1]);
  assertInstanceOf(failure, LimitError);
  assertEquals(it.errors, []);
});

Deno.test("exactly maxBodyBytes is not too much", async () => {
  await using it = new Driven(async (request) => Response.text(await request.text()), { maxBodyBytes: 10 });
  await it.send(post("/", "0123456789"), chunkedHead + "a\r\n0123456789\r\n0\r\n\r\n");
  await it.until(() => it.answered === 2);
  assertEquals(it.statuses, [200, 200]);
});
