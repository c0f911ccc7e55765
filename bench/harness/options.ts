/** The command line of the harness. */

import { TARGET_NAMES } from "./targets.ts";

/** What to run. */
export interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly only: readonly string[];
  readonly latency: boolean;
  readonly all: boolean;
  readonly idle: boolean;
  readonly connections: number;
  readonly check: boolean;
  readonly save: boolean;
  readonly json: string | null;
  readonly readme: boolean;
  readonly config: string | null;
  readonly pin: boolean;
}

export const USAGE: string = `deno task bench [flags]
  --rounds N        interleaved rounds per workload (5)
  --seconds N       load per target and round (3)
  --only a,b        of: ${TARGET_NAMES.join(",")}
  --latency         also 1 and 8 connections
  --all             also /json, /users/42 and POST /echo
  --idle            only the memory of idle connections (--connections N, 10000)
  --check           exit 1 if a bar is missed (errors in answers always do)
  --json PATH       where the result goes (bench/results/DATE.json and latest.json)
  --no-save         write no result
  --readme          also put the tables into bench/README.md
  --no-pin          leave the cores to the system
  --config PATH     deno config for the targets`;

function positive(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new RangeError(`${name} "${text}": want an integer from 1`);
  }
  return value;
}

/** Reads the flags; throws a TypeError or RangeError that says what is wanted. */
export function parseOptions(args: readonly string[]): Options {
  const values = new Map<string, string>();
  const switches = new Set<string>();
  for (let i = 0; i < args.length; i++) {
    const [name, inline] = args[i].split("=", 2);
    if (["--latency", "--all", "--idle", "--check", "--no-save", "--readme", "--no-pin"].includes(name)) {
      switches.add(name);
    } else if (["--rounds", "--seconds", "--only", "--json", "--config", "--connections"].includes(name)) {
      const value = inline ?? args[++i];
      if (value === undefined) throw new TypeError(`${name}: want a value`);
      values.set(name, value);
    } else if (args[i] !== "--") {
      throw new TypeError(`unknown flag "${args[i]}"\n${USAGE}`);
    }
  }
  const only = values.get("--only")?.split(",") ?? TARGET_NAMES;
  for (const name of only) {
    if (!(TARGET_NAMES as readonly string[]).includes(name)) {
      throw new TypeError(`--only "${name}": want some of ${TARGET_NAMES.join(",")}`);
    }
  }
  return {
    rounds: positive("--rounds", values.get("--rounds") ?? "5"),
    seconds: positive("--seconds", values.get("--seconds") ?? "3"),
    only,
    latency: switches.has("--latency"),
    all: switches.has("--all"),
    idle: switches.has("--idle"),
    connections: positive("--connections", values.get("--connections") ?? "10000"),
    check: switches.has("--check"),
    save: !switches.has("--no-save"),
    readme: switches.has("--readme"),
    json: values.get("--json") ?? null,
    config: values.get("--config") ?? null,
    pin: !switches.has("--no-pin"),
  };
}
