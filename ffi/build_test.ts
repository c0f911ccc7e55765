/** Each build here is a process of its own with a cache of its own. */
import { assert, assertEquals, assertMatch, assertNotEquals, assertStringIncludes } from "@std/assert";
import { requireAll, requireOs, requireTool, testIf } from "../tests/support/skip.ts";
import { hashSources } from "./build.ts";
import { libraryName } from "./paths.ts";
import { SOURCE_HASH } from "./source_hash.ts";

const BUILD = new URL("./build.ts", import.meta.url);
const SOURCES = ["shim.h", "epoll.c", "socket.c"];
const NAME = libraryName({ os: Deno.build.os, arch: Deno.build.arch }, SOURCE_HASH);

const reason = requireAll(requireOs("linux"), requireTool(Deno.env.get("CC") ?? "cc"));

async function build(env: Record<string, string>, ...args: string[]) {
  const { LD_PRELOAD: _, ...rest } = Deno.env.toObject();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-config", "--no-prompt", BUILD.href, ...args],
    env: { ...rest, NO_COLOR: "1", ...env },
    clearEnv: true,
  }).output();
  const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
  return { code, out: decode(stdout), err: decode(stderr) };
}

async function withCache(body: (cache: string) => Promise<void>): Promise<void> {
  const cache = await Deno.makeTempDir({ prefix: "millrace-cache-" });
  try {
    await body(cache);
  } finally {
    await Deno.remove(cache, { recursive: true });
  }
}

const entries = (folder: string): string[] => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("source_hash.ts has the hash of the C source; otherwise run `deno task shim`", async () => {
  const texts = await Promise.all(
    SOURCES.map((name) => Deno.readTextFile(new URL(`./shim/${name}`, import.meta.url))),
  );
  assertEquals(await hashSources(new Map(SOURCES.map((name, index) => [name, texts[index]]))), SOURCE_HASH);
});

Deno.test("every file of shim/ counts", () => {
  assertEquals(entries(new URL("./shim", import.meta.url).pathname), SOURCES.toSorted());
});

Deno.test("the hash tells texts, names and their borders apart", async () => {
  const maps = [[["a", "xy"]], [["a", "x"], ["b", "y"]], [["a", "xb"], ["", "y"]], [["ax", "y"]], [[
    "a",
    "x\0b",
  ]]];
  const hashes = await Promise.all(maps.map((map) => hashSources(new Map(map as [string, string][]))));
  assertEquals(new Set(hashes).size, maps.length);
  for (const hash of hashes) assertMatch(hash, /^[0-9a-f]{16}$/);
});

testIf(reason, "two builds at once leave one whole file and nothing else; a third finds it", async () => {
  await withCache(async (cache) => {
    const env = { XDG_CACHE_HOME: cache };
    const results = await Promise.all([build(env), build(env)]);
    const path = `${cache}/millrace/${NAME}`;
    for (const { code, out, err } of results) assertEquals([code, out, err], [0, path, ""]);
    assertEquals(entries(`${cache}/millrace`), [NAME]);
    const before = Deno.statSync(path);
    assert(before.size > 10_000);
    assertEquals(
      (await build({ ...env, CC: "/nonexistent/cc" })).out,
      path,
      "it is there: no compiler is needed",
    );
    assertEquals(Deno.statSync(path).ino, before.ino);
    assertEquals((await build(env, "--force")).out, path);
    assertNotEquals(Deno.statSync(path).ino, before.ino);
  });
});

testIf(
  reason,
  "no compiler: the text says what to install or to set, and nothing is left behind",
  async () => {
    await withCache(async (cache) => {
      const { code, out, err } = await build({ XDG_CACHE_HOME: cache, CC: "/nonexistent/cc" });
      assertEquals([code, out], [1, ""]);
      assertStringIncludes(err, '"/nonexistent/cc"');
      assertStringIncludes(err, "apt-get install");
      assertStringIncludes(err, "CC");
      assertEquals(entries(`${cache}/millrace`), []);
    });
  },
);

testIf(reason, "an empty CC counts for nothing", async () => {
  await withCache(async (cache) => {
    const { code, out } = await build({ XDG_CACHE_HOME: cache, CC: "" });
    assertEquals([code, out], [0, `${cache}/millrace/${NAME}`]);
  });
});

testIf(reason, "a compiler that fails: its command and its words, and nothing is left behind", async () => {
  await withCache(async (cache) => {
    const compiler = `${cache}/cc`;
    await Deno.writeTextFile(compiler, "#!/bin/sh\necho 'cannot compile today' >&2\nexit 3\n", {
      mode: 0o755,
    });
    const { code, err } = await build({ XDG_CACHE_HOME: cache, CC: compiler });
    assertEquals(code, 1);
    assertStringIncludes(err, "exit code 3");
    assertStringIncludes(err, "cannot compile today");
    assertEquals(entries(`${cache}/millrace`), []);
  });
});

testIf(reason, "a cache folder that cannot be made: the text names it and the variable", async () => {
  const { code, out, err } = await build({ XDG_CACHE_HOME: "/dev/null/cache" });
  assertEquals([code, out], [1, ""]);
  assertStringIncludes(err, "/dev/null/cache/millrace");
  assertStringIncludes(err, "XDG_CACHE_HOME");
});

testIf(reason, "no home: the text says which variable to set", async () => {
  const { code, err } = await build({ XDG_CACHE_HOME: "", HOME: "" });
  assertEquals(code, 1);
  assertStringIncludes(err, "HOME");
});

testIf(reason, "a file that is no library any more is built again, as the error says", async () => {
  await withCache(async (cache) => {
    const { out: path } = await build({ XDG_CACHE_HOME: cache });
    await Deno.writeTextFile(path, "cut off");
    const again = await build({ XDG_CACHE_HOME: cache });
    assertEquals([again.code, again.out], [0, path]);
    assertNotEquals((await Deno.stat(path)).size, "cut off".length);
  });
});
