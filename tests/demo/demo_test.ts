import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { DatabaseSync } from "node:sqlite";
import { requireNative, requireTool, testIf } from "../support/skip.ts";
import { runTool, type SpawnedServer, TempFolder } from "../support/spawned.ts";
import { call, type Note, type Sockets, startDemo } from "./support.ts";

/** What the API answers, and what it refuses. */

interface ErrorBody {
  readonly statusCode: number;
  readonly message: string;
  readonly path: string;
  readonly issues?: readonly { path: string[]; message: string }[];
}

async function withDemo(test: (demo: SpawnedServer) => Promise<void>): Promise<void> {
  await using folder = new TempFolder();
  await using demo = await startDemo(folder.path);
  await test(demo);
  const { code, stderr } = await demo.stop();
  assertEquals(code, 0, stderr);
}

for (const sockets of ["native", "none"] as const satisfies Sockets[]) {
  testIf(
    sockets === "native" ? requireNative() : undefined,
    `demo: the life of a note (${sockets})`,
    async () => {
      await using folder = new TempFolder();
      await using demo = await startDemo(folder.path, {}, sockets);
      const notes = `${demo.url}/api/notes`;
      assertEquals(await call("GET", notes), [200, [] as never]);
      assertEquals((await call("GET", `${demo.url}/api/stats`))[1].count, 0);

      const made = await fetch(notes, {
        method: "POST",
        body: JSON.stringify({ title: "  Flour ", body: "two sacks\nof rye — 🌾" }),
        headers: { "content-type": "application/json" },
      });
      const first: Note = await made.json();
      assertEquals([made.status, made.headers.get("location")], [201, `/api/notes/${first.id}`]);
      assertEquals([first.title, first.body], ["Flour", "two sacks\nof rye — 🌾"]);
      assertEquals(new Date(first.createdAt).toISOString(), first.updatedAt);

      const url = `${notes}/${first.id}`;
      assertEquals(await call<Note>("GET", url), [200, first]);
      const [, patched] = await call<Note>("PATCH", url, { body: "" });
      assertEquals([patched.title, patched.body, patched.createdAt], ["Flour", "", first.createdAt]);
      const [, put] = await call<Note>("PUT", url, { ...patched, title: "Rye", id: 77 });
      assertEquals([put.id, put.title, put.body], [first.id, "Rye", ""]);

      const [, second] = await call<Note>("POST", notes, { title: "Salt" });
      assertEquals((await call<Note[]>("GET", notes))[1].map(({ title }) => title), ["Salt", "Rye"]);
      assertEquals((await call<Note[]>("GET", `${notes}?limit=1`))[1].map(({ title }) => title), ["Salt"]);
      assertEquals((await call("GET", `${demo.url}/api/stats`))[1].count, 2);

      assertEquals(await call("DELETE", url), [204, undefined as never]);
      for (
        const [method, body] of [["GET"], ["DELETE"], ["PUT", { title: "x" }], ["PATCH", { title: "x" }]]
      ) {
        const [status, { message }] = await call<ErrorBody>(method as string, url, body);
        assertEquals([status, message], [404, `there is no note ${first.id}`]);
      }
      // An id that was given once is never given again.
      const [, third] = await call<Note>("POST", notes, { title: "Water" });
      assert(third.id > second.id);
      const { code, stdout } = await demo.stop();
      assertEquals(code, 0);
      assertMatch(stdout, new RegExp(`^listening on http://127\\.0\\.0\\.1:\\d+ \\(pid ${demo.pid}\\)\n`));
      assertStringIncludes(stdout, sockets === "native" ? "native sockets" : "host sockets");
    },
  );
}

Deno.test("demo: refuses what is not a note, with every failure", () =>
  withDemo(async ({ url }) => {
    const refused: [body: unknown, issues: [field: string, message: string][]][] = [
      [{}, [["title", "is missing"]]],
      [{ title: 7, body: null }, [["title", "must be a text"], ["body", "must be a text"]]],
      [{ title: " \t", body: "x".repeat(10_001) }, [
        ["title", "must not be empty"],
        ["body", "is longer than 10000 characters"],
      ]],
      [{ title: "x".repeat(201) }, [["title", "is longer than 200 characters"]]],
      [{ title: "a\nb" }, [["title", "must be a single line"]]],
      [{ title: "a\0b", body: "\ud800" }, [
        ["title", "holds characters that are no text"],
        ["body", "holds characters that are no text"],
      ]],
      [["title"], [["", "must be an object"]]],
      [null, [["", "must be an object"]]],
      [JSON.parse('{"__proto__": {"title": "x"}}'), [["title", "is missing"]]],
    ];
    for (const [body, wanted] of refused) {
      const [status, { message, path, issues }] = await call<ErrorBody>("POST", `${url}/api/notes`, body);
      assertEquals([status, message, path], [400, "Validation failed", "/api/notes"]);
      assertEquals(issues!.map(({ path, message }) => [path.join("."), message]), wanted);
    }
    const [, { id }] = await call<Note>("POST", `${url}/api/notes`, { title: "x".repeat(200) });
    for (const body of [{}, { titel: "x" }]) {
      const [status, { message }] = await call<ErrorBody>("PATCH", `${url}/api/notes/${id}`, body);
      assertEquals([status, message], [400, "nothing to change: wanted title, body or both"]);
    }
    for (const wrong of ["abc", "1e3", "1.5", "%00", "99999999999999999999"]) {
      assertEquals((await call("GET", `${url}/api/notes/${wrong}`))[0], 400, wrong);
    }
    assertEquals((await call("GET", `${url}/api/notes/-1`))[0], 404);
    for (const limit of ["x", "0", "-1", "10001"]) {
      assertEquals((await call("GET", `${url}/api/notes?limit=${limit}`))[0], 400, limit);
    }
    assertEquals((await call("GET", `${url}/api/stats`))[1].count, 1);
  }));

