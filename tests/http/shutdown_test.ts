/** Servers that end while they are busy. */
import { assert, assertEquals } from "@std/assert";
import { Response, type Server } from "@millrace/millrace/http";
import { parseResponses } from "../../http/testing/wire.ts";
import { testIf } from "../support/skip.ts";
import { pause, RawClient, SOCKETS, until, withServer } from "./support.ts";

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;

for (const sockets of SOCKETS) {
  const test = (name: string, body: () => Promise<void>): void =>
    testIf(sockets.reason, `shutdown, ${sockets.backend}: ${name}`, body);

  test("a handler that ends its own server is answered, and what was pipelined behind it is not", async () => {
    let running: Server | undefined;
    const paths: string[] = [];
    await withServer(sockets, (request) => {
      paths.push(request.path);
      if (request.path === "/end") running!.shutdown();
      return Response.text(request.path);
    }, async ({ port, server }) => {
      using client = await RawClient.connect(port);
      await client.send(get("/1") + get("/end") + get("/3"));
      const responses = parseResponses(await client.readAll());
      assertEquals(responses.map(({ body }) => body), ["/1", "/end"]);
      assertEquals(responses.map(({ fields }) => fields.get("connection")), [undefined, "close"]);
      assertEquals(paths, ["/1", "/end"]);
      client[Symbol.dispose]();
      await server.finished;
    }, { onListen: (server) => running = server });
  });

  test("50 streams that are under way come to their end", async () => {
    await withServer(sockets, () =>
      new Response((async function* () {
        for (let i = 0; i < 20; i++) {
          yield "x".repeat(1000);
          await pause(2);
        }
      })()), async ({ port, server }) => {
      const clients = await Promise.all(Array.from({ length: 50 }, () => RawClient.connect(port)));
      for (const client of clients) await client.send(get("/"));
      await until(() => server.stats().requests === 50, "all requests");
      const done = server.shutdown();
      for (const client of clients) {
        const [response] = parseResponses(await client.readAll());
        assertEquals([response.complete, response.body.length], [true, 20_000]);
        client[Symbol.dispose]();
      }
      await done;
      assertEquals([server.stats().connections, server.stats().failed], [0, 0]);
    });
  });

  test("uploads that are under way come to their end", async () => {
    await withServer(
      sockets,
      async (request) => Response.text(String((await request.bytes()).length)),
      async ({ port, server }) => {
        using client = await RawClient.connect(port);
        await client.send("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n" + "x".repeat(4000));
        await until(() => server.stats().requests === 1, "the request");
        const done = server.shutdown();
        await pause(5);
        await client.send("x".repeat(6000));
        const [response] = parseResponses(await client.readAll());
        assertEquals([response.body, response.fields.get("connection")], ["10000", "close"]);
        client[Symbol.dispose]();
        await done;
      },
    );
  });

  test("a client that never closes is not waited for longer than the linger", async () => {
    await withServer(sockets, () => Response.text("x"), async ({ port, server }) => {
      using client = await RawClient.connect(port);
      await client.send(get("/"));
      await client.readResponses(1);
      const start = performance.now();
      await server.shutdown({ deadlineMs: 60_000 });
      const elapsed = performance.now() - start;
      assert(elapsed > 1500 && elapsed < 4000, `${elapsed} ms`);
    });
  });

  test("many connects while it ends: each is answered or refused, none hangs", async () => {
    await withServer(sockets, () => Response.text("x"), async ({ port, server }) => {
      let answered = 0;
      const asking = Array.from({ length: 100 }, async () => {
        try {
          using client = await RawClient.connect(port);
          await client.send("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
          if ((await client.readAll(5000)).startsWith("HTTP/1.1 200")) answered++;
        } catch (error) {
          assert(
            error instanceof Deno.errors.ConnectionRefused || error instanceof Deno.errors.ConnectionReset,
            String(error),
          );
        }
      });
      await pause(1);
      await server.shutdown();
      await Promise.all(asking);
      assert(answered <= 100);
      assertEquals(server.stats().connections, 0);
    });
  });
}
