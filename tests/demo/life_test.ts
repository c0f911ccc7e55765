import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { requireOs, testIf } from "../support/skip.ts";
import { Spawned, type SpawnedServer, TempFolder } from "../support/spawned.ts";
import { call, demoOptions, type Note, SOCKETS, startDemo } from "./support.ts";

/** How the demo starts, ends, and what is left after either. */

const UNIX = requireOs("linux", "darwin");

/** Posts note after note until the server is gone; gives those that were acknowledged. */
async function writeUntilGone({ url }: SpawnedServer, writer: number, onAck: () => void): Promise<string[]> {
  const acknowledged: string[] = [];
  for (let i = 0;; i++) {
    const title = `writer ${writer} note ${i}`;
    try {
      const [status] = await call("POST", `${url}/api/notes`, { title, body: "x".repeat(i % 5_000) });
      assertEquals(status, 201);
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      return acknowledged;
    }
    acknowledged.push(title);
    onAck();
  }
}

testIf(UNIX, "demo: after kill -9 amid writes every acknowledged note is there", async () => {
  await using folder = new TempFolder();
  const acknowledged: string[] = [];
  for (const killAfter of [1, 40, 150]) {
    await using demo = await startDemo(folder.path);
    let left = killAfter;
    const onAck = (): void => {
      if (--left === 0) demo.kill("SIGKILL");
    };
    const writers = [0, 1, 2, 3].map((writer) => writeUntilGone(demo, writer, onAck));
    acknowledged.push(...(await Promise.all(writers)).flat());
    assertEquals((await demo.ended).signal, "SIGKILL");
  }
  assert(acknowledged.length >= 191);
  await using demo = await startDemo(folder.path);
  const [status, notes] = await call<Note[]>("GET", `${demo.url}/api/notes?limit=10000`);
  assertEquals(status, 200);
  const left = notes.map(({ title }) => title);
  for (const title of acknowledged) {
    const at = left.indexOf(title);
    assert(at >= 0, `"${title}" was acknowledged and is gone`);
    left.splice(at, 1);
  }
  // At most what each writer of each round had under way.
  assert(left.length <= 12, `${left.length} notes that nobody wrote`);
  assertEquals((await demo.stop()).code, 0);
});

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  testIf(UNIX, `demo: ${signal} answers what is under way and exits 0`, async () => {
    await using folder = new TempFolder();
    await using demo = await startDemo(folder.path);
    // Half a request: the rest comes after the signal.
    const { hostname, port } = new URL(demo.url);
    using conn = await Deno.connect({ hostname, port: Number(port) });
    const body = '{"title":"late"}';
    const head = `POST /api/notes HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n`;
    await conn.write(new TextEncoder().encode(`${head}Content-Length: ${body.length}\r\n\r\n{`));
    assertEquals((await call("GET", `${demo.url}/api/stats`))[0], 200);
    const stopped = demo.stop(signal);
    await new Promise((resolve) => setTimeout(resolve, 200));
    await conn.write(new TextEncoder().encode(body.slice(1)));
    const answer = await new Response(conn.readable).text();
    assertStringIncludes(answer, "HTTP/1.1 201 Created");
    assertStringIncludes(answer.toLowerCase(), "connection: close");
    const { code, stderr } = await stopped;
    assertEquals(code, 0, stderr);
    // A clean end leaves one file.
    assertEquals([...Deno.readDirSync(`${folder.path}/data`)].map(({ name }) => name), ["notes.db"]);
  });
}

interface Refusal {
  readonly name: string;
  readonly env?: Record<string, string>;
  readonly prepare?: (folder: string) => void;
  readonly says: RegExp;
}

const DAMAGED = /^cannot use "data": notes\.db is damaged \(.*\); move notes\.db, .* away and start again/;

const REFUSALS: readonly Refusal[] = [
  { name: "PORT that is none", env: { PORT: "http" }, says: /^PORT="http" is no port; set PORT to a number/ },
  { name: "PORT out of range", env: { PORT: "65536" }, says: /^PORT="65536" is no port/ },
  {
    name: "HOST that is none",
    env: { HOST: "no such host" },
    says: /^HOST="no such host" is no address; set HOST/,
  },
  {
    name: "HOST of another machine",
    env: { HOST: "192.0.2.1" },
    says: /^HOST="192\.0\.2\.1" is no address of this/,
  },
  { name: "TLS", env: { TLS: "1" }, says: /^TLS=1: there is no TLS yet; unset TLS/ },
  {
    name: "a database that is none",
    prepare: (folder) => {
      Deno.mkdirSync(`${folder}/data`);
      Deno.writeTextFileSync(`${folder}/data/notes.db`, "my notes\n".repeat(1_000));
    },
    says: DAMAGED,
  },
  {
    name: "a file in the folder's place",
    prepare: (folder) => Deno.writeTextFileSync(`${folder}/data`, ""),
    says: /^cannot use "data": something that is no folder has its name .*; move that away/,
  },
  {
    name: "a database that cannot be opened",
    prepare: (folder) => Deno.mkdirSync(`${folder}/data/notes.db`, { recursive: true }),
    says: /^cannot use "data": this user cannot write there \(.*\); give the folder to this user/,
  },
];

