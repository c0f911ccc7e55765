/**
 * Finds and opens the native library: `MILLRACE_SHIM`, then the per-user cache. Nothing is loaded before
 * somebody asks, and nothing is built behind anybody's back.
 * @module
 */
import { ABI_VERSION } from "./abi.ts";
import { denoAbiVersion, openWithDeno } from "./deno.ts";
import { MillraceError } from "./errors.ts";
import type { Native } from "./native.ts";
import { cacheFolder, libraryName } from "./paths.ts";
import { SOURCE_HASH } from "./source_hash.ts";

/**
 * Why there is no native library; the message names the command or the flag that mends it. `code` is
 * `ERR_SHIM_MISSING`, `ERR_SHIM_PERMISSION`, `ERR_SHIM_ABI`, `ERR_SHIM_BROKEN` or `ERR_SHIM_HOST`.
 */
export class NativeLoadError extends MillraceError {
  /** The file that was looked at, if one was. */
  readonly path: string | undefined;

  /** A stable `code`, a message with what, where and the cure, and the file. */
  constructor(code: string, message: string, path?: string, options?: ErrorOptions) {
    super(code, message, options);
    this.path = path;
  }
}

/** The command that builds the library, for a checkout and for a user of the package. */
export function buildCommand(): string {
  return import.meta.url.startsWith("file:")
    ? "deno task shim"
    : `deno run -A ${new URL("./build.ts", import.meta.url).href}`;
}

/** The host as far as the loader needs it; a port so that tests can break each part. */
export interface LoaderHost {
  /** Reads an environment variable; may throw where the permission is missing. */
  env(name: string): string | undefined;
  /** Does the file exist? May throw where the permission is missing. */
  exists(path: string): boolean;
  /** The version that the file says it has. */
  abiVersion(path: string): number;
  /** Open it. */
  open(path: string): Native;
  /** The build's target. */
  readonly os: string;
  /** The build's processor. */
  readonly arch: string;
}

function denoHost(): LoaderHost {
  if ((globalThis as { Deno?: unknown }).Deno === undefined) {
    throw new NativeLoadError(
      "ERR_SHIM_HOST",
      "the native library can be opened on Deno only so far; pass a transport of the host instead",
    );
  }
  return {
    env: (name) => Deno.env.get(name),
    exists: (path) => {
      try {
        Deno.lstatSync(path);
        return true;
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return false;
        throw error;
      }
    },
    abiVersion: denoAbiVersion,
    open: openWithDeno,
    os: Deno.build.os,
    arch: Deno.build.arch,
  };
}

function isDenied(error: unknown): boolean {
  return error instanceof Error && (error.name === "NotCapable" || error.name === "PermissionDenied");
}

function readEnv(host: LoaderHost, name: string): string | undefined {
  try {
    return host.env(name);
  } catch (error) {
    if (!isDenied(error)) throw error;
    return undefined;
  }
}

/** The value of `MILLRACE_SHIM` that says: do not look for a library. */
const NO_LIBRARY = "none";

/** The file that would be opened, whether or not it is there. */
export function libraryPath(host: LoaderHost = denoHost()): string {
  const named = readEnv(host, "MILLRACE_SHIM");
  if (named) return named;
  const folder = cacheFolder(host, (name) => readEnv(host, name));
  if (folder === undefined) {
    throw new NativeLoadError(
      "ERR_SHIM_MISSING",
      "cannot tell where the native library lies: neither MILLRACE_SHIM nor HOME can be read; " +
        "grant --allow-env=MILLRACE_SHIM,XDG_CACHE_HOME,HOME or set MILLRACE_SHIM to the library's path",
    );
  }
  return `${folder}${host.os === "windows" ? "\\" : "/"}${libraryName(host, SOURCE_HASH)}`;
}

function permissionError(path: string, cause: unknown): NativeLoadError {
  return new NativeLoadError(
    "ERR_SHIM_PERMISSION",
    `the native library "${path}" may not be opened: run with --allow-ffi=${path}`,
    path,
    { cause },
  );
}

function missingError(path: string): NativeLoadError {
  return new NativeLoadError(
    "ERR_SHIM_MISSING",
    `the native library "${path}" is not there: build it once with \`${buildCommand()}\``,
    path,
  );
}

/** The loader's words for a file that is not there: this one, not a library that it needs. */
function saysAbsent(error: unknown, path: string): boolean {
  if (!(error instanceof Error)) return false;
  const linux = `${path}: cannot open shared object file: No such file or directory`;
  return error.message.includes(linux) || error.message.includes(`'${path}' (no such file)`);
}

/** Is it there? Where that cannot be seen (reading is not permitted, a file is taken for a folder), opening tells. */
function mayExist(host: LoaderHost, path: string): boolean {
  try {
    return host.exists(path);
  } catch {
    return true;
  }
}

/** Open it, or a part of it; what goes wrong names its cure. */
function opening<T>(path: string, open: (path: string) => T): T {
  try {
    return open(path);
  } catch (error) {
    if (isDenied(error)) throw permissionError(path, error);
    if (saysAbsent(error, path)) throw missingError(path);
    throw new NativeLoadError(
      "ERR_SHIM_BROKEN",
      `the native library "${path}" cannot be opened (${error instanceof Error ? error.message : error}): ` +
        `build it again with \`${buildCommand()}\``,
      path,
      { cause: error },
    );
  }
}

/**
 * Find and open the library.
 *
 * @throws {NativeLoadError} When it is missing, not permitted, broken, or of another version.
 */
export function openNative(host: LoaderHost = denoHost()): Native {
  const path = libraryPath(host);
  if (path === NO_LIBRARY) {
    throw new NativeLoadError(
      "ERR_SHIM_MISSING",
      "the native library is switched off: MILLRACE_SHIM is none",
    );
  }
  if (!mayExist(host, path)) throw missingError(path);
  const version = opening(path, host.abiVersion);
  if (version !== ABI_VERSION) {
    throw new NativeLoadError(
      "ERR_SHIM_ABI",
      `the native library "${path}" has border version ${version}, this code wants ${ABI_VERSION}: ` +
        `build it again with \`${buildCommand()}\``,
      path,
    );
  }
  return opening(path, host.open);
}

let loaded: Native | undefined;

/** The library of this process, opened at the first call. Throws {@link NativeLoadError}. */
export function native(): Native {
  return loaded ??= openNative();
}
