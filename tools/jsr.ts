/**
 * Which config the tests can run under here: `deno.json` where JSR answers, else `deno.npm.json`.
 *
 * @module
 */

const TIMEOUT_MS = 3000;

/** Whether the registry that `JSR_URL` names (default: jsr.io) hands out package metadata. */
export async function jsrAnswers(
  registry: string = Deno.env.get("JSR_URL") ?? "https://jsr.io/",
): Promise<boolean> {
  try {
    const response = await fetch(new URL("@std/assert/meta.json", registry), {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (!response.ok) {
      await response.body?.cancel();
      return false;
    }
    // A proxy that answers everything with a page of its own is no registry.
    const meta: unknown = await response.json();
    return typeof meta === "object" && meta !== null && "versions" in meta;
  } catch {
    return false;
  }
}

/** The name of the config to run under; `MILLRACE_CONFIG` decides without asking the network. */
export async function configName(): Promise<string> {
  const fixed = Deno.env.get("MILLRACE_CONFIG");
  if (fixed) return fixed;
  return await jsrAnswers() ? "deno.json" : "deno.npm.json";
}
