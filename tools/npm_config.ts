/**
 * Writes `deno.npm.json`: `deno.json` with the `jsr:` names mapped to the stand-ins under `tests/support/std/`.
 * The copy is never edited by hand; the architecture test fails when it is stale.
 *
 * Run it with `deno task config`.
 *
 * @module
 */

/** What each bare name means where JSR cannot be reached. */
export const STAND_INS: Readonly<Record<string, string>> = {
  "@std/assert": "./tests/support/std/assert.ts",
  "@std/crypto": "./tests/support/std/crypto.ts",
  "@std/expect": "./tests/support/std/expect.ts",
  "@std/streams": "./tests/support/std/streams.ts",
  "@std/testing/time": "./tests/support/std/time.ts",
};

/** The text of `deno.npm.json` for a given `deno.json`. */
export function npmConfig(denoJson: string): string {
  const config = JSON.parse(denoJson) as { imports: Record<string, string> };
  const own = Object.entries(config.imports).filter(([, target]) => !target.startsWith("jsr:"));
  config.imports = { ...Object.fromEntries(own), ...STAND_INS };
  return JSON.stringify(config, null, 2) + "\n";
}

if (import.meta.main) {
  const root = new URL("../", import.meta.url);
  const text = npmConfig(Deno.readTextFileSync(new URL("deno.json", root)));
  Deno.writeTextFileSync(new URL("deno.npm.json", root), text);
}
