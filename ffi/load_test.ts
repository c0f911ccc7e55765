import {
  assert,
  assertEquals,
  assertMatch,
  assertStrictEquals,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { requireNative, testIf } from "../tests/support/skip.ts";
import { ABI_VERSION } from "./abi.ts";
import { buildCommand, libraryPath, type LoaderHost, native, NativeLoadError, openNative } from "./load.ts";
import type { Native } from "./native.ts";
import { libraryName } from "./paths.ts";
import { SOURCE_HASH } from "./source_hash.ts";

const reason = requireNative();
// Opened outside of any test: it stays open as long as the process.
if (reason === undefined) native();

const OPENED = {} as Native;
const linux = { os: "linux", arch: "x86_64" };
const NAME = libraryName(linux, SOURCE_HASH);

/** A host on which all is well, with parts replaced. */
function fake(parts: Partial<LoaderHost> & { readonly vars?: Record<string, string> } = {}): LoaderHost {
  const vars = parts.vars ?? { HOME: "/h/a" };
  return {
    ...linux,
    env: (name) => vars[name],
    exists: () => true,
    abiVersion: () => ABI_VERSION,
    open: () => OPENED,
    ...parts,
  };
}

function denied(): never {
  throw Object.assign(new Error("Requires ffi access"), { name: "NotCapable" });
}

function failure(host: LoaderHost): NativeLoadError {
  return assertThrows(() => openNative(host), NativeLoadError) as NativeLoadError;
}

Deno.test("all is well: the file in the cache is opened", () => {
  const opened: string[] = [];
  const host = fake({ open: (path) => (opened.push(path), OPENED) });
  assertStrictEquals(openNative(host), OPENED);
  assertEquals(opened, [`/h/a/.cache/millrace/${NAME}`]);
});

Deno.test("MILLRACE_SHIM comes before the cache, an empty one counts for nothing", () => {
  const vars = { HOME: "/h/a", XDG_CACHE_HOME: "/c", MILLRACE_SHIM: "/my/shim.so" };
  assertEquals(libraryPath(fake({ vars })), "/my/shim.so");
  assertEquals(libraryPath(fake({ vars: { ...vars, MILLRACE_SHIM: "" } })), `/c/millrace/${NAME}`);
});

Deno.test("on Windows the parts of the path are joined as there", () => {
  const host = fake({ os: "windows", vars: { LOCALAPPDATA: "C:\\l" } });
  assertEquals(
    libraryPath(host),
    `C:\\l\\millrace\\${NAME.replace("linux", "windows").replace(".so", ".dll")}`,
  );
});

Deno.test("a missing file: the text names it and the command that builds it", () => {
  const error = failure(fake({ exists: () => false }));
  assertEquals([error.code, error.path, error.name], [
    "ERR_SHIM_MISSING",
    `/h/a/.cache/millrace/${NAME}`,
    "NativeLoadError",
  ]);
  assertStringIncludes(error.message, `"/h/a/.cache/millrace/${NAME}"`);
  assertStringIncludes(error.message, `\`${buildCommand()}\``);
});

Deno.test("switched off by MILLRACE_SHIM=none", () => {
  const error = failure(fake({ vars: { MILLRACE_SHIM: "none" } }));
  assertEquals(error.code, "ERR_SHIM_MISSING");
  assertStringIncludes(error.message, "MILLRACE_SHIM");
});

Deno.test("no home, or an environment that may not be read: the text names the flag", () => {
  for (const host of [fake({ vars: {} }), fake({ env: denied })]) {
    const error = failure(host);
    assertEquals([error.code, error.path], ["ERR_SHIM_MISSING", undefined]);
    assertStringIncludes(error.message, "--allow-env=MILLRACE_SHIM,XDG_CACHE_HOME,HOME");
  }
});

Deno.test("not permitted: the text has the flag with the very path", () => {
  const path = `/h/a/.cache/millrace/${NAME}`;
  for (const parts of [{ abiVersion: denied }, { open: denied }, { exists: denied, abiVersion: denied }]) {
    const error = failure(fake(parts));
    assertEquals([error.code, error.path], ["ERR_SHIM_PERMISSION", path]);
    assertStringIncludes(error.message, `--allow-ffi=${path}`);
    assertMatch(String(error.cause), /Requires ffi access/);
  }
});

Deno.test("reading that is not permitted alone is no obstacle", () => {
  assertStrictEquals(openNative(fake({ exists: denied })), OPENED);
});

Deno.test("another version of the border: both numbers, and the cure", () => {
  const error = failure(fake({ abiVersion: () => ABI_VERSION + 41 }));
  assertEquals(error.code, "ERR_SHIM_ABI");
  assertStringIncludes(error.message, `version ${ABI_VERSION + 41}`);
  assertStringIncludes(error.message, `wants ${ABI_VERSION}`);
  assertStringIncludes(error.message, buildCommand());
});

Deno.test("a file that is no library, or lacks a function: why, and the cure", () => {
  const cause = new TypeError("invalid ELF header");
  const fails = () => {
    throw cause;
  };
  for (const parts of [{ abiVersion: fails }, { open: fails }]) {
    const error = failure(fake(parts));
    assertEquals(error.code, "ERR_SHIM_BROKEN");
    assertStringIncludes(error.message, "invalid ELF header");
    assertStringIncludes(error.message, buildCommand());
    assertStrictEquals(error.cause, cause);
  }
});

Deno.test("a path that cannot even be looked at is opened, and that tells", () => {
  const error = failure(fake({
    exists: () => {
      throw new Deno.errors.NotADirectory("Not a directory");
    },
    abiVersion: () => {
      throw new Error("cannot open shared object file: Not a directory");
    },
  }));
  assertEquals(error.code, "ERR_SHIM_BROKEN");
});

Deno.test("a host that is broken itself is not taken for a missing permission", () => {
  const host = fake({
    env: () => {
      throw new RangeError("broken");
    },
  });
  assertThrows(() => openNative(host), RangeError, "broken");
});

// ---- the real thing, in processes of their own ----

const FFI = new URL("./mod.ts", import.meta.url).href;

async function deno(flags: string[], env: Record<string, string>, body: string) {
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, body);
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--no-prompt", "--no-config", ...flags, file],
      // With LD_PRELOAD: over the sanitizer build, the child needs the sanitizers, too.
      env: { ...Deno.env.toObject(), MILLRACE_SHIM: "", NO_COLOR: "1", ...env },
      clearEnv: true,
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes).trim();
    return { out: decode(stdout), err: decode(stderr) };
  } finally {
    await Deno.remove(file);
  }
}

