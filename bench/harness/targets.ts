/** The servers that the harness can run. */

import { compile, which } from "./process.ts";

/** One server: how to start it. */
export interface Target {
  readonly name: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A server that this machine cannot run, and why. */
export interface Skip {
  readonly name: string;
  readonly reason: string;
}

/** Fail rather than fall back to the host's sockets. */
const NATIVE = { BACKEND: "native" };

export const TARGET_NAMES = ["floor", "raw", "app", "deno", "bun", "node"] as const;

const HERE = new URL("../targets/", import.meta.url).pathname;

/** Where `npm install --prefix` below puts Bun: outside the repository. */
function peersFolder(): string {
  const cache = Deno.env.get("XDG_CACHE_HOME") ?? `${Deno.env.get("HOME") ?? "/tmp"}/.cache`;
  return `${cache}/millrace/bench_peers`;
}

async function findBun(): Promise<string | null> {
  const onPath = await which("bun");
  if (onPath !== null) return onPath;
  for (const name of ["@oven/bun-linux-x64/bin/bun", "@oven/bun-linux-aarch64/bin/bun", ".bin/bun"]) {
    const path = `${peersFolder()}/node_modules/${name}`;
    try {
      if ((await Deno.stat(path)).isFile) return path;
    } catch {
      // Not this one.
    }
  }
  return null;
}

function deno(file: string, config: string | null): string[] {
  const options = config === null ? [] : ["--config", config];
  return [Deno.execPath(), "run", "--quiet", "--no-check", ...options, "-A", HERE + file];
}

async function find(name: string, work: string, config: string | null): Promise<Target | Skip> {
  switch (name) {
    case "floor":
      return { name, command: [await compile("epoll", work)], env: {} };
    case "raw":
      return { name, command: deno("raw.ts", config), env: NATIVE };
    case "app":
      return { name, command: deno("app.ts", config), env: NATIVE };
    case "deno":
      return { name, command: deno("deno_serve.ts", config), env: {} };
    case "bun": {
      const bun = await findBun();
      if (bun !== null) return { name, command: [bun, `${HERE}bun.mjs`], env: {} };
      return { name, reason: `no bun; npm install --prefix ${peersFolder()} bun` };
    }
    case "node": {
      const node = await which("node");
      if (node !== null) return { name, command: [node, `${HERE}node.mjs`], env: {} };
      return { name, reason: "no node on PATH" };
    }
  }
  throw new TypeError(`target "${name}": want one of ${TARGET_NAMES.join(", ")}`);
}

/** Finds the named targets; builds the floor into the folder `work`. */
export async function findTargets(
  names: readonly string[],
  work: string,
  config: string | null,
): Promise<{ targets: Target[]; skips: Skip[] }> {
  const targets: Target[] = [];
  const skips: Skip[] = [];
  for (const name of names) {
    const found = await find(name, work, config);
    if ("command" in found) targets.push(found);
    else skips.push(found);
  }
  return { targets, skips };
}
