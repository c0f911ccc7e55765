import { assert, assertEquals, assertMatch } from "@std/assert";
import { requireOs, testIf } from "../support/skip.ts";
import { Spawned, type SpawnedServer } from "../support/spawned.ts";

/** Every example does what it says, as the process that its reader starts. */

const FOLDER = new URL("../../examples/", import.meta.url);

function command(name: string, ...flags: string[]): string[] {
  return [Deno.execPath(), "run", "--no-prompt", ...flags, new URL(name, FOLDER).pathname];
}

/** The example on a free port, under the permissions that it needs. */
function start(name: string): Promise<SpawnedServer> {
  return Spawned.server({ command: [...command(name, "--allow-all"), "0"] });
}

async function text(url: string, init?: RequestInit): Promise<[number, string]> {
  const response = await fetch(url, init);
  return [response.status, await response.text()];
}

Deno.test("examples: each is short enough to be read at once, and has its test here", () => {
  const self = Deno.readTextFileSync(new URL(import.meta.url));
  for (const { name } of Deno.readDirSync(FOLDER)) {
    assert(Deno.readTextFileSync(new URL(name, FOLDER)).split("\n").length <= 61, name);
    assert(self.includes(`"${name}"`), name);
  }
});

Deno.test("examples: hello.ts", async () => {
  await using server = await start("hello.ts");
  assertEquals(await text(server.url), [200, "Hello, World!\n"]);
  assertEquals(await text(`${server.url}/?name=Ada+L`), [200, "Hello, Ada L!\n"]);
  assertEquals((await text(`${server.url}/x`))[0], 404);
});

Deno.test("examples: controllers.ts", async () => {
  await using server = await start("controllers.ts");
  const headers = { "content-type": "application/json" };
  const add = (body: string): Promise<[number, string]> =>
    text(`${server.url}/users`, { method: "POST", body, headers });
  assertEquals(await add('{"name":" Ada "}'), [201, '{"id":1,"name":"Ada"}']);
  assertEquals(await text(`${server.url}/users/1`), [200, '{"id":1,"name":"Ada"}']);
  assertEquals((await text(`${server.url}/users/2`))[0], 404);
  assertEquals((await text(`${server.url}/users/one`))[0], 400);
  const [status, answer] = await add('{"name":7}');
  assertEquals([status, JSON.parse(answer).issues], [400, [{ path: [], message: "name must be a text" }]]);
});

Deno.test("examples: streaming.ts", async () => {
  await using server = await start("streaming.ts");
  const response = await fetch(`${server.url}/count`);
  const lines: string[] = [];
  for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) lines.push(piece);
  assertEquals(lines.join(""), "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n");
  assert(lines.length > 1, "it came in one piece");
  const body = new Blob(["mill", "race".repeat(100_000)]).stream();
  const [status, upper] = await text(`${server.url}/upper`, { method: "PUT", body });
  assertEquals([status, upper === `MILL${"RACE".repeat(100_000)}`], [200, true]);
});

Deno.test("examples: timers_and_tasks.ts needs no permission", async () => {
  await using example = new Spawned({ command: command("timers_and_tasks.ts") });
  const { code, stdout, stderr } = await example.ended;
  const wanted = '[ "slow", "fast" ]\n3 ticks\noperation did not finish within 10 ms\ntrue\n';
  assertEquals([code, stdout], [0, wanted], stderr);
});

Deno.test("examples: tcp_echo.ts", async () => {
  await using server = await start("tcp_echo.ts");
  const [hostname, port] = server.url.split(":");
  const echo = async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> => {
    const conn = await Deno.connect({ hostname, port: Number(port) });
    const answer = new Response(conn.readable).bytes();
    const writer = conn.writable.getWriter();
    await writer.write(bytes);
    await conn.closeWrite();
    return await answer;
  };
  const long = new Uint8Array(1_000_000).map((_, index) => index * 7);
  const [first, second] = await Promise.all([echo(long), echo(new Uint8Array([1, 2, 3]))]);
  assertEquals(second, new Uint8Array([1, 2, 3]));
  assertEquals([first.length, first.every((byte, index) => byte === long[index])], [long.length, true]);
  // A peer that breaks off takes nobody with it.
  const rude = await Deno.connect({ hostname, port: Number(port) });
  await rude.write(long.subarray(0, 200_000));
  rude.close();
  assertEquals(await echo(new Uint8Array([4])), new Uint8Array([4]));
  assertEquals(server.stderr, "");
});

testIf(requireOs("linux", "darwin"), "examples: shutdown.ts", async () => {
  await using server = await start("shutdown.ts");
  const answer = text(server.url);
  await new Promise((resolve) => setTimeout(resolve, 300));
  const ended = server.stop();
  assertEquals(await answer, [200, "done\n"]);
  const { code, stdout } = await ended;
  assertEquals(code, 0);
  assertMatch(stdout, /^listening on \S+\nfinishing 1 connections\nclosed\n$/);
});
