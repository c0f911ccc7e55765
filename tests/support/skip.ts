/**
 * Skips that say why. A test that cannot run here is registered all the same, ignored, with its reason in its name;
 * `deno task test` prints `SKIP name: reason` for each and fails on an ignored test without a reason.
 *
 * A reason is a string, or `undefined` where the test can run: every `require...` below returns one.
 *
 * @module
 */

import { openNative } from "../../ffi/load.ts";

/** Why a test cannot run here; `undefined` when it can. */
export type Reason = string | undefined;

type Body = (context: Deno.TestContext) => void | Promise<void>;

/** Register a test that is skipped always. */
export function skipTest(name: string, reason: string): void {
  Deno.test({ name: `${name} [skipped: ${reason}]`, ignore: true, fn: () => {} });
}

/** Register a test that runs unless there is a reason not to. */
export function testIf(reason: Reason, name: string, body: Body): void;
export function testIf(reason: Reason, definition: Deno.TestDefinition): void;
export function testIf(reason: Reason, nameOrDefinition: string | Deno.TestDefinition, body?: Body): void {
  const definition = typeof nameOrDefinition === "string"
    ? { name: nameOrDefinition, fn: body as Body }
    : nameOrDefinition;
  if (reason === undefined) Deno.test(definition);
  else skipTest(definition.name, reason);
}

/** The first of several reasons. */
export function requireAll(...reasons: Reason[]): Reason {
  return reasons.find((reason) => reason !== undefined);
}

/** An outside program has to be on PATH. */
export function requireTool(name: string): Reason {
  return toolPath(name) === undefined ? `${name} is not installed` : undefined;
}

/** Where PATH has the program, if it has. */
export function toolPath(name: string): string | undefined {
  const windows = Deno.build.os === "windows";
  for (const folder of (Deno.env.get("PATH") ?? "").split(windows ? ";" : ":")) {
    if (folder === "") continue;
    const path = `${folder}/${name}${windows ? ".exe" : ""}`;
    try {
      const info = Deno.statSync(path);
      if (info.isFile && (windows || ((info.mode ?? 0) & 0o111) !== 0)) return path;
    } catch {
      // Not in this folder.
    }
  }
  return undefined;
}

/** One of the systems that `Deno.build.os` names. */
export function requireOs(...systems: (typeof Deno.build.os)[]): Reason {
  return systems.includes(Deno.build.os) ? undefined : `only on ${systems.join(", ")}`;
}

/** The native library has to be there. */
export function requireNative(): Reason {
  try {
    openNative();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** Whether this process runs over the sanitizer build: a measurement means nothing then. */
export function underAsan(): boolean {
  return Deno.env.get("MILLRACE_ASAN") === "1";
}

/** For tests that measure time or memory, or that are too slow over the sanitizer build. */
export function requireNoAsan(): Reason {
  return underAsan() ? "not over the sanitizer build" : undefined;
}

/**
 * Environment for outside programs, with `clearEnv: true`: the sanitizer's preload stays with us, because curl and
 * Chromium do not start under it.
 */
export function toolEnv(extra: Record<string, string> = {}): Record<string, string> {
  const { LD_PRELOAD: _, ...rest } = denoEnv(extra);
  return rest;
}

/** Environment for a Deno process of its own, with `clearEnv: true`: it may be killed, and counts no coverage. */
export function denoEnv(extra: Record<string, string> = {}): Record<string, string> {
  const { DENO_COVERAGE_DIR: _, DENO_UNSTABLE_COVERAGE_DIR: _old, ...rest } = Deno.env.toObject();
  return { ...rest, ...extra };
}
