/**
 * Prints the path of the native library for `deno task start`: the one that `MILLRACE_SHIM` names, else a fresh or
 * cached build, else `none`, with which the demo runs on the host's sockets.
 *
 * @module
 */

const given = Deno.env.get("MILLRACE_SHIM");
if (given) {
  console.log(given);
} else {
  const build = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("../ffi/build.ts", import.meta.url).href],
    stdout: "piped",
    stderr: "inherit",
  }).outputSync();
  const path = new TextDecoder().decode(build.stdout).trim();
  if (!build.success) {
    console.error("The native library could not be built; going on with the host's sockets.");
  }
  console.log(build.success && path ? path : "none");
}
