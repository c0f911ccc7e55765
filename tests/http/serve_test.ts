/** `serve` from outside: options, limits of connections, shutdown, and a host loop that goes on beside it. */
import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { native } from "../../ffi/load.ts";
import { type Request, Response, serve, SERVE_LIMITS, type Server } from "@millrace/millrace/http";
import { Runtime, sleep } from "@millrace/millrace/runtime";
import { parseResponses } from "../../http/testing/wire.ts";
import { requireNative, testIf } from "../support/skip.ts";
import { exchange, pause, RawClient, SOCKETS, until, withServer } from "./support.ts";

const get = (path: string, fields = ""): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const last = (path: string): string => get(path, "Connection: close\r\n");
const hello = (): Response => Response.text("hello");
const bodyOf = (text: string): string => parseResponses(text)[0].body;

for (const sockets of SOCKETS) {
  const { backend } = sockets;
  const test = (name: string, body: () => Promise<void>): void =>
    testIf(sockets.reason, `serve, ${backend}: ${name}`, body);

  test("answers, counts, and says where it listens", async () => {
    let told: Server | undefined;
    await withServer(sockets, hello, async ({ server, port, url }) => {
      assertEquals(told, server);
      assertEquals([server.backend, url, server.addr.port], [backend, `http://127.0.0.1:${port}`, port]);
      assertEquals(bodyOf(await exchange(port, last("/"))), "hello");
      await until(() => server.stats().connections === 0, "the connection is gone");
      assertEquals(server.stats(), { connections: 0, accepted: 1, requests: 1, refused: 0, failed: 0 });
    }, { onListen: (server) => told = server });
  });

  test("1,000 pipelined requests in order, sync and async, while the client reads late", async () => {
    await withServer(sockets, (request) => {
      const response = Response.text(request.path + "x".repeat(5000));
      return request.path.endsWith("3") ? pause(0).then(() => response) : response;
    }, async ({ port }) => {
      using client = await RawClient.connect(port);
      await client.send(Array.from({ length: 1000 }, (_, i) => get(`/${i}`)).join("") + last("/last"));
      await pause(20);
      const bodies = parseResponses(await client.readAll()).map(({ body }) => body.split("x")[0]);
      assertEquals(bodies, [...Array.from({ length: 1000 }, (_, i) => `/${i}`), "/last"]);
    });
  });

  test("a request split into single bytes", async () => {
    await withServer(sockets, async (request) => Response.text(await request.text()), async ({ port }) => {
      using client = await RawClient.connect(port);
      client.conn.setNoDelay(true);
      const text =
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
      for (const byte of text) {
        await client.send(byte);
        await pause(0);
      }
      assertEquals(bodyOf(await client.readAll()), "hello");
    });
  });

  test("a handler that awaits fetch and a database: the host's loop lives", async () => {
    const database = new DatabaseSync(":memory:");
    database.exec("create table note (text text); insert into note values ('kept')");
    const upstream = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen() {} },
      () => new globalThis.Response("up"),
    );
    try {
      await withServer(sockets, async () => {
        const [answer] = await Promise.all([
          fetch(`http://127.0.0.1:${upstream.addr.port}/`).then((response) => response.text()),
          pause(5),
          sleep(5),
        ]);
        const row = database.prepare("select text from note").get() as { text: string };
        return Response.json({ answer, note: row.text });
      }, async ({ url }) => {
        const answers = await Promise.all(
          Array.from({ length: 20 }, async () => await (await fetch(url)).json()),
        );
        assertEquals(answers, new Array(20).fill({ answer: "up", note: "kept" }));
      });
    } finally {
      database.close();
      await upstream.shutdown();
    }
  });

  test("a client of fetch: bodies both ways, fields, statuses, an abort that is seen", async () => {
    const aborted = Promise.withResolvers<void>();
    await withServer(sockets, async (request: Request) => {
      if (request.path === "/hang") {
        void request.signal;
        // What makes a lost peer known is an attempt to write.
        return new Response((async function* () {
          try {
            while (!request.signal.aborted) {
              yield "x".repeat(1000);
              await pause(2);
            }
          } finally {
            if (request.signal.aborted) aborted.resolve();
          }
        })());
      }
      return Response.json({ body: await request.text(), a: request.headers.get("x-a") }, { status: 202 });
    }, async ({ url }) => {
      const response = await fetch(`${url}/?q=1`, {
        method: "PUT",
        body: "ä".repeat(100_000),
        headers: { "X-A": "b" },
      });
      assertEquals([response.status, await response.json()], [202, { body: "ä".repeat(100_000), a: "b" }]);
      const controller = new AbortController();
      const hanging = await fetch(`${url}/hang`, { signal: controller.signal });
      await hanging.body!.getReader().read();
      controller.abort();
      await aborted.promise;
    });
  });

  test("an endless stream to a fast reader does not starve the others", async () => {
    await withServer(sockets, (request) => {
      if (request.path !== "/endless") return hello();
      const chunk = new Uint8Array(8192);
      return new Response((async function* () {
        for (;;) yield chunk;
      })());
    }, async ({ port }) => {
      const reader = new Deno.Command(Deno.execPath(), {
        args: [
          "eval",
          `
          const conn = await Deno.connect({ hostname: "127.0.0.1", port: ${port} });
          await conn.write(new TextEncoder().encode(${JSON.stringify(get("/endless"))}));
          const buffer = new Uint8Array(1 << 20);
          console.log("reading");
          while (await conn.read(buffer) !== null);
        `,
        ],
        stdout: "piped",
        stderr: "null",
      }).spawn();
      const out = reader.stdout.getReader();
      try {
        await out.read();
        let slowestMs = 0;
        for (let i = 0; i < 20; i++) {
          const start = performance.now();
          assertEquals(bodyOf(await exchange(port, last("/"))), "hello");
          slowestMs = Math.max(slowestMs, performance.now() - start);
        }
        assert(slowestMs < 1000, `another connection waited ${slowestMs} ms`);
      } finally {
        reader.kill();
        await reader.status;
        await out.cancel();
      }
    });
  });

  test("maxConnections: one more waits, and is served when another ends", async () => {
    await withServer(sockets, hello, async ({ port, server }) => {
      const clients = [];
      for (let i = 0; i < 4; i++) clients.push(await RawClient.connect(port));
      for (const client of clients) {
        await client.send(get("/"));
        await client.readResponses(1);
      }
      const waiting = [await RawClient.connect(port), await RawClient.connect(port)];
      for (const client of waiting) await client.send(last("/"));
      await pause(50);
      assertEquals([server.stats().connections, server.stats().accepted], [4, 4]);
      clients[0][Symbol.dispose]();
      for (const client of waiting) {
        assertEquals(bodyOf(await client.readAll()), "hello");
        client[Symbol.dispose]();
      }
      for (const client of clients) client[Symbol.dispose]();
      await until(() => server.stats().connections === 0, "all are gone");
      assertEquals(server.stats().accepted, 6);
    }, { maxConnections: 4 });
  });

  test("maxConnections holds when many connect at once", async () => {
    let most = 0;
    await withServer(sockets, async () => {
      most = Math.max(most, server_!.stats().connections);
      await pause(2);
      return hello();
    }, async ({ port }) => {
      const answers = await Promise.all(Array.from({ length: 60 }, () => exchange(port, last("/"))));
      assertEquals(answers.map(bodyOf), new Array(60).fill("hello"));
    }, { maxConnections: 3, onListen: (server) => server_ = server });
    assert(most <= 3, `${most} connections`);
  });
  let server_: Server | undefined;

  test("shutdown: what is under way finishes, idle connections close, the port is free", async () => {
    const answer = Promise.withResolvers<void>();
    await withServer(sockets, async (request) => {
      if (request.path === "/slow") await answer.promise;
      return hello();
    }, async ({ port, server }) => {
      using idle = await RawClient.connect(port);
      await idle.send(get("/"));
      await idle.readResponses(1);
      using busy = await RawClient.connect(port);
      await busy.send(get("/slow"));
      await until(() => server.stats().requests === 2, "both requests");
      let done = false;
      const shutdown = server.shutdown().then(() => done = true);
      assertEquals(server.shutdown(), server.shutdown());
      assertEquals(parseResponses(await idle.readAll(), [], true).length, 1);
      idle[Symbol.dispose]();
      await assertRejects(() => RawClient.connect(port), Deno.errors.ConnectionRefused);
      assertEquals(done, false);
      answer.resolve();
      const [response] = parseResponses(await busy.readAll());
      assertEquals([response.status, response.fields.get("connection")], [200, "close"]);
      busy[Symbol.dispose]();
      await shutdown;
      await server.finished;
      const runtime = new Runtime();
      await serve(hello, { port, backend, runtime }).shutdown();
      runtime.close();
    });
  });

  test("shutdown: at the deadline what is left is cut off, and the handler is told", async () => {
    let signal: AbortSignal | undefined;
    await withServer(sockets, (request) => {
      signal = request.signal;
      return new Promise(() => {});
    }, async ({ port, server }) => {
      using client = await RawClient.connect(port);
      await client.send(get("/"));
      await until(() => signal !== undefined, "the request");
      const start = performance.now();
      await server.shutdown({ deadlineMs: 50 });
      const elapsed = performance.now() - start;
      assert(elapsed >= 45 && elapsed < 2000, `${elapsed} ms`);
      assert(signal!.aborted);
      assertEquals(await client.readAll(), "");
      assertEquals(server.stats().connections, 0);
    });
  });

  test("shutdown: a wrong deadline is refused, nothing has happened", async () => {
    await withServer(sockets, hello, async ({ port, server }) => {
      assertThrows(() => server.shutdown({ deadlineMs: -1 }), RangeError);
      assertThrows(() => server.shutdown({ deadlineMs: NaN }), RangeError);
      assertEquals(bodyOf(await exchange(port, last("/"))), "hello");
    });
  });

  test("a signal shuts down; one that was aborted before is an error, and nothing listens", async () => {
    const controller = new AbortController();
    await withServer(sockets, hello, async ({ port, server }) => {
      controller.abort();
      await server.finished;
      await assertRejects(() => RawClient.connect(port), Deno.errors.ConnectionRefused);
    }, { signal: controller.signal });
    const reason = new Error("not today");
    const runtime = new Runtime();
    assertThrows(
      () => serve(hello, { port: 0, backend, runtime, signal: AbortSignal.abort(reason) }),
      Error,
      "not today",
    );
    await runtime.quiesce();
    runtime.close();
  });

  test("a port that is taken is EADDRINUSE, with the address", async () => {
    await withServer(sockets, hello, async ({ port }) => {
      const runtime = new Runtime();
      const error = assertThrows(() => serve(hello, { port, backend, runtime }), Error);
      assertEquals((error as Error & { code: string }).code, "EADDRINUSE");
      assertStringIncludes(error.message, `127.0.0.1:${port}`);
      await runtime.quiesce();
      runtime.close();
      await Promise.resolve();
    });
  });

  test("an onListen that throws leaves nothing open", async () => {
    const runtime = new Runtime();
    let port = 0;
    assertThrows(
      () =>
        serve(hello, {
          port: 0,
          backend,
          runtime,
          onListen: (server) => {
            port = server.addr.port;
            throw new Error("no");
          },
        }),
      Error,
      "no",
    );
    await runtime.quiesce();
    runtime.close();
    await pause(10);
    await assertRejects(() => RawClient.connect(port), Deno.errors.ConnectionRefused);
  });

  test("the default onError writes to the console and answers 500", async () => {
    await withServer(sockets, () => {
      throw new Error("secret");
    }, async ({ port }) => {
      const text = await exchange(port, last("/x"));
      assertEquals(parseResponses(text)[0].status, 500);
      assert(!text.includes("secret"));
    }, { logs: 1 });
  });

  test("10,000 requests over 100 connections, no descriptor is left", async () => {
    await withServer(
      sockets,
      (request) => request.path === "/async" ? Promise.resolve(hello()) : hello(),
      async ({ port, server }) => {
        await Promise.all(Array.from({ length: 100 }, async (_, i) => {
          using client = await RawClient.connect(port);
          const path = i % 2 === 0 ? "/" : "/async";
          for (let n = 1; n <= 99; n++) {
            await client.send(get(path));
            await client.readResponses(n);
          }
          await client.send(last(path));
          assertEquals(parseResponses(await client.readAll()).length, 100);
        }));
        assertEquals([server.stats().requests, server.stats().accepted], [10_000, 100]);
        await until(() => server.stats().connections === 0, "all are gone");
      },
    );
  });

  test("200 slow clients do not hold up a fast one", async () => {
    await withServer(
      sockets,
      async (request) => Response.text(await request.text()),
      async ({ port, server }) => {
        const slow = await Promise.all(Array.from({ length: 200 }, () => RawClient.connect(port)));
        const text =
          "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 20\r\n\r\n01234567890123456789";
        let sent = 0;
        let fast = 0;
        const step = Math.ceil(text.length / 20);
        for (; sent < text.length; sent += step) {
          await Promise.all(slow.map((client) => client.send(text.slice(sent, sent + step))));
          const start = performance.now();
          assertEquals(bodyOf(await exchange(port, last("/"))), "");
          fast = Math.max(fast, performance.now() - start);
        }
        for (const client of slow) {
          assertEquals(bodyOf(await client.readAll()), "01234567890123456789");
          client[Symbol.dispose]();
        }
        assert(fast < 500, `the fast one waited ${fast} ms`);
        await until(() => server.stats().connections === 0, "all are gone");
      },
    );
  });
}

