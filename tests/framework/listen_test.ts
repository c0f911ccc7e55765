/**
 * An app behind a real socket, and an app where nothing native may load.
 * @module
 */
import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import {
  Body,
  Controller,
  createApp,
  Get,
  Header,
  type Incoming,
  Module,
  type OnApplicationShutdown,
  Param,
  ParseIntPipe,
  Post,
  Req,
} from "@millrace/millrace/framework";
import type { Request as OurRequest } from "@millrace/millrace/http";
import { Runtime } from "@millrace/millrace/runtime";

@Controller()
class Site implements OnApplicationShutdown {
  static closed = 0;

  @Get()
  hello(): string {
    return "Hello, World!";
  }
  @Get("/users/:id", Param("id", ParseIntPipe), Header("x-tag"))
  user(id: number, tag?: string): unknown {
    return { id, tag };
  }
  @Post("/echo", Body())
  echo(body: unknown): unknown {
    return body;
  }
  @Get("/ours", Req())
  ours({ path, query }: OurRequest): unknown {
    return { path, query };
  }
  @Get("/either", Req())
  either({ path, remoteAddr }: Incoming): unknown {
    return { path, from: String(remoteAddr).split(":")[0] };
  }
  @Get("/files/*path", Param("path"))
  files(path: string): string {
    return `<${path}>`;
  }
  onApplicationShutdown(): void {
    Site.closed++;
  }
}

@Module({ controllers: [Site] })
class AppModule {}

async function raw(hostname: string, port: number, text: string): Promise<string> {
  using connection = await Deno.connect({ hostname, port });
  await connection.write(new TextEncoder().encode(text));
  return await new globalThis.Response(connection.readable).text();
}

/** Runs with a runtime of its own, so that nothing of the process's one is left for other tests to find. */
async function withRuntime(test: (runtime: Runtime) => Promise<void>): Promise<void> {
  const runtime = new Runtime();
  try {
    await test(runtime);
    await runtime.quiesce();
  } finally {
    runtime.close();
  }
}

for (const backend of ["host", "auto"] as const) {
  Deno.test({
    name: `listen: the same app over a socket (${backend})`,
    // The native library stays loaded for the life of the process.
    sanitizeResources: false,
    fn: () =>
      withRuntime(async (runtime) => {
        const before = Site.closed;
        const app = createApp(AppModule);
        const chosen = backend === "host" ? { backend } : {};
        const server = await app.listen({ port: 0, runtime, maxBodyBytes: 100, ...chosen });
        const url = server.url;
        assertEquals(await (await fetch(url)).text(), "Hello, World!");
        const user = await fetch(`${url}/users/7`, { headers: [["x-tag", "a"], ["x-tag", "b"]] });
        assertEquals(await user.json(), { id: 7, tag: "a, b" });
        assertEquals(
          (await (await fetch(`${url}/users/seven`)).json()).message,
          'param "id" must be an integer',
        );
        const headers = { "content-type": "application/json" };
        const echo = await fetch(`${url}/echo`, { method: "POST", body: '{"a":"é"}', headers });
        assertEquals([echo.status, await echo.json()], [201, { a: "é" }]);
        const bad = await fetch(`${url}/echo`, { method: "POST", body: "{", headers });
        assertEquals([bad.status, (await bad.json()).path], [400, "/echo"]);
        const large = await fetch(`${url}/echo`, { method: "POST", body: "x".repeat(101), headers });
        const { timestamp, ...refusal } = await large.json();
        assertEquals([large.status, large.headers.get("content-type")], [413, "application/json"]);
        assertEquals(refusal, { statusCode: 413, message: "Content Too Large", path: "/echo" });
        assertEquals(new Date(timestamp).toISOString(), timestamp);
        const wrong = await fetch(`${url}/users/7`, { method: "DELETE" });
        assertEquals([wrong.status, wrong.headers.get("allow")], [405, "GET, HEAD, OPTIONS"]);
        await wrong.body?.cancel();
        const head = await fetch(url, { method: "HEAD" });
        assertEquals([head.status, head.headers.get("content-length"), await head.text()], [200, "13", ""]);
        assertEquals(await (await fetch(`${url}/ours?a=%20`)).json(), { path: "/ours", query: "a=%20" });
        assertEquals(await (await fetch(`${url}/either`)).json(), { path: "/either", from: "127.0.0.1" });
        await app.close();
        await server.finished;
        assertEquals(Site.closed, before + 1);
        await assertRejects(() => app.listen({ port: 0 }), Error, "the app was closed by the local side");
      }),
  });
}

