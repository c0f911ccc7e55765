/**
 * Starts the demo as `deno task start` does: under the very same permissions.
 *
 * @module
 */
import { libraryPath } from "../../ffi/load.ts";
import { requireNative } from "../support/skip.ts";
import { Spawned, type SpawnedOptions, type SpawnedServer } from "../support/spawned.ts";

const ROOT = new URL("../../", import.meta.url);

/** The library's sockets, or with `none` the host's. */
export type Sockets = "native" | "none";

/** For tests that mean either. */
export const SOCKETS: Sockets = requireNative() === undefined ? "native" : "none";

/** The flags of the start task, so that the tests fail when they no longer do. */
function startFlags(shim: string): string[] {
  const { tasks } = JSON.parse(Deno.readTextFileSync(new URL("deno.json", ROOT)));
  const command: string = tasks.start.command;
  const words = command.slice(command.lastIndexOf("deno run ")).match(/"[^"]*"|\S+/g) ?? [];
  const flags = words.map((word) => word.replaceAll('"', "")).filter((word) => word.startsWith("--"));
  return flags.map((flag) => flag.replaceAll("$MILLRACE_SHIM", shim));
}

/** How the demo is started in `folder`. */
export function demoOptions(
  folder: string,
  env: Readonly<Record<string, string>> = {},
  sockets: Sockets = SOCKETS,
): SpawnedOptions {
  const shim = sockets === "none" ? "none" : libraryPath();
  return {
    command: [Deno.execPath(), "run", ...startFlags(shim), new URL("server.ts", ROOT).pathname],
    cwd: folder,
    env: { HOST: "", PORT: "0", TLS: "", ...env, MILLRACE_SHIM: shim },
  };
}

/** The demo, listening; its notes are in `folder`. */
export function startDemo(
  folder: string,
  env?: Readonly<Record<string, string>>,
  sockets?: Sockets,
): Promise<SpawnedServer> {
  return Spawned.server(demoOptions(folder, env, sockets));
}

/** What the API gives for a note. */
export interface Note {
  readonly id: number;
  readonly title: string;
  readonly body: string;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** A request with a JSON body: `[status, body]`, the body parsed if there is one. */
export async function call<T = Record<string, unknown>>(
  method: string,
  url: string,
  body?: unknown,
): Promise<[number, T]> {
  const init = body === undefined ? { method } : {
    method,
    body: JSON.stringify(body),
    headers: { "content-type": "application/json" },
  };
  const response = await fetch(url, init);
  const text = await response.text();
  return [response.status, (text === "" ? undefined : JSON.parse(text)) as T];
}
