/**
 * Compiles the native library into the per-user cache and prints its path: run it once.
 *
 * ```sh
 * deno run -A jsr:@millrace/millrace/build        # or `deno task shim` in a checkout
 * ```
 *
 * `--asan` makes the sanitizer build (AddressSanitizer and UndefinedBehaviorSanitizer), `CC` names another
 * compiler.
 * @module
 */
import { ABI_VERSION } from "./abi.ts";
import { denoAbiVersion } from "./deno.ts";
import { cacheFolder, type Host, libraryName } from "./paths.ts";
import { SOURCE_HASH } from "./source_hash.ts";

const HEADER = "shim.h";
const SOURCES: Readonly<Record<string, readonly string[]>> = { linux: ["epoll.c", "socket.c"] };
const ALL_FILES = [HEADER, "epoll.c", "socket.c"];

const WARNINGS = ["-std=c11", "-Wall", "-Wextra", "-Werror"];
const RELEASE = [
  "-O2",
  "-fvisibility=hidden",
  "-fstack-protector-strong",
  "-U_FORTIFY_SOURCE",
  "-D_FORTIFY_SOURCE=2",
];
// Never unloaded: a worker that is terminated may leave a thread of its own waiting in the library.
const LINKED: Readonly<Record<string, readonly string[]>> = {
  linux: ["-Wl,-z,nodelete", "-Wl,-z,relro", "-Wl,-z,now"],
};
const SANITIZED = [
  "-O1",
  "-g",
  "-fno-omit-frame-pointer",
  "-fsanitize=address,undefined",
  "-fno-sanitize-recover=undefined",
  "-fvisibility=hidden",
];

/** What {@link buildShim} makes. */
export interface BuildOptions {
  /** The sanitizer build. Default false. */
  readonly asan?: boolean;
  /** Compile even if the file is there. Default false. */
  readonly force?: boolean;
}

async function readSource(name: string): Promise<string> {
  const url = new URL(`./shim/${name}`, import.meta.url);
  if (url.protocol === "file:") return await Deno.readTextFile(url);
  const response = await fetch(url);
  if (!response.ok) throw new Error(`cannot read ${url.href}: status ${response.status}`);
  return await response.text();
}

async function readSources(): Promise<Map<string, string>> {
  const texts = await Promise.all(ALL_FILES.map(readSource));
  return new Map(ALL_FILES.map((name, index) => [name, texts[index]]));
}

/** The hash under which a build of these sources is cached: 16 hexadecimal digits of SHA-256. */
export async function hashSources(sources: ReadonlyMap<string, string>): Promise<string> {
  const flags = JSON.stringify([WARNINGS, RELEASE, SANITIZED, LINKED]);
  const parts = [["flags", flags] as const, ...sources].map(([name, text]) =>
    `${name}\0${text.length}\0${text}`
  ).join("\0");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(parts)));
  return Array.from(digest.subarray(0, 8), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** In a checkout the C source may be ahead of the constant: write the constant anew. */
async function recordHash(hash: string): Promise<void> {
  if (hash === SOURCE_HASH) return;
  const file = new URL("./source_hash.ts", import.meta.url);
  if (file.protocol !== "file:") {
    throw new Error(
      `the package's C source has hash ${hash}, its code expects ${SOURCE_HASH}: broken package`,
    );
  }
  const text = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, text.replace(SOURCE_HASH, hash));
  console.error(`ffi/source_hash.ts: ${SOURCE_HASH} -> ${hash}`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return true;
  } catch (error) {
    // What cannot be looked at is to be made, and that tells why it cannot.
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}

/** A folder of its own inside the cache. */
async function workFolder(cache: string): Promise<string> {
  try {
    await Deno.mkdir(cache, { recursive: true });
    return await Deno.makeTempDir({ dir: cache, prefix: "build-" });
  } catch (error) {
    throw new Error(
      `cannot write to the cache folder "${cache}" (${error instanceof Error ? error.message : error}): ` +
        "make it writable, or name another one in XDG_CACHE_HOME",
      { cause: error },
    );
  }
}

/** Is it a library that this system can load? A file that was cut off, or built for another libc, is built again. */
function opens(path: string): boolean {
  try {
    return denoAbiVersion(path) === ABI_VERSION;
  } catch (error) {
    // Without the permission to look, it is taken for good.
    return error instanceof Deno.errors.NotCapable;
  }
}

async function compile(
  folder: string,
  target: string,
  files: readonly string[],
  flags: readonly string[],
): Promise<void> {
  const compiler = Deno.env.get("CC") || "cc";
  const output = `${folder}/out`;
  const args = [
    ...WARNINGS,
    ...flags,
    "-shared",
    "-fPIC",
    "-o",
    output,
    ...files.map((f) => `${folder}/${f}`),
  ];
  let result: Deno.CommandOutput;
  try {
    result = await new Deno.Command(compiler, { args, stdout: "piped", stderr: "piped" }).output();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(
      `no C compiler: "${compiler}" is not on PATH; install one (Debian: apt-get install gcc libc6-dev, ` +
        `macOS: xcode-select --install) or name it in CC`,
    );
  }
  if (!result.success) {
    const text = new TextDecoder().decode(result.stderr);
    throw new Error(`${compiler} ${args.join(" ")} failed with exit code ${result.code}:\n${text}`);
  }
  await Deno.rename(output, target);
}

/**
 * Compile the library if it is not in the cache, and return its path.
 *
 * @throws {Error} Where there is no compiler, no home folder, or no C source for this system; the message
 * names the cure.
 */
export async function buildShim(options: BuildOptions = {}): Promise<string> {
  const host: Host = { os: Deno.build.os, arch: Deno.build.arch };
  const files = SOURCES[host.os];
  if (files === undefined) throw new Error(`the native library is not written for "${host.os}" yet`);
  const folder = cacheFolder(host, (name) => Deno.env.get(name));
  if (folder === undefined) throw new Error("no cache folder: set HOME or XDG_CACHE_HOME");

  const sources = await readSources();
  const hash = await hashSources(sources);
  await recordHash(hash);
  const target = `${folder}/${libraryName(host, hash, options.asan ? "asan" : "")}`;
  if (!options.force && await exists(target) && (options.asan || opens(target))) return target;

  // Compiled in a folder of its own and renamed: two builds at once, or one cut off, leave a whole file.
  const work = await workFolder(folder);
  try {
    for (const [name, text] of sources) await Deno.writeTextFile(`${work}/${name}`, text);
    const flags = [...options.asan ? SANITIZED : RELEASE, ...LINKED[host.os] ?? []];
    await compile(work, target, files, flags);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  return target;
}

if (import.meta.main) {
  try {
    console.log(
      await buildShim({ asan: Deno.args.includes("--asan"), force: Deno.args.includes("--force") }),
    );
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(1);
  }
}