Deno.test("demo: 404, 405 with Allow, 413, 415, and bodies that are no JSON", () =>
  withDemo(async ({ url }) => {
    const notes = `${url}/api/notes`;
    const json = { "content-type": "application/json" };
    const ask = async (path: string, init: RequestInit): Promise<[number, string | null]> => {
      const response = await fetch(path, init);
      await response.body?.cancel();
      return [response.status, response.headers.get("allow")];
    };
    assertEquals(await ask(`${url}/nothing`, {}), [404, null]);
    assertEquals(await ask(notes, { method: "PUT", body: "{}" }), [405, "GET, HEAD, OPTIONS, POST"]);
    assertEquals(await ask(`${url}/`, { method: "POST" }), [405, "GET, HEAD, OPTIONS"]);
    assertEquals(await ask(notes, { method: "POST", body: "title=x" }), [415, null]);
    // A page of another site may send this without asking first; it must not get through.
    const form = { "content-type": "application/x-www-form-urlencoded" };
    assertEquals(await ask(notes, { method: "POST", body: "title=x", headers: form }), [415, null]);
    assertEquals(await ask(notes, { method: "POST", body: "{", headers: json }), [400, null]);
    const long = JSON.stringify({ title: "x", body: "y".repeat(70_000) });
    assertEquals(await ask(notes, { method: "POST", body: long, headers: json }), [413, null]);
    // Without a content-length it is counted as it comes.
    const body = new Blob([long]).stream();
    assertEquals(await ask(notes, { method: "POST", body, headers: json }), [413, null]);
    // The longest note that is allowed fits, however it is escaped.
    const longest = `{"title":"${"\\u00e4".repeat(200)}","body":"${"\\u00e4".repeat(10_000)}"}`;
    assertEquals(await ask(notes, { method: "POST", body: longest, headers: json }), [201, null]);
    assertEquals((await call("GET", `${url}/api/stats`))[1].count, 1);
  }));

testIf(requireTool("curl"), "demo: curl adds, lists and deletes", () =>
  withDemo(async ({ url }) => {
    const curl = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runTool("curl", ["-sS", "--max-time", "20", ...args]);
      assertEquals(code, 0, stderr);
      return stdout;
    };
    const post = ["-H", "content-type: application/json", "--data-binary", '{"title":"from curl"}'];
    const note: Note = JSON.parse(await curl("--http1.1", "--fail-with-body", ...post, `${url}/api/notes`));
    assertEquals(note.title, "from curl");
    const chunked = await curl("-H", "transfer-encoding: chunked", ...post, `${url}/api/notes`);
    assertEquals(JSON.parse(chunked).title, "from curl");
    assertEquals(JSON.parse(await curl(`${url}/api/notes`)).length, 2);
    const gone = await curl("-X", "DELETE", "-o", "-", "-w", "%{http_code}", `${url}/api/notes/${note.id}`);
    assertEquals(gone, "204");
    const head = await curl("-I", url);
    assertStringIncludes(head, "content-security-policy: default-src 'none'; script-src 'self'");
    assertStringIncludes(head, "x-content-type-options: nosniff");
  }));

Deno.test("demo: tells every change, its own and another process's, and ends when the server does", async () => {
  await using folder = new TempFolder();
  await using demo = await startDemo(folder.path);
  const response = await fetch(`${demo.url}/api/changes`);
  assertEquals(response.headers.get("content-type"), "application/x-ndjson");
  const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
  const news = async (): Promise<{ count: number; revision: string }> => {
    const { value } = await reader.read();
    return JSON.parse(value!.trimEnd().split("\n").at(-1)!);
  };
  const first = await news();
  assertEquals(first.count, 0);
  await call("POST", `${demo.url}/api/notes`, { title: "ours" });
  const second = await news();
  assertEquals([second.count, second.revision !== first.revision], [1, true]);
  const db = new DatabaseSync(`${folder.path}/data/notes.db`);
  db.exec("INSERT INTO notes (title, body, createdAt, updatedAt) VALUES ('theirs', '', '', '')");
  db.close();
  assertEquals((await news()).count, 2);
  // A reader that has gone must not hold anything up, nor one that asks for the head only.
  const gone = new AbortController();
  await fetch(`${demo.url}/api/changes`, { signal: gone.signal });
  gone.abort();
  assertEquals((await fetch(`${demo.url}/api/changes`, { method: "HEAD" })).status, 200);
  await call("PATCH", `${demo.url}/api/notes/1`, { title: "changed" });
  assertEquals((await news()).count, 2);
  const stopped = demo.stop();
  assertEquals((await reader.read()).done, true);
  const { code, stderr } = await stopped;
  assertEquals([code, stderr], [0, ""]);
});
