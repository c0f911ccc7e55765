/** Any conversation, however it is cut, answered in any manner: the answers are those of the requests, in order. */
import { assertEquals } from "@std/assert";
import { Response } from "@millrace/millrace/http";
import { Driven, turn } from "../../http/driver/testing/driven.ts";
import { parseResponses } from "../../http/testing/wire.ts";
import { FaultyTransport } from "../support/faulty.ts";
import { random } from "./random.ts";

interface Planned {
  readonly text: string;
  readonly method: string;
  readonly body: string;
  readonly status: number;
}

class Plan {
  readonly next: () => number;

  constructor(seed: number) {
    this.next = random(seed);
  }

  below(n: number): number {
    return Math.floor(this.next() * n);
  }

  pick<T>(items: readonly T[]): T {
    return items[this.below(items.length)];
  }

  text(): string {
    const length = this.pick([0, 1, 3, 50, 700, 5000, 20_000]);
    return "abcdefghij".repeat(Math.ceil(length / 10)).slice(0, length);
  }

  chunked(content: string): string {
    let text = "";
    for (let at = 0; at < content.length;) {
      const size = Math.min(content.length - at, 1 + this.below(this.pick([2, 40, 3000])));
      text += `${size.toString(16)}${this.pick(["", ";a", ';a="b;c"'])}\r\n${
        content.slice(at, at + size)
      }\r\n`;
      at += size;
    }
    return `${text}0\r\n${this.pick(["", "T: v\r\n"])}\r\n`;
  }

  request(index: number): Planned {
    const method = this.pick(["GET", "HEAD", "POST", "PUT", "DELETE"]);
    const how = this.pick(["sync", "later", "stream", "length", "bytes", "web", "throws", "204"]);
    const reads = this.pick(["text", "stream", "not", "cancel"]);
    const content = method === "GET" || method === "HEAD" ? "" : this.text();
    const answer = this.pick([1, 30, 4000, 30_000]);
    const coding = content === "" ? "none" : this.pick(["length", "chunked"]);
    const fields = coding === "length"
      ? `Content-Length: ${content.length}\r\n`
      : coding === "chunked"
      ? "Transfer-Encoding: chunked\r\n"
      : "";
    const body = coding === "chunked" ? this.chunked(content) : content;
    const target = `/${index}?how=${how}&reads=${reads}&answer=${answer}`;
    const status = how === "throws" ? 500 : how === "204" ? 204 : 200;
    const read = reads === "text" || reads === "stream" ? content.length : -1;
    const said = `${index}:${read}:${"x".repeat(answer)}`;
    return {
      text: `${method} ${target} HTTP/1.1\r\nHost: a\r\n${fields}\r\n${body}`,
      method,
      status,
      body: method === "HEAD" || status === 204 ? "" : status === 500 ? "500 Internal Server Error\n" : said,
    };
  }
}

async function handle(
  request: Request,
  query: URLSearchParams,
  path: string,
): Promise<globalThis.Response | Response> {
  let read = -1;
  const reads = query.get("reads");
  if (reads === "text") read = (await request.text()).length;
  if (reads === "cancel") await request.body?.cancel();
  if (reads === "stream") {
    read = 0;
    if (request.body !== null) { for await (const chunk of request.body) read += chunk.length; }
  }
  const text = `${path.slice(1)}:${read}:${"x".repeat(Number(query.get("answer")))}`;
  const bytes = new TextEncoder().encode(text);
  async function* pieces(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 999) {
      if (at % 5 === 0) await turn();
      yield bytes.subarray(at, at + 999);
    }
  }
  switch (query.get("how")) {
    case "stream":
      return new Response(pieces());
    case "length":
      return new Response(pieces(), { headers: { "content-length": String(bytes.length) } });
    case "bytes":
      return new Response(bytes);
    case "web":
      return new globalThis.Response(text);
    case "204":
      return Response.empty();
    case "throws":
      throw new Error("on purpose");
    default:
      await turn();
      return Response.text(text);
  }
}

async function converse(seed: number): Promise<void> {
  const plan = new Plan(seed);
  const planned = Array.from({ length: 1 + plan.below(12) }, (_, i) => plan.request(i));
  const text = planned.map((request) => request.text).join("");
  const faults = {
    maxDelivery: plan.pick([Infinity, Infinity, 1, 17, 3000]),
    maxSend: plan.pick([Infinity, Infinity, 100, 5000]),
    blockEvery: plan.pick([0, 0, 2, 5]),
  };
  await using it = new Driven((request) => {
    const query = new URLSearchParams(request.query);
    if (query.get("how") === "sync" && query.get("reads") === "not") {
      return Response.text(`${request.path.slice(1)}:-1:${"x".repeat(Number(query.get("answer")))}`);
    }
    return handle(request, query, request.path);
  }, { wrap: (transport) => new FaultyTransport(transport, faults) });
  const room = plan.pick([Infinity, Infinity, 200, 9000]);
  it.peer.room = room;
  for (let at = 0; at < text.length;) {
    const size = 1 + plan.below(plan.pick([2, 100, 5000, 100_000]));
    it.peer.send(text.slice(at, at + size));
    at += size;
    if (plan.below(4) === 0) await turn();
  }
  if (plan.below(2) === 0) it.peer.end();
  for (let turns = 0; turns < 20_000 && it.answered < planned.length && !it.peer.gone; turns++) {
    await turn();
    if (it.peer.room < 100) it.peer.read(room);
    else it.peer.pump();
  }
  it.peer.read(Infinity);
  for (let turns = 0; turns < 60; turns++) await it.settle();
  const responses = parseResponses(it.peer.received, planned.map(({ method }) => method));
  assertEquals(
    responses.map(({ status, body, complete }) =>
      `${status} ${complete} ${body.length} ${body.slice(0, 12)}`
    ),
    planned.map(({ status, body }) => `${status} true ${body.length} ${body.slice(0, 12)}`),
  );
  assertEquals([it.counters.refused, it.counters.requests], [0, planned.length]);
}

Deno.test("property: any conversation, cut anywhere, over any transport", async () => {
  const first = Number(Deno.env.get("SEED") ?? Math.floor(Math.random() * 2 ** 31));
  const runs = Number(Deno.env.get("RUNS") ?? (Deno.env.has("SEED") ? 1 : 150));
  for (let run = 0; run < runs; run++) {
    try {
      await converse(first + run);
    } catch (error) {
      throw new Error(`SEED=${first + run}`, { cause: error });
    }
  }
});
