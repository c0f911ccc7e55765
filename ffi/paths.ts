/**
 * Where the native library lies, by the order of preference. Pure: the environment is an argument.
 * @module
 */
import { ABI_VERSION } from "./abi.ts";

/** What decides about the place, besides the environment. */
export interface Host {
  /** `linux`, `darwin`, `windows`. */
  readonly os: string;
  /** `x86_64`, `aarch64`. */
  readonly arch: string;
}

/** Reads an environment variable. */
export type Environment = (name: string) => string | undefined;

/** The file ending of a shared library there. */
export function libraryExtension(os: string): string {
  return os === "windows" ? "dll" : os === "darwin" ? "dylib" : "so";
}

/** The per-user cache folder of Millrace, or `undefined` where the environment names no home. */
export function cacheFolder(host: Host, env: Environment): string | undefined {
  if (host.os === "windows") {
    const local = env("LOCALAPPDATA");
    return local ? `${local}\\millrace` : undefined;
  }
  const xdg = env("XDG_CACHE_HOME");
  // A relative one is invalid and counts for nothing (XDG base directory specification).
  if (xdg?.startsWith("/")) return `${xdg}/millrace`;
  const home = env("HOME");
  if (!home) return undefined;
  return host.os === "darwin" ? `${home}/Library/Caches/millrace` : `${home}/.cache/millrace`;
}

/** The file name of a build: its target, the version of the border, the hash of the C source, the flavour. */
export function libraryName(host: Host, hash: string, flavour: "" | "asan" = ""): string {
  const suffix = flavour === "" ? "" : `-${flavour}`;
  return `shim-${host.os}-${host.arch}-abi${ABI_VERSION}-${hash}${suffix}.${libraryExtension(host.os)}`;
}
