/** One conversation over transports that fail in every way: the same answers, or an orderly end. */
import { assert, assertEquals } from "@std/assert";
import { type Handler, type Request, Response } from "@millrace/millrace/http";
import { Driven, get, head, post, turn } from "../../http/driver/testing/driven.ts";
import { parseResponses } from "../../http/testing/wire.ts";
import { FaultyTransport, type TransportFaults } from "../support/faulty.ts";

const large = "0123456789abcdef".repeat(2000);

const handler: Handler = (request: Request) => {
  switch (request.path) {
    case "/echo":
      return new Response(request.body);
    case "/text":
      return request.text().then((text) => Response.text(`${text.length}`));
    case "/large":
      return new Response(new TextEncoder().encode(large));
    case "/stream":
      return new Response((async function* () {
        for (let i = 0; i < 20; i++) {
          if (i % 5 === 0) await turn();
          yield `piece ${i};`.repeat(20);
        }
      })());
    case "/ignored":
      return Response.text("ignored");
    default:
      return Response.text(request.path);
  }
};

const requests = [
  get("/1"),
  post("/echo", "x".repeat(3000)),
  head("POST /echo HTTP/1.1", "Transfer-Encoding: chunked") +
  "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nt: v\r\n\r\n",
  get("/large"),
  post("/text", "y".repeat(2000)),
  get("/stream"),
  post("/ignored", "z".repeat(500)),
  head("HEAD /large HTTP/1.1"),
  get("/last", "Connection: close"),
];
const methods = requests.map((text) => text.split(" ")[0]);
const conversation = requests.join("");

/** Status and content of every response, whatever the pieces were. */
async function talk(
  faults: TransportFaults,
  pieces: number,
  room: number,
): Promise<{ it: Driven; text: string }> {
  const it = new Driven(handler, { wrap: (transport) => new FaultyTransport(transport, faults) });
  it.peer.room = room;
  for (let at = 0; at < conversation.length; at += pieces) it.peer.send(conversation.slice(at, at + pieces));
  for (let turns = 0; turns < 3000 && !it.peer.sawEnd && !it.peer.gone; turns++) {
    await turn();
    it.peer.pump();
    if (it.peer.room < 100) it.peer.read(room === Infinity ? Infinity : room);
  }
  return { it, text: it.peer.received };
}

const summary = (text: string): string[] =>
  // An echo has a length if all of its content came at once, and chunks otherwise.
  parseResponses(text, methods).map(({ status, body, complete }) =>
    `${status} ${complete} ${body.length} ${body.slice(0, 20)}`
  );

let expected: string[] | undefined;
async function expectedAnswers(): Promise<string[]> {
  if (expected !== undefined) return expected;
  const { it, text } = await talk({}, Infinity, Infinity);
  await it[Symbol.asyncDispose]();
  expected = summary(text);
  assertEquals(expected.length, requests.length);
  assert(expected.every((line) => line.includes(" true ")), expected.join("\n"));
  return expected;
}

const KINDS: readonly (readonly [string, TransportFaults])[] = [
  ["one-byte reads", { maxDelivery: 1 }],
  ["reads of 7", { maxDelivery: 7 }],
  ["short writes", { maxSend: 999 }],
  ["writes of 100", { maxSend: 100 }],
  ["would-block storm", { blockEvery: 2 }],
  ["everything", { maxDelivery: 13, maxSend: 777, blockEvery: 3 }],
];

for (const [name, faults] of KINDS) {
  for (const pieces of [Infinity, 1000, 1]) {
    for (const room of [Infinity, 5000, 300]) {
      Deno.test(`fault: ${name}, sent in pieces of ${pieces}, read in pieces of ${room}`, async () => {
        const wanted = await expectedAnswers();
        const { it, text } = await talk(faults, pieces, room);
        assertEquals(summary(text), wanted);
        assertEquals([it.errors, it.counters.refused, it.counters.failed], [[], 0, 0]);
        await it[Symbol.asyncDispose]();
      });
    }
  }
}

/** What was received is a beginning of what should have been, and nobody but the peer was told. */
async function assertOrderlyEnd(faults: TransportFaults, pieces: number): Promise<void> {
  const { it, text } = await talk(faults, pieces, Infinity);
  const { text: whole } = await wholeText();
  // How an echo is framed depends on the pieces: only what comes before the first one is compared.
  const comparable = whole.indexOf("HTTP/1.1", 1);
  assert(
    whole.slice(0, comparable).startsWith(text.slice(0, comparable)) || text.startsWith("HTTP/1.1 400 "),
    `${JSON.stringify(faults)}: ${text.slice(-200)}`,
  );
  assertEquals([it.errors, it.counters.failed], [[], 0], JSON.stringify(faults));
  await it[Symbol.asyncDispose]();
}

let whole: { text: string } | undefined;
async function wholeText(): Promise<{ text: string }> {
  if (whole !== undefined) return whole;
  const { it, text } = await talk({}, Infinity, Infinity);
  await it[Symbol.asyncDispose]();
  return whole = { text };
}

Deno.test("fault: reset at every byte of the requests", async () => {
  const step = 7;
  for (let at = 1; at < conversation.length; at += at < 1500 ? 1 : step * 11) {
    await assertOrderlyEnd({ resetAfterReceived: at }, at % 3 === 0 ? Infinity : 500);
  }
});

Deno.test("fault: the end at every byte of the requests", async () => {
  for (let at = 0; at < conversation.length; at += at < 1500 ? 1 : 77) {
    await assertOrderlyEnd({ endAfterReceived: at }, at % 3 === 0 ? Infinity : 500);
  }
});

Deno.test("fault: reset at every byte of the responses", async () => {
  const { text } = await wholeText();
  for (let at = 1; at < text.length; at += at < 600 ? 1 : 397) {
    await assertOrderlyEnd({ resetAfterSent: at, maxSend: at % 2 === 0 ? Infinity : 50 }, Infinity);
  }
});
