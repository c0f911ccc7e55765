/** Clients of other people against `serve`, over both backends. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { crypto } from "@std/crypto";
import { type Handler, type Request, Response, type Server } from "@millrace/millrace/http";
import { sleep } from "@millrace/millrace/runtime";
import { parseResponses } from "../../http/testing/wire.ts";
import { exchange, RawClient, SOCKETS, withServer } from "../http/support.ts";
import { Chromium } from "../support/chromium.ts";
import { requireAll, requireNoAsan, requireTool, testIf, toolEnv } from "../support/skip.ts";

const page = `<!doctype html><title>Millrace</title><link rel=stylesheet href=style.css><p id=out>waiting</p>
<script type=module>
const answer = await (await fetch("/json")).json();
const echoed = await (await fetch("/echo", { method: "POST", body: "x".repeat(100_000) })).text();
document.getElementById("out").textContent = answer.message + " " + echoed.length;
</script>`;

const handler: Handler = async (request: Request) => {
  switch (request.path) {
    case "/":
      return Response.text("Hello, World!");
    case "/json":
      return Response.json({ message: "Hello, World!" });
    case "/page":
      return Response.html(page);
    case "/style.css":
      return new Response("p { color: green }", { headers: { "content-type": "text/css" } });
    case "/echo":
      return new Response(request.body, {
        headers: { "content-type": request.field("content-type") ?? "x/y" },
      });
    case "/length":
      return Response.text(String((await request.bytes()).length));
    case "/stream":
      return new Response((async function* () {
        for (let i = 0; i < 5; i++) {
          yield `${i}\n`;
          await sleep(2);
        }
      })());
    case "/large":
      return new Response(new Uint8Array(8 << 20).fill(97));
    case "/redirect":
      return Response.redirect("/json");
    case "/empty":
      return Response.empty();
    case "/late":
      await sleep(5);
      return Response.text(request.field("x-number") ?? "late");
    default:
      return Response.text("not found", { status: 404 });
  }
};

interface Output {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** Runs a program to its end; after a minute it is killed. */
async function run(command: string, args: string[], env: Record<string, string> = {}): Promise<Output> {
  const child = new Deno.Command(command, {
    args,
    clearEnv: true,
    env: toolEnv(env),
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const timer = setTimeout(() => child.kill("SIGKILL"), 60_000);
  const { code, stdout, stderr } = await child.output();
  clearTimeout(timer);
  const decoder = new TextDecoder();
  return { code, out: decoder.decode(stdout), err: decoder.decode(stderr) };
}

/** curl, which must succeed. */
async function curl(...args: string[]): Promise<string> {
  const { code, out, err } = await run("curl", ["--silent", "--show-error", "--max-time", "30", ...args]);
  assertEquals(code, 0, err);
  return out;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return [...new Uint8Array(await crypto.subtle.digest("SHA-256", bytes))].join();
}

for (const sockets of SOCKETS) {
  const interop = (tool: string, name: string, body: (url: string, server: Server) => Promise<void>): void =>
    testIf(
      requireAll(sockets.reason, requireTool(tool)),
      `interop, ${sockets.backend}: ${name}`,
      () => withServer(sockets, handler, ({ url, server }) => body(url, server)),
    );

  interop("curl", "curl, HTTP/1.1 and HTTP/1.0", async (url) => {
    for (const version of ["--http1.1", "--http1.0"]) {
      assertEquals(await curl(version, `${url}/`), "Hello, World!");
      assertEquals(await curl(version, `${url}/json`), '{"message":"Hello, World!"}');
      assertEquals(await curl(version, `${url}/stream`), "0\n1\n2\n3\n4\n");
      assertEquals(await curl(version, "-d", "abc", `${url}/echo`), "abc");
      assertEquals((await curl(version, `${url}/large`)).length, 8 << 20);
      assertEquals(await curl(version, "-L", `${url}/redirect`), '{"message":"Hello, World!"}');
      assertEquals(
        await curl(version, "-o", "/dev/null", "-w", "%{http_code} %{size_download}", `${url}/empty`),
        "204 0",
      );
    }
  });

  interop("curl", "curl: HEAD", async (url) => {
    for (const version of ["--http1.1", "--http1.0"]) {
      const head = await curl(version, "--head", `${url}/`);
      assertMatch(head, /^HTTP\/1\.1 200 OK\r\n/);
      assertStringIncludes(head, "content-length: 13\r\n");
    }
  });

  interop("curl", "curl: many requests on one connection", async (url) => {
    const paths = Array.from({ length: 20 }, (_, i) => ["/", "/json", "/late", "/stream", "/empty"][i % 5]);
    const args = paths.flatMap((path, i) => [
      ...(i === 0 ? [] : ["--next"]),
      "--silent",
      "-o",
      "/dev/null",
      "-w",
      "%{http_code} %{num_connects}\\n",
      `${url}${path}`,
    ]);
    const lines = (await curl(...args)).trim().split("\n");
    assertEquals(lines.length, 20);
    assertEquals(lines[0], "200 1");
    lines.slice(1).forEach((line, i) => assertEquals(line, `${paths[i + 1] === "/empty" ? 204 : 200} 0`));
  });

  interop("curl", "curl: chunked upload, Expect: 100-continue and what comes of it", async (url) => {
    const file = await Deno.makeTempFile();
    try {
      await Deno.writeFile(file, new Uint8Array(300_000).fill(98));
      assertEquals(await curl("--http1.1", "-T", file, `${url}/length`), "300000");
      assertEquals(
        await curl("--http1.1", "-T", file, "-H", "Transfer-Encoding: chunked", `${url}/length`),
        "300000",
      );
      const { out, err } = await run("curl", [
        "-sv",
        "-H",
        "Expect: 100-continue",
        "-T",
        file,
        `${url}/length`,
      ]);
      assertEquals(out, "300000");
      assertStringIncludes(err, "HTTP/1.1 100 Continue");
      // Not asked for, not sent.
      const refused = await run("curl", ["-sv", "-H", "Expect: 100-continue", "-T", file, `${url}/nowhere`]);
      assertEquals(refused.out, "not found");
      assert(!refused.err.includes("100 Continue"));
    } finally {
      await Deno.remove(file);
    }
  });

  interop("curl", "curl echoes 64 MiB intact", async (url) => {
    const sent = new Uint8Array(64 << 20);
    for (let at = 0; at < sent.length; at += 4) sent[at] = (at * 2654435761) >>> 24;
    const folder = await Deno.makeTempDir();
    try {
      await Deno.writeFile(`${folder}/in`, sent);
      await curl("--http1.1", "--data-binary", `@${folder}/in`, "-o", `${folder}/out`, `${url}/echo`);
      const received = await Deno.readFile(`${folder}/out`);
      assertEquals(received.length, sent.length);
      assertEquals(await sha256(received), await sha256(sent));
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  });

  testIf(
    requireAll(sockets.reason, requireTool("chromium"), requireNoAsan()),
    {
      name: `interop, ${sockets.backend}: Chromium loads a page, its style and its data`,
      // Chromium's own pipes.
      sanitizeResources: false,
      fn: () =>
        withServer(sockets, handler, async ({ url }) => {
          await using browser = await Chromium.launch();
          const tab = await browser.open(`${url}/page`);
          await tab.waitFor(`document.getElementById("out").textContent === "Hello, World! 100000"`);
          assertEquals(
            await tab.evaluate("getComputedStyle(document.getElementById('out')).color"),
            "rgb(0, 128, 0)",
          );
          assertEquals(tab.problems.filter((problem) => !problem.includes("favicon")), []);
        }),
    },
  );

  for (const batch of [1, 16]) {
    interop("wrk", `wrk, ${batch} at a time`, async (url) => {
      const script = await Deno.makeTempFile({ suffix: ".lua" });
      try {
        await Deno.writeTextFile(
          script,
          `
          local format = wrk.format
          wrk.format = function(...) return string.rep(format(...), ${batch}) end
          local threads = {}
          function done(summary)
            local e = summary.errors
            io.write(string.format("RESULT %d %d\\n", summary.requests, e.connect + e.read + e.write + e.status + e.timeout))
          end`,
        );
        const { out, err } = await run("wrk", ["-t1", "-c16", "-d1s", "-s", script, `${url}/`]);
        const [, requests, errors] = /RESULT (\d+) (\d+)/.exec(out) ?? [];
        assert(Number(requests) > 1000, `${requests} requests; ${err}`);
        assertEquals(errors, "0");
      } finally {
        await Deno.remove(script);
      }
    });
  }

  interop("node", "node: an agent that keeps its connections", async (url, server) => {
    const script = `
      const http = require("node:http");
      const agent = new http.Agent({ keepAlive: true, maxSockets: 4 });
      const ask = (path, { method = "GET", body, headers } = {}) => new Promise((resolve, reject) => {
        const request = http.request(${
      JSON.stringify(url)
    } + path, { agent, method, headers }, (response) => {
          let text = "";
          response.setEncoding("utf8").on("data", (piece) => text += piece)
            .on("end", () => resolve([response.statusCode, text, request.reusedSocket])).on("error", reject);
        });
        request.on("error", reject).end(body);
      });
      (async () => {
        const answers = await Promise.all(Array.from({ length: 200 }, (_, i) => ask("/late", { headers: { "x-number": i } })));
        answers.forEach(([status, text], i) => { if (status !== 200 || text !== String(i)) throw new Error(text); });
        const [, echoed] = await ask("/echo", { method: "POST", body: "ä".repeat(50000) });
        if (echoed !== "ä".repeat(50000)) throw new Error("echo");
        const [status, empty, reused] = await ask("/empty", { method: "DELETE" });
        console.log(status, empty.length, reused);
        agent.destroy();
      })();`;
    const { out, err, code } = await run("node", ["-e", script]);
    assertEquals([out.trim(), code], ["204 0 true", 0], err);
    assertEquals([server.stats().accepted, server.stats().requests], [4, 202]);
  });

  testIf(
    sockets.reason,
    `interop, ${sockets.backend}: Deno's fetch, many at once, streams both ways`,
    () =>
      withServer(sockets, handler, async ({ url }) => {
        const texts = await Promise.all(Array.from({ length: 100 }, async (_, i) => {
          const response = await fetch(`${url}/late`, { headers: { "x-number": String(i) } });
          return await response.text();
        }));
        assertEquals(texts, Array.from({ length: 100 }, (_, i) => String(i)));
        const body = ReadableStream.from((async function* () {
          for (let i = 0; i < 50; i++) {
            yield new TextEncoder().encode(`${i};`);
            if (i % 10 === 0) await sleep(1);
          }
        })());
        const echoed = await (await fetch(`${url}/echo`, { method: "POST", body })).text();
        assertEquals(echoed, Array.from({ length: 50 }, (_, i) => `${i};`).join(""));
        const { body: stream } = await fetch(`${url}/large`);
        let length = 0;
        for await (const chunk of stream!) length += chunk.length;
        assertEquals(length, 8 << 20);
        const form = new FormData();
        form.set("file", new File(["x".repeat(10_000)], "a.txt"));
        assertEquals(
          Number(await (await fetch(`${url}/length`, { method: "POST", body: form })).text()) > 10_000,
          true,
        );
      }),
  );

  testIf(
    sockets.reason,
    `interop, ${sockets.backend}: HTTP/1.0 with keep-alive, as ab speaks it`,
    () =>
      withServer(sockets, handler, async ({ port }) => {
        using client = await RawClient.connect(port);
        for (let i = 1; i <= 20; i++) {
          await client.send(
            "GET / HTTP/1.0\r\nConnection: Keep-Alive\r\nHost: a\r\nUser-Agent: ApacheBench/2.3\r\nAccept: */*\r\n\r\n",
          );
          await client.readResponses(i);
        }
        const responses = parseResponses(client.received);
        assertEquals(
          responses.map(({ fields }) => fields.get("connection")),
          new Array(20).fill("keep-alive"),
        );
        assertEquals(responses.map(({ body }) => body), new Array(20).fill("Hello, World!"));
      }),
  );

  testIf(
    sockets.reason,
    `interop, ${sockets.backend}: a line typed by hand`,
    () =>
      withServer(sockets, handler, async ({ port }) => {
        assertEquals(parseResponses(await exchange(port, "GET / HTTP/1.0\r\n\r\n"))[0].body, "Hello, World!");
        const [stream] = parseResponses(await exchange(port, "GET /stream HTTP/1.0\r\n\r\n"), [], true);
        assertEquals([stream.body, stream.framing], ["0\n1\n2\n3\n4\n", "close"]);
      }),
  );
}
