/** The bars: what the measurements must show. */

import type { Sample } from "./wrk.ts";
import { fixed, median } from "./table.ts";

/** Samples of one workload: target to one sample per round. */
export type Rounds = Readonly<Record<string, readonly Sample[]>>;

/** One bar and whether it holds. */
export interface Bar {
  readonly name: string;
  readonly value: number;
  readonly want: string;
  /** null: not measured. */
  readonly pass: boolean | null;
}

/** Median over the rounds of the CPU per request of `a` over that of `b` in the same round; NaN without both. */
export function cpuRatio(rounds: Rounds, a: string, b: string): number {
  const left = rounds[a] ?? [];
  const right = rounds[b] ?? [];
  const count = Math.min(left.length, right.length);
  const ratios = [];
  for (let i = 0; i < count; i++) ratios.push(left[i].cpuUsPerRequest / right[i].cpuUsPerRequest);
  return median(ratios);
}

function atMost(name: string, value: number, max: number): Bar {
  return { name, value, want: `<= ${fixed(max, 2)}`, pass: Number.isNaN(value) ? null : value <= max };
}

function below(name: string, value: number, limit: number): Bar {
  return { name, value, want: `< ${fixed(limit, 2)}`, pass: Number.isNaN(value) ? null : value < limit };
}

function atLeast(name: string, value: number, min: number): Bar {
  return { name, value, want: `>= ${fixed(min, 2)}`, pass: Number.isNaN(value) ? null : value >= min };
}

/** The bars on CPU per request; `plain` is one request at a time, `pipelined` 16 in one write. */
export function cpuBars(plain: Rounds, pipelined: Rounds): Bar[] {
  return [
    atMost("plain: raw / floor", cpuRatio(plain, "raw", "floor"), 1.10),
    below("plain: raw / Deno.serve", cpuRatio(plain, "raw", "deno"), 1),
    below("plain: raw / Bun", cpuRatio(plain, "raw", "bun"), 1),
    atMost("plain: app / raw", cpuRatio(plain, "app", "raw"), 1.3),
    atMost("pipelined: raw / floor", cpuRatio(pipelined, "raw", "floor"), 1.6),
    atLeast(
      "pipelined: requests per CPU second, raw / Deno.serve",
      cpuRatio(pipelined, "deno", "raw"),
      5,
    ),
    atMost("pipelined: app / raw", cpuRatio(pipelined, "app", "raw"), 1.3),
  ];
}

/** The bar on memory of idle connections. */
export function idleBar(target: string, bytesPerConnection: number): Bar {
  return below(`idle: ${target}, KiB of RSS per connection`, bytesPerConnection / 1024, 4);
}

/** The bar on the executor; nanoseconds. */
export function spawnBar(spawnToPollNs: number): Bar {
  return below("spawn to first poll, ns", spawnToPollNs, 1_000);
}

/** One line for a bar. */
export function barLine(bar: Bar): string {
  const verdict = bar.pass === null ? "skip" : bar.pass ? "pass" : "FAIL";
  return `${verdict}  ${bar.name}: ${
    bar.pass === null ? "not measured" : fixed(bar.value, 2)
  } (want ${bar.want})`;
}