async function assertRefuses(options: Parameters<typeof startDemo>, says: RegExp): Promise<void> {
  await using demo = new Spawned(demoOptions(...options));
  const timer = setTimeout(() => demo.kill("SIGKILL"), 20_000);
  const { code, stdout, stderr } = await demo.ended;
  clearTimeout(timer);
  assertMatch(stderr, says);
  // One line, without a stack; and nothing that looks as if it had started.
  assertEquals([code, stdout, stderr.trimEnd().split("\n").length], [1, "", 1], stderr);
}

for (const { name, env = {}, prepare, says } of REFUSALS) {
  Deno.test(`demo: does not start, and says what helps: ${name}`, async () => {
    await using folder = new TempFolder();
    prepare?.(folder.path);
    // The host's sockets would add a line of their own.
    await assertRefuses([folder.path, env, SOCKETS], says);
  });
}

Deno.test("demo: does not start, and says what helps: the port is in use", async () => {
  await using folder = new TempFolder();
  await using demo = await startDemo(folder.path);
  const { port } = new URL(demo.url);
  await assertRefuses(
    [folder.path, { PORT: port }, SOCKETS],
    new RegExp(`^port ${port} is in use; stop what listens`),
  );
  assertEquals((await call("GET", `${demo.url}/api/stats`))[0], 200);
  assertEquals((await demo.stop()).code, 0);
});

Deno.test("demo: does not start, and says what helps: a page of the database is damaged", async () => {
  await using folder = new TempFolder();
  {
    await using demo = await startDemo(folder.path);
    await call("POST", `${demo.url}/api/notes`, { title: "x" });
    await demo.stop();
  }
  using file = await Deno.open(`${folder.path}/data/notes.db`, { write: true });
  await file.seek(4_096, Deno.SeekMode.Start);
  await file.write(new Uint8Array(64).fill(0xff));
  await assertRefuses([folder.path, {}, SOCKETS], DAMAGED);
});

testIf(Deno.uid() === 0 ? "root may write everywhere" : UNIX, {
  name: "demo: does not start, and says what helps: a folder that is read-only",
  fn: async () => {
    await using folder = new TempFolder();
    await Deno.mkdir(`${folder.path}/data`, { mode: 0o555 });
    await assertRefuses([folder.path, {}, SOCKETS], /^cannot use "data": this user cannot write there/);
  },
});

/** The demo under a limit on the size of its files: what the system then answers a write is as good as a full disk. */
function cramped(folder: string, blocks: number): ReturnType<typeof demoOptions> {
  const options = demoOptions(folder);
  const script = `trap "" XFSZ; ulimit -f ${blocks}; exec "$@"`;
  return { ...options, command: ["sh", "-c", script, "sh", ...options.command] };
}

testIf(UNIX, "demo: without room on the disk it does not start, and says so", async () => {
  await using folder = new TempFolder();
  await using demo = new Spawned(cramped(folder.path, 4));
  const { code, stderr } = await demo.ended;
  assertEquals(code, 1, stderr);
  assertMatch(
    stderr,
    /^cannot use "data": the disk (is full|takes no data) \(.*\); make room on it[^\n]*\n$/,
  );
});

testIf(
  UNIX,
  "demo: when the disk is full, notes are refused with 507, and what was there is served",
  async () => {
    await using folder = new TempFolder();
    await using demo = await Spawned.server(cramped(folder.path, 200));
    const notes = `${demo.url}/api/notes`;
    let acknowledged = 0;
    let refused: { message: string } | undefined;
    while (refused === undefined && acknowledged < 100) {
      const [status, answer] = await call<{ message: string }>("POST", notes, {
        title: "x",
        body: "y".repeat(9_000),
      });
      if (status === 201) acknowledged++;
      else refused = (assertEquals(status, 507), answer);
    }
    assertStringIncludes(refused!.message, "make room on it");
    assertEquals((await call<Note[]>("GET", `${notes}?limit=1000`))[1].length, acknowledged);
    const { code, stderr } = await demo.stop();
    assertEquals(code, 0);
    assertMatch(stderr, /^POST \/api\/notes: cannot use "data": [^\n]*\n$/);
  },
);
