import { assertEquals } from "@std/assert";
import { ABI_VERSION } from "./abi.ts";
import { cacheFolder, libraryExtension, libraryName } from "./paths.ts";

const at = (os: string, env: Record<string, string>): string | undefined =>
  cacheFolder({ os, arch: "x86_64" }, (name) => env[name]);

Deno.test("the cache folder: XDG_CACHE_HOME before HOME, each system's own place", () => {
  assertEquals(at("linux", { HOME: "/h/a" }), "/h/a/.cache/millrace");
  assertEquals(at("linux", { HOME: "/h/a", XDG_CACHE_HOME: "/c" }), "/c/millrace");
  assertEquals(at("linux", { HOME: "/h/a", XDG_CACHE_HOME: "" }), "/h/a/.cache/millrace");
  assertEquals(at("darwin", { HOME: "/u/a" }), "/u/a/Library/Caches/millrace");
  assertEquals(at("darwin", { HOME: "/u/a", XDG_CACHE_HOME: "/c" }), "/c/millrace");
  assertEquals(at("windows", { LOCALAPPDATA: "C:\\l", HOME: "/x" }), "C:\\l\\millrace");
});

Deno.test("no home, no folder", () => {
  assertEquals([at("linux", {}), at("linux", { HOME: "" }), at("windows", { HOME: "/x" })], [
    undefined,
    undefined,
    undefined,
  ]);
});

Deno.test("a relative XDG_CACHE_HOME counts for nothing (XDG base directory specification)", () => {
  assertEquals(at("linux", { HOME: "/h/a", XDG_CACHE_HOME: "cache" }), "/h/a/.cache/millrace");
});

Deno.test("the file's name tells target, border, source and flavour", () => {
  const linux = { os: "linux", arch: "aarch64" };
  assertEquals(
    libraryName(linux, "0123456789abcdef"),
    `shim-linux-aarch64-abi${ABI_VERSION}-0123456789abcdef.so`,
  );
  assertEquals(libraryName(linux, "00", "asan"), `shim-linux-aarch64-abi${ABI_VERSION}-00-asan.so`);
  assertEquals(["linux", "darwin", "windows"].map(libraryExtension), ["so", "dylib", "dll"]);
});