Deno.test({
  name: "listen: hostile: guards by-passed by spelling: what arrives raw is matched raw",
  // The native library stays loaded for the life of the process.
  sanitizeResources: false,
  fn: () =>
    withRuntime(async (runtime) => {
      await using app = createApp(AppModule);
      const { addr } = await app.listen({ port: 0, runtime });
      const { host, port } = { host: "127.0.0.1", port: addr.port };
      const ask = (method: string, target: string): Promise<string> =>
        raw(host, port, `${method} ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
      for (
        const target of ["//users/7", "/users/7/", "/%75sers/7", "/users;x/7", "/./users/7", "/x/../users/7"]
      ) {
        assertStringIncludes(await ask("GET", target), "HTTP/1.1 404 ", target);
      }
      assertStringIncludes(await ask("GET", "http://elsewhere/users/7"), '{"id":7}');
      assertStringIncludes(await ask("GET", "/users/%37"), '{"id":7}');
      for (
        const rest of [
          ...["../etc/passwd", "%2e%2e/etc", ".%2E/etc", "a/../../etc", "a/%2e", ".", "..", "a/..", "./a"],
          ...["/etc/passwd", "a%2f..%2f..", "a%5c..%5cb", "a\\..\\b", "a%00b", "a%00"],
        ]
      ) {
        const answer = await ask("GET", `/files/${rest}`);
        assertStringIncludes(answer, "HTTP/1.1 400 ", rest);
        assertEquals(answer.includes("<"), false, rest);
      }
      for (const rest of ["a/b%20c", ".well-known/x", "a...b/..c/c../...", "a//b", "a/"]) {
        assertStringIncludes(await ask("GET", `/files/${rest}`), `<${decodeURIComponent(rest)}>`);
      }
      assertStringIncludes(await ask("OPTIONS", "*"), "HTTP/1.1 204 ");
      const head = await ask("HEAD", "/users/7");
      assertStringIncludes(head.toLowerCase(), "content-length: 8");
      assertEquals(head.endsWith("\r\n\r\n"), true);
    }),
});

Deno.test({
  name: "listen: JSON bodies are bounded and may be absent, as on the fetch face",
  // The native library stays loaded for the life of the process.
  sanitizeResources: false,
  fn: () =>
    withRuntime(async (runtime) => {
      await using app = createApp(AppModule, { maxJsonBytes: 8 });
      const { addr } = await app.listen({ port: 0, runtime });
      const post = (fields: string, body: string): Promise<string> =>
        raw(
          "127.0.0.1",
          addr.port,
          `POST /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${fields}\r\n${body}`,
        );
      const type = "Content-Type: application/json\r\n";
      const chunked = "Transfer-Encoding: chunked\r\n";
      assertStringIncludes(await post(`${type}Content-Length: 8\r\n`, '"123456"'), "HTTP/1.1 201 ");
      for (
        const answer of [
          await post(`${type}Content-Length: 9\r\n`, '"1234567"'),
          await post(type + chunked, '4\r\n"123\r\n5\r\n4567"\r\n0\r\n\r\n'),
        ]
      ) {
        assertStringIncludes(answer, "HTTP/1.1 413 ");
        assertStringIncludes(answer, '"message":"the body is longer than 8 bytes","path":"/echo"');
      }
      for (const fields of ["", "Content-Length: 0\r\n", chunked, type, type + chunked]) {
        assertStringIncludes(
          await post(fields, fields.includes(chunked) ? "0\r\n\r\n" : ""),
          "HTTP/1.1 204 ",
          fields,
        );
      }
      for (const [fields, body] of [["Content-Length: 1\r\n", "1"], [chunked, "1\r\n1\r\n0\r\n\r\n"]]) {
        assertStringIncludes(await post(fields, body), "HTTP/1.1 415 ", fields);
      }
    }),
});

Deno.test("listen: without it, an app runs with no permission at all", async () => {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--no-prompt", "--no-remote", new URL("./no_permission.ts", import.meta.url).pathname],
    env: { NO_COLOR: "1" },
  }).output();
  const decode = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
  assertEquals([decode(stdout), success], ['{"id":42}\n', true], decode(stderr));
});
