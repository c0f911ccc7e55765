import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ServerProcess } from "../harness/process.ts";

/** Both targets answer the table of the contract alike; each runs as the process that the benches start. */

const LINUX = Deno.build.os === "linux";
const FOLDER = new URL("./", import.meta.url).pathname;

function command(target: string): string[] {
  return [Deno.execPath(), "run", "--quiet", "--no-check", "-A", `${FOLDER}${target}.ts`];
}

async function withTarget(target: string, body: (url: string) => Promise<void>): Promise<void> {
  const server = await ServerProcess.start(command(target), {});
  try {
    await body(server.url);
  } finally {
    assertEquals(await server.stop(), 0, "the exit code after SIGTERM");
  }
}

async function text(response: Response, status = 200): Promise<string> {
  const body = await response.text();
  assertEquals(response.status, status, body);
  return body;
}

for (const target of ["raw", "app"]) {
  Deno.test({ name: `${target}: the answers of the contract`, ignore: !LINUX }, async () => {
    await withTarget(target, async (url) => {
      const hello = await fetch(url);
      assertEquals(hello.headers.get("content-type")?.split(";")[0], "text/plain");
      assertEquals(hello.headers.get("content-length"), "13");
      assert(hello.headers.get("date") !== null);
      assertEquals(await text(hello), "Hello, World!");
      const json = await fetch(`${url}/json`);
      assertEquals(json.headers.get("content-type")?.split(";")[0], "application/json");
      assertEquals(await text(json), '{"message":"Hello, World!"}');
      assertEquals(await text(await fetch(`${url}/users/42`)), '{"id":42}');
      await text(await fetch(`${url}/users/4x`), 400);
      await text(await fetch(`${url}/nothing`), 404);
      assertEquals(await text(await fetch(`${url}/slow?ms=20`)), "slept 20");
      assertEquals((await text(await fetch(`${url}/stream?n=100&size=10000`))).length, 1_000_000);
      await text(await fetch(`${url}/stream?n=-1`), 400);
    });
  });

  Deno.test({ name: `${target}: echoes the bytes and the content type`, ignore: !LINUX }, async () => {
    await withTarget(target, async (url) => {
      const body = crypto.getRandomValues(new Uint8Array(60_000));
      const headers = { "content-type": "application/x-millrace" };
      const response = await fetch(`${url}/echo`, { method: "POST", body, headers });
      assertEquals(response.status, 200);
      assertEquals(response.headers.get("content-type"), "application/x-millrace");
      assertEquals(new Uint8Array(await response.arrayBuffer()), body);
    });
  });

  Deno.test({ name: `${target}: answers what is in flight after SIGTERM`, ignore: !LINUX }, async () => {
    const server = await ServerProcess.start(command(target), {});
    await text(await fetch(server.url));
    const slow = fetch(`${server.url}/slow?ms=700`);
    await new Promise((resolve) => setTimeout(resolve, 200));
    const started = performance.now();
    const [code, answer] = await Promise.all([server.stop(), slow.then((response) => text(response))]);
    assertEquals([code, answer], [0, "slept 700"]);
    assert(performance.now() - started < 5_000, "an idle connection must not hold up the end");
  });

  Deno.test({ name: `${target}: refuses what is not there yet`, ignore: !LINUX }, async () => {
    const [program, ...args] = command(target);
    const env = { WORKERS: "2", PORT: "0" };
    const { code, stderr } = await new Deno.Command(program, { args, env, stdout: "null", stderr: "piped" })
      .output();
    assertEquals(code, 2);
    assertStringIncludes(new TextDecoder().decode(stderr), "WORKERS");
  });
}

Deno.test({ name: "app: POST /users checks five fields", ignore: !LINUX }, async () => {
  await withTarget("app", async (url) => {
    const post = (body: unknown): Promise<Response> =>
      fetch(`${url}/users`, {
        method: "POST",
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      });
    const user = { name: "Ada", email: "ada@example.org", age: 36, active: true, tags: ["a", "b"] };
    assertEquals(JSON.parse(await text(await post(user), 201)), { id: 1, ...user });
    const refused = JSON.parse(
      await text(await post({ ...user, age: -1, email: "x", tags: undefined }), 400),
    );
    assertEquals(refused.issues.map((issue: { path: string[] }) => issue.path[0]), ["email", "age", "tags"]);
    assertEquals(JSON.parse(await text(await post([]), 400)).issues.length, 1);
  });
});
