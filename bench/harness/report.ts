/** The report of a run: what is kept, how it is shown, where it goes. */

import { barLine, cpuRatio } from "./bars.ts";
import type { Bar, Rounds } from "./bars.ts";
import type { IdleResult } from "./idle.ts";
import type { Options } from "./options.ts";
import type { Figures } from "../runtime_figures.ts";
import { fixed, median, table, whole } from "./table.ts";
import type { Sample } from "./wrk.ts";

/** Everything that a run measured: the JSON in results/. */
export interface Report {
  readonly date: string;
  readonly machine: Record<string, string | number>;
  readonly options: { rounds: number; seconds: number; pinned: boolean };
  readonly workloads: Record<string, { title: string; rounds: Record<string, Sample[]> }>;
  readonly idleCpuPercent: Record<string, number>;
  readonly idle: IdleResult[];
  readonly runtime: Figures | null;
  readonly bars: Bar[];
}

/** One workload: a row for each target, medians over the rounds. */
export function workloadTable(rounds: Rounds): string {
  const of = (samples: readonly Sample[], pick: (sample: Sample) => number): number =>
    median(samples.map(pick));
  const rows = Object.entries(rounds).map(([name, samples]) => [
    name,
    whole(of(samples, (s) => s.requestsPerSecond)),
    whole(of(samples, (s) => s.p50Us)),
    whole(of(samples, (s) => s.p99Us)),
    fixed(of(samples, (s) => s.cpuUsPerRequest), 2),
    fixed(cpuRatio(rounds, name, "floor"), 2),
    fixed(cpuRatio(rounds, name, "deno"), 2),
    fixed(of(samples, (s) => s.residentKiB) / 1024, 1),
    fixed(of(samples, (s) => s.foreignShare) * 100, 0),
    whole(samples.reduce((sum, s) => sum + s.errors, 0)),
  ]);
  // deno-fmt-ignore
  const head = [
    "target", "req/s", "p50 us", "p99 us", "CPU us/req", "x floor", "x Deno.serve", "RSS MiB", "noise %", "errors",
  ];
  return table(head, rows);
}

/** The title of the table below. */
export function idleTitle(connections: number): string {
  return `${whole(connections)} idle keep-alive connections`;
}

/** What idle connections cost: a row for each target. */
export function idleTable(results: readonly IdleResult[]): string {
  const rows = results.map((r) => [
    r.target,
    whole(r.alive),
    fixed(r.residentKiBStart / 1024, 1),
    fixed(r.residentKiBAll / 1024, 1),
    fixed(r.bytesPerConnection / 1024, 2),
    fixed(r.bytesPerLaterConnection / 1024, 2),
    fixed(r.idleCpuPercent, 1),
  ]);
  const head = [
    "target",
    "alive",
    "RSS MiB before",
    "RSS MiB after",
    "KiB each",
    "KiB each after 1,000",
    "idle CPU %",
  ];
  return table(head, rows);
}

/** One line on the machine. */
export function machineLine(report: Report): string {
  return Object.entries(report.machine).map(([name, value]) => `${name} ${value}`).join(", ");
}

/** Two lines: what the executor and the timers cost. */
export function figureLines(figures: Figures): string[] {
  const us = (ns: number): string => `${fixed(ns / 1_000, 2)} us`;
  const { spawnToPollNs, spawnToPollHostNs, sleepZeroNs, sleepZeroHostNs } = figures;
  return [
    `spawn to first poll: ${us(spawnToPollNs)} (beside the host's loop ${us(spawnToPollHostNs)})`,
    `sleep(0) to wake: ${us(sleepZeroNs)} (beside the host's loop ${us(sleepZeroHostNs)})`,
  ];
}

function markdown(report: Report, options: Options): string {
  const parts = [
    `${report.date.slice(0, 10)}, ${
      options.idle ? "" : `${options.rounds} rounds of ${options.seconds} s, `
    }on:`,
  ];
  parts.push("```text\n" + machineLine(report) + "\n```");
  if (options.idle) {
    parts.push(`${idleTitle(options.connections)}:`, idleTable(report.idle));
  } else {
    for (const { title, rounds } of Object.values(report.workloads)) {
      parts.push(`${title}:`, workloadTable(rounds));
    }
    if (report.runtime !== null) {
      parts.push(figureLines(report.runtime).map((line) => `- ${line}`).join("\n"));
    }
  }
  parts.push("```text\n" + report.bars.map(barLine).join("\n") + "\n```");
  return parts.join("\n\n");
}

/** Puts the tables between the two markers of their kind in bench/README.md. */
function saveReadme(report: Report, options: Options): void {
  const path = new URL("../README.md", import.meta.url);
  const text = Deno.readTextFileSync(path);
  const marker = `<!-- last ${options.idle ? "idle" : "loads"} -->\n`;
  const [before, , after] = text.split(marker);
  if (after === undefined) throw new Error(`bench/README.md: want two lines ${marker.trim()}`);
  Deno.writeTextFileSync(path, `${before}${marker}\n${markdown(report, options)}\n\n${marker}${after}`);
}

/** Writes the JSON, and the README if that was asked for. */
export function saveReport(report: Report, options: Options): void {
  if (options.readme) saveReadme(report, options);
  const text = JSON.stringify(report, null, 1) + "\n";
  if (options.json !== null) return Deno.writeTextFileSync(options.json, text);
  const results = new URL("../results/", import.meta.url);
  Deno.mkdirSync(results, { recursive: true });
  const kind = options.idle ? "-idle" : "";
  const name = `${report.date.slice(0, 10)}${kind}.json`;
  Deno.writeTextFileSync(new URL(name, results), text);
  Deno.writeTextFileSync(new URL(`latest${kind}.json`, results), text);
  console.log(`\nwritten: bench/results/${name}`);
}
