/** Bad input against a real server: the right status, the connection closed, the server goes on, nobody is told. */
import { assert, assertEquals } from "@std/assert";
import { type Request, Response, SERVE_LIMITS } from "@millrace/millrace/http";
import { parseResponses } from "../../http/testing/wire.ts";
import { testIf } from "../support/skip.ts";
import { exchange, pause, RawClient, SOCKETS, until, withServer } from "./support.ts";

const HOST = "Host: a\r\n";
const NEXT = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";
const get = (fields: string): string => `GET / HTTP/1.1\r\n${fields}\r\n`;
const post = (fields: string, body = ""): string => `POST / HTTP/1.1\r\n${HOST}${fields}\r\n${body}`;
const chunked = (body: string): string => post("Transfer-Encoding: chunked\r\n", body);

/** Name, bytes, the status that they deserve. */
const CASES: readonly (readonly [name: string, bytes: string, status: number])[] = [
  ["malformed request line: no version", "GET /\r\n\r\n", 400],
  ["malformed request line: two spaces", `GET  / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["malformed request line: space at its end", `GET / HTTP/1.1 \r\n${HOST}\r\n`, 400],
  ["malformed request line: no HTTP at all", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400],
  ["malformed request line: another protocol's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400],
  ["a version that nobody speaks", `GET / HTTP/3.1\r\n${HOST}\r\n`, 505],
  ["a target with a space", `GET /a b HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a target with a fragment", `GET /a#b HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a target with a control character", `GET /\x01 HTTP/1.1\r\n${HOST}\r\n`, 400],
  ["a target that is too long", `GET /${"x".repeat(9000)} HTTP/1.1\r\n${HOST}\r\n`, 414],
  ["unknown method", `BREW / HTTP/1.1\r\n${HOST}\r\n`, 501],
  ["unknown method without end", `${"A".repeat(3000)} / HTTP/1.1\r\n${HOST}\r\n`, 501],
  ["CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n", 501],
  ["bad chunk: no hex", chunked("x\r\n"), 400],
  ["bad chunk: more than its size", chunked("2\r\nabc\r\n0\r\n\r\n"), 400],
  ["bad chunk: a trailer without colon", chunked("0\r\nx\r\n\r\n"), 400],
  ["bad chunk: trailers without end", chunked("0\r\n" + "x: y\r\n".repeat(3000) + "\r\n"), 431],
  ["two content-lengths", post("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"), 400],
  ["content-length as a list", post("Content-Length: 3, 3\r\n", "abc"), 400],
  [
    "content-length and transfer-encoding",
    post("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    400,
  ],
  [
    "transfer-encoding and content-length",
    post("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n", "0\r\n\r\n"),
    400,
  ],
  [
    "disguised transfer-encoding, CVE-2020-8287, 2021-21299: doubled",
    post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", "0\r\n\r\n"),
    400,
  ],
  ["disguised transfer-encoding: obfuscated", post("Transfer-Encoding: xchunked\r\n", "0\r\n\r\n"), 400],
  [
    "disguised transfer-encoding: behind a vertical tab",
    post("Transfer-Encoding: \x0bchunked\r\n", "0\r\n\r\n"),
    400,
  ],
  ["disguised transfer-encoding: identity", post("Transfer-Encoding: identity\r\n"), 400],
  ["transfer-encoding that is not ours", post("Transfer-Encoding: gzip, chunked\r\n", "0\r\n\r\n"), 501],
  [
    "transfer-encoding in HTTP/1.0",
    `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ["obs-fold", get(`${HOST}X: a\r\n b\r\n`), 400],
  ["obs-fold of the first field", `GET / HTTP/1.1\r\n ${HOST}\r\n`, 400],
  ["NUL in a field", get(`${HOST}X: a\0b\r\n`), 400],
  ["NUL in a name", get(`${HOST}X\0: a\r\n`), 400],
  ["a field without colon", get(`${HOST}X\r\n`), 400],
  ["a field without name", get(`${HOST}: x\r\n`), 400],
  ["bare LF in a head", `GET / HTTP/1.1\nHost: a\n\n`, 400],
  ["bare LF in a field", get(`${HOST}X: a\nY: b\r\n`), 400],
  ["bare LF in chunk lines, CVE-2025-22871", chunked("5\nhello\r\n0\r\n\r\n"), 400],
  ["lone CR, CVE-2025-23167, 2023-30589: before a field", get(`${HOST}\rX: y\r\n`), 400],
  ["lone CR in a field", get(`${HOST}X: a\rb\r\n`), 400],
  ["lone CR in a chunk line", chunked("5\rXhello\r\n0\r\n\r\n"), 400],
  ["space before the colon or the name, CVE-2024-27982", post("Content-Length : 5\r\n", "hello"), 400],
  ["space before the name", post("X: y\r\n Content-Length: 5\r\n", "hello"), 400],
  [
    "number parsing, CVE-2021-32714, -32715: chunk size overflow",
    chunked("ffffffffffffffff1\r\nabc\r\n0\r\n\r\n"),
    400,
  ],
  ["number parsing: +3", post("Content-Length: +3\r\n", "abc"), 400],
  ["number parsing: 0x3", chunked("0x3\r\nabc\r\n0\r\n\r\n"), 400],
  ["number parsing: 1_0", chunked("1_0\r\nabc\r\n0\r\n\r\n"), 400],
  ["number parsing: negative", post("Content-Length: -1\r\n", "abc"), 400],
  ["number parsing: larger than any", post("Content-Length: 18446744073709551619\r\n", "abc"), 400],
  ["chunk extensions, CVE-2024-22019, 2023-39326", chunked("1;" + "e".repeat(100_000)), 400],
  [
    "chunk extensions, a few in each of many chunks",
    chunked("1;eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee\r\na\r\n".repeat(1000)),
    400,
  ],
  ["missing Host", "GET / HTTP/1.1\r\n\r\n", 400],
  ["doubled Host", get(`${HOST}${HOST}`), 400],
  ["malformed Host", get("Host: a b\r\n"), 400],
  ["Host with a path", get("Host: a/b\r\n"), 400],
  ["empty Host", get("Host:\r\n"), 400],
  ["oversize head in one field", get(`${HOST}X: ${"x".repeat(20_000)}\r\n`), 431],
  ["oversize head without end", get(`${HOST}X: ${"x".repeat(1_000_000)}`), 431],
  ["too many fields", get(HOST + "X: y\r\n".repeat(101)), 431],
  ["oversize body by content-length", post("Content-Length: 1001\r\n", "x".repeat(1001)), 413],
  ["oversize body in chunks", chunked("3e8\r\n" + "x".repeat(1000) + "\r\n1\r\nx\r\n0\r\n\r\n"), 413],
];

async function readAll(request: Request): Promise<Response> {
  if (request.path === "/fine") return Response.text("fine");
  return Response.text(`${(await request.text()).length} of ${request.path}`);
}

for (const sockets of SOCKETS) {
  testIf(sockets.reason, {
    name: `hostile, ${sockets.backend}`,
    fn: async (t) => {
      await withServer(sockets, readAll, async ({ port, server }) => {
        for (const [name, bytes, status] of CASES) {
          await t.step(name, async () => {
            const refused = server.stats().refused;
            const text = await exchange(port, bytes + NEXT);
            assertEquals(parseResponses(text).map((response) => response.status), [status]);
            const [{ fields, body }] = parseResponses(text);
            assertEquals([fields.get("connection"), fields.get("content-type")], [
              "close",
              "text/plain;charset=UTF-8",
            ]);
            assert(body.startsWith(`${status} `) && body.length < 60, body);
            assertEquals(server.stats().refused, refused + 1);
            // The server goes on.
            const fine = await exchange(port, "GET /fine HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
            assertEquals(parseResponses(fine)[0].body, "fine");
          });
        }
        assertEquals(server.stats().failed, 0);
      }, { maxBodyBytes: 1000 });
    },
  });

  testIf(
    sockets.reason,
    `hostile, ${sockets.backend}: refused behind good requests, byte by byte`,
    async () => {
      await withServer(sockets, readAll, async ({ port }) => {
        for (const [name, bytes, status] of CASES) {
          if (bytes.length > 200) continue;
          using client = await RawClient.connect(port);
          client.conn.setNoDelay(true);
          await client.send("GET /fine HTTP/1.1\r\nHost: a\r\n\r\n");
          for (const byte of bytes) await client.send(byte);
          const statuses = parseResponses(await client.readAll()).map((response) => response.status);
          assertEquals(statuses, [200, status], name);
        }
      }, { maxBodyBytes: 1000 });
    },
  );

  testIf(
    sockets.reason,
    `hostile, ${sockets.backend}: __proto__ as a field, query key or JSON key`,
    async () => {
      await withServer(sockets, async (request) => {
        const body = await request.json();
        const plain: Record<string, unknown> = {
          field: request.headers.get("__proto__"),
          query: request.query,
        };
        for (const [name, value] of request.headers) plain[name] ??= value;
        return Response.json({
          ...plain,
          keys: Object.keys(body),
          polluted: ({} as { x?: number }).x ?? null,
        });
      }, async ({ port }) => {
        const body = '{"__proto__":{"x":1}}';
        const text = await exchange(
          port,
          `POST /?__proto__=1 HTTP/1.1\r\n${HOST}__proto__: f\r\nconstructor: c\r\nConnection: close\r\n` +
            `Content-Length: ${body.length}\r\n\r\n${body}`,
        );
        const answer = JSON.parse(parseResponses(text)[0].body);
        assertEquals([answer.field, answer.query, answer.keys, answer.polluted], ["f", "__proto__=1", [
          "__proto__",
        ], null]);
        assertEquals(({} as { x?: number }).x, undefined);
      });
    },
  );

  testIf(sockets.reason, `hostile, ${sockets.backend}: one-byte chunks`, async () => {
    await withServer(sockets, async (request) => {
      if (request.path === "/fine") return Response.text("fine");
      let bytes = 0;
      for await (const chunk of request.body!) bytes += chunk.length;
      return Response.text(String(bytes));
    }, async ({ port }) => {
      using client = await RawClient.connect(port);
      const count = 600_000;
      const sending = client.send(
        `POST / HTTP/1.1\r\n${HOST}Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n` +
          "1\r\nx\r\n".repeat(count) + "0\r\n\r\n",
      );
      // Other connections are served meanwhile.
      let served = 0;
      let slowestMs = 0;
      while (served < 20) {
        const start = performance.now();
        await exchange(port, `GET /fine HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
        slowestMs = Math.max(slowestMs, performance.now() - start);
        served++;
      }
      await sending;
      assertEquals(parseResponses(await client.readAll(30_000))[0].body, String(count));
      assert(slowestMs < 2000, `another connection waited ${slowestMs} ms`);
    });
  });

  testIf(
    sockets.reason,
    `hostile, ${sockets.backend}: upgrade with a body: never read as a request`,
    async () => {
      const paths: string[] = [];
      await withServer(sockets, (request) => {
        paths.push(request.path);
        return Response.text("no upgrade here");
      }, async ({ port }) => {
        await exchange(
          port,
          `GET / HTTP/1.1\r\n${HOST}Connection: upgrade, close\r\nUpgrade: websocket\r\nContent-Length: ${NEXT.length}\r\n\r\n${NEXT}`,
        );
        assertEquals(paths, ["/"]);
      });
    },
  );

  testIf(
    sockets.reason,
    `hostile, ${sockets.backend}: guards by-passed by spelling: the handler sees what was sent`,
    async () => {
      await withServer(
        sockets,
        (request) => Response.text(`${request.method} ${request.path}`),
        async ({ port }) => {
          for (
            const [target, path] of [
              ["/%73ecret", "/%73ecret"],
              ["//secret/", "//secret/"],
              ["/secret;x", "/secret;x"],
              ["/a/../secret", "/a/../secret"],
              ["http://b/secret", "/secret"],
            ]
          ) {
            const text = await exchange(port, `GET ${target} HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
            assertEquals(parseResponses(text)[0].body, `GET ${path}`);
          }
        },
      );
    },
  );

  testIf(sockets.reason, `hostile, ${sockets.backend}: slow heads, slow bodies, idle connects`, async () => {
    const options = {
      headTimeoutMs: 300,
      bodyTimeoutMs: 300,
      idleTimeoutMs: 300,
    };
    await withServer(sockets, readAll, async ({ port, server }) => {
      const started = performance.now();
      const slow = async (first: string, step: string, wanted: number[]) => {
        using client = await RawClient.connect(port);
        if (first !== "") await client.send(first);
        const reading = client.readAll();
        const drip = step === "" ? 0 : setInterval(() => client.send(step), 40);
        const statuses = parseResponses(await reading).map((response) => response.status);
        clearInterval(drip);
        assertEquals(statuses, wanted, first);
      };
      const clients: Promise<void>[] = [];
      for (let i = 0; i < 40; i++) {
        clients.push(
          slow("", "", []),
          slow("GET / HT", "", [408]),
          slow(`GET / HTTP/1.1\r\n${HOST}X: `, "x", [408]),
          slow(post("Content-Length: 1000\r\n", "abc"), "", [408]),
          slow(get(HOST), "", [200]),
        );
      }
      await until(() => server.stats().connections === 200, "200 connections");
      // The server goes on meanwhile.
      const fine = await exchange(port, `GET /fine HTTP/1.1\r\n${HOST}Connection: close\r\n\r\n`);
      assertEquals(parseResponses(fine)[0].body, "fine");
      await Promise.all(clients);
      const elapsed = performance.now() - started;
      assert(elapsed > 250 && elapsed < 5000, `after ${elapsed} ms`);
      assertEquals(server.stats().refused, 120);
    }, options);
  });

  testIf(sockets.reason, `hostile, ${sockets.backend}: a client that goes away at any moment`, async () => {
    await withServer(sockets, readAll, async ({ port, server }) => {
      const bytes = post("Content-Length: 10\r\n", "0123456789") + chunked("5\r\nhello\r\n0\r\n\r\n");
      for (let at = 0; at <= bytes.length; at += 3) {
        using client = await RawClient.connect(port);
        if (at > 0) await client.send(bytes.slice(0, at));
        if (at % 2 === 0) await pause(0);
      }
      await until(() => server.stats().connections === 0, "all are gone");
      assertEquals(server.stats().failed, 0);
    });
  });
}

Deno.test("the limits of a server are what is documented", () => {
  assertEquals(SERVE_LIMITS.headTimeoutMs, 15_000);
  assertEquals([SERVE_LIMITS.maxHeadBytes, SERVE_LIMITS.maxFieldCount, SERVE_LIMITS.maxTargetBytes], [
    16_384,
    100,
    8192,
  ]);
});
