/** `serve` over the scripted twin with every fault, and over real sockets that are reset at any byte. */
import { assert, assertEquals } from "@std/assert";
import { type Handler, Response, serve } from "@millrace/millrace/http";
import {
  connectTransport,
  type SocketAddr,
  type Transport,
  type TransportHandler,
} from "@millrace/millrace/net";
import { Runtime } from "@millrace/millrace/runtime";
import { ScriptedNative, type ScriptedOptions } from "@millrace/millrace/reactor";
import { get, head, post, turn } from "../../http/driver/testing/driven.ts";
import { latin1, parseResponses, textOf } from "../../http/testing/wire.ts";
import { exchange, pause, SOCKETS, until, withServer } from "../http/support.ts";
import { requireAll, testIf } from "../support/skip.ts";

const large = new Uint8Array(200_000).fill(97);

const handler: Handler = (request) => {
  switch (request.path) {
    case "/echo":
      return new Response(request.body);
    case "/text":
      return request.text().then((text) => Response.text(String(text.length)));
    case "/large":
      return new Response(large);
    case "/stream":
      return new Response((async function* () {
        for (let i = 0; i < 10; i++) {
          await turn();
          yield `piece ${i};`;
        }
      })());
    default:
      return Response.text(request.path);
  }
};

const requests = [
  get("/1"),
  post("/echo", "x".repeat(30_000)),
  head("POST /echo HTTP/1.1", "Transfer-Encoding: chunked") + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n",
  get("/large"),
  post("/text", "y".repeat(100_000)),
  get("/stream"),
  get("/last", "Connection: close"),
];
const conversation = requests.join("");
const answers = ["2 /1", "30000 xxxxx", "11 hello", "200000 aaaaa", "6 10000", "80 piece", "5 /last"];

/** A client on one of our own transports: it can reset. */
class Client implements TransportHandler {
  readonly #transport: Transport;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #chunks: string[] = [];
  #sent = 0;
  #received = 0;
  ended = false;
  closed = false;
  /** Called after each piece that came. */
  onBytes: ((count: number) => void) | undefined;

  constructor(transport: Transport, text: string) {
    this.#transport = transport;
    this.#bytes = latin1(text);
    transport.handler = this;
    this.onDrain();
  }

  get text(): string {
    return this.#chunks.join("");
  }