Deno.test("options that cannot be are refused before anything listens", () => {
  const wrong: [Record<string, unknown>, string][] = [
    [{ maxConnections: 0 }, "maxConnections"],
    [{ headTimeoutMs: 0 }, "headTimeoutMs"],
    [{ headTimeoutMs: -1 }, "headTimeoutMs"],
    [{ bodyTimeoutMs: NaN }, "bodyTimeoutMs"],
    [{ idleTimeoutMs: "5" }, "idleTimeoutMs"],
    [{ maxBodyBytes: -1 }, "maxBodyBytes"],
    [{ port: 65_536 }, "65536"],
    [{ port: -1 }, "-1"],
    [{ port: 1.5 }, "1.5"],
    [{ backend: "neither" }, "neither"],
  ];
  for (const [options, word] of wrong) {
    const error = assertThrows(() => serve(hello, { port: 0, backend: "host", ...options }), Error);
    assertStringIncludes(error.message, word);
  }
  assertThrows(() => serve("handler" as unknown as () => Response), TypeError, "handler");
  assertEquals(SERVE_LIMITS.maxBodyBytes, 1_073_741_824);
});

testIf(requireNative(), "auto takes the native sockets where they are", async () => {
  const runtime = new Runtime();
  const before = native().liveHandles();
  await using server = serve(hello, { port: 0, runtime });
  assertEquals(server.backend, "native");
  await server.shutdown();
  runtime.close();
  await until(() => native().liveHandles() === before, "closing");
});