const REPORT = `
import { native } from "${FFI}";
try {
  console.log(native().liveHandles());
} catch (error) {
  console.log(error.code, error.message);
}`;

testIf(reason, "--allow-ffi=<the file> and the variable's name are all that must be granted", async () => {
  const path = native().path;
  const { out, err } = await deno([`--allow-ffi=${path}`, "--allow-env=MILLRACE_SHIM"], {
    MILLRACE_SHIM: path,
  }, REPORT);
  assertEquals([out, err], ["0", ""]);
});

testIf(reason, "no permission for the file: one error with the flag, which then works", async () => {
  const path = native().path;
  const { out } = await deno(["--allow-env"], { MILLRACE_SHIM: path }, REPORT);
  assertMatch(out, /^ERR_SHIM_PERMISSION /);
  const flag = out.match(/--allow-ffi=\S+/)?.[0] ?? "none";
  assertEquals(flag, `--allow-ffi=${path}`);
  assertEquals((await deno(["--allow-env", flag], { MILLRACE_SHIM: path }, REPORT)).out, "0");
});

testIf(reason, "permission for another file does not do", async () => {
  const { out } = await deno(
    ["--allow-env", "--allow-ffi=/tmp/other.so"],
    { MILLRACE_SHIM: native().path },
    REPORT,
  );
  assertMatch(out, /^ERR_SHIM_PERMISSION /);
});

Deno.test("no permission at all: one error, and it says what to grant", async () => {
  const { out } = await deno([], {}, REPORT);
  assertMatch(out, /^ERR_SHIM_MISSING .*--allow-env=MILLRACE_SHIM/);
});

Deno.test("a missing file and a file that is no library, for real", async () => {
  const file = await Deno.makeTempFile({ suffix: ".so" });
  await Deno.writeTextFile(file, "no library");
  const missing = await deno(["-A"], { MILLRACE_SHIM: `${file}.missing` }, REPORT);
  assertMatch(missing.out, /^ERR_SHIM_MISSING .*deno task shim/);
  const unseen = ["--allow-env", `--allow-ffi=${file}.missing`];
  assertMatch((await deno(unseen, { MILLRACE_SHIM: `${file}.missing` }, REPORT)).out, /^ERR_SHIM_MISSING /);
  const broken = await deno(["-A"], { MILLRACE_SHIM: file }, REPORT);
  assertMatch(broken.out, /^ERR_SHIM_BROKEN .*deno task shim/);
  const below = await deno(["-A"], { MILLRACE_SHIM: `${file}/x` }, REPORT);
  assertMatch(below.out, /^ERR_SHIM_/);
  await Deno.remove(file);
});

Deno.test("importing loads nothing: it needs no permission", async () => {
  const { out, err } = await deno([], {}, `import "${FFI}"; console.log("imported");`);
  assertEquals([out, err], ["imported", ""]);
});

testIf(reason, "native() opens once", () => {
  assert(native() === native());
});