  onData(bytes: Uint8Array, start: number, end: number): void {
    this.#chunks.push(textOf(bytes.subarray(start, end)));
    this.#received += end - start;
    this.onBytes?.(this.#received);
  }

  onEnd(): void {
    this.ended = true;
    this.#transport.close();
  }

  onDrain(): void {
    if (this.#sent < this.#bytes.length) {
      this.#sent += this.#transport.trySend(this.#bytes, this.#sent, this.#bytes.length);
    }
  }

  onClose(): void {
    this.closed = true;
  }

  reset(): void {
    this.#transport.abort();
  }
}

function connect(runtime: Runtime, addr: SocketAddr, text: string): Promise<Client> {
  return runtime.run(
    connectTransport(runtime, addr, { backend: "native" }, (transport) => new Client(transport, text)),
  );
}

const summary = (text: string): string[] =>
  parseResponses(text, [], true).map(({ body, complete }) =>
    complete ? `${body.length} ${body.slice(0, 5)}` : "cut off"
  );

const FAULTS: readonly (readonly [string, ScriptedOptions])[] = [
  ["quiet", {}],
  ["receives of 1", { maxReceive: 1 }],
  ["short receives", { maxReceive: 999 }],
  ["short sends", { maxSend: 777 }],
  ["would-block storm", { wouldBlockEvery: 3 }],
  ["spurious", { spuriousEvery: 2, interruptEvery: 3 }],
  ["slow", { delayTurns: 3 }],
  ["small buffers", { capacity: 500 }],
  ["everything", {
    maxReceive: 999,
    maxSend: 777,
    wouldBlockEvery: 3,
    spuriousEvery: 5,
    interruptEvery: 7,
    delayTurns: 2,
  }],
];

for (const [name, faults] of FAULTS) {
  Deno.test(`fault: serve over the scripted twin: ${name}`, async () => {
    const native = new ScriptedNative({ hostTime: true, ...faults });
    const before = native.liveHandles();
    const runtime = new Runtime({ native });
    const server = serve(handler, { port: 0, backend: "native", runtime });
    const text = faults.maxReceive === 1
      ? get("/1") + post("/echo", "hello") + get("/last", "Connection: close")
      : conversation;
    const clients = await Promise.all(Array.from({ length: 5 }, () => connect(runtime, server.addr, text)));
    await until(() => clients.every(({ closed }) => closed), "all answers");
    for (const client of clients) {
      assertEquals(summary(client.text), faults.maxReceive === 1 ? ["2 /1", "5 hello", "5 /last"] : answers);
    }
    assertEquals([server.stats().refused, server.stats().failed], [0, 0]);
    await server.shutdown();
    assertEquals(server.stats().connections, 0);
    await runtime.quiesce();
    runtime.close();
    await until(() => native.liveHandles() === before, "closing all");
    assertEquals(native.misuses, []);
  });
}

for (const sockets of SOCKETS) {
  const reason = requireAll(sockets.reason, SOCKETS[0].reason);

  testIf(reason, `fault, ${sockets.backend}: reset after any number of bytes of the responses`, async () => {
    await withServer(sockets, handler, async ({ server }) => {
      const runtime = new Runtime();
      for (let at = 1; at < 240_000; at = Math.ceil(at * 1.3)) {
        const client = await connect(runtime, server.addr, conversation);
        client.onBytes = (count) => {
          if (count >= at) client.reset();
        };
        await until(() => client.closed, "the client is gone");
      }
      await until(() => server.stats().connections === 0, "the server noticed");
      assertEquals([server.stats().failed, server.stats().refused], [0, 0]);
      await runtime.quiesce();
      runtime.close();
    });
  });

  testIf(reason, `fault, ${sockets.backend}: reset after any number of bytes of a request`, async () => {
    const failures: unknown[] = [];
    let aborted = 0;
    let begun = 0;
    await withServer(sockets, async (request) => {
      begun++;
      request.signal.addEventListener("abort", () => aborted++);
      await request.text().catch((error) => failures.push(error));
      return Response.text("late");
    }, async ({ server }) => {
      const runtime = new Runtime();
      const text = post("/", "x".repeat(50));
      for (let at = 1; at < text.length; at += 3) {
        const client = await connect(runtime, server.addr, text.slice(0, at));
        await pause(0);
        client.reset();
        await until(() => client.closed, "the client is gone");
      }
      await until(() => server.stats().connections === 0, "the server noticed");
      assert(begun > 5);
      assertEquals([failures.length, aborted], [begun, begun], "every reader and every signal is told");
      assertEquals([server.stats().failed, server.stats().refused], [0, 0]);
      await runtime.quiesce();
      runtime.close();
    });
  });

  testIf(
    reason,
    `fault, ${sockets.backend}: 100 downloads that nobody reads hold little, and end with the server`,
    async () => {
      const content = new Uint8Array(100 << 20);
      await withServer(sockets, () => new Response(content), async ({ server, port }) => {
        const runtime = new Runtime();
        const stalled: Client[] = [];
        const held = Deno.memoryUsage().external;
        for (let i = 0; i < 100; i++) {
          stalled.push(
            await runtime.run(connectTransport(runtime, server.addr, { backend: "native" }, (transport) => {
              const client = new Client(transport, get("/"));
              transport.pauseReading();
              return client;
            })),
          );
        }
        await until(() => server.stats().requests === 100, "all requests");
        await pause(50);
        // Each response is the handler's 20 MiB; what is held besides is a backlog of 64 KiB at most for each.
        const more = Deno.memoryUsage().external - held - 100 * (20 << 20);
        assert(more < 64 << 20, `${more >> 20} MiB besides the content`);
        assertEquals(
          parseResponses(await exchange(port, head("HEAD / HTTP/1.1", "Connection: close")), ["HEAD"])[0]
            .status,
          200,
        );
        for (const client of stalled) client.reset();
        await until(() => server.stats().connections === 0, "the server noticed");
        await runtime.quiesce();
        runtime.close();
      });
    },
  );
}
