/**
 * The end-to-end bench: runs the C floor, our targets and their peers in turn under wrk, pinned to separate
 * cores, in interleaved rounds, and prints medians. `deno task bench`; flags: see harness/options.ts.
 *
 * @module
 */

import { barLine, cpuBars, idleBar, spawnBar } from "./harness/bars.ts";
import { measureIdle } from "./harness/idle.ts";
import { parseOptions, USAGE } from "./harness/options.ts";
import type { Options } from "./harness/options.ts";
import { compile, cpuSeconds, pinned, run, ServerProcess, which } from "./harness/process.ts";
import { findTargets } from "./harness/targets.ts";
import type { Target } from "./harness/targets.ts";
import {
  figureLines,
  idleTable,
  idleTitle,
  machineLine,
  saveReport,
  workloadTable,
} from "./harness/report.ts";
import type { Report } from "./harness/report.ts";
import { fixed } from "./harness/table.ts";
import type { Figures } from "./runtime_figures.ts";
import { load, warmUp } from "./harness/wrk.ts";
import type { Sample, Workload } from "./harness/wrk.ts";

const SERVER_CORE = 0;
const LOAD_CORE = 1;

const PLAIN: Workload = {
  name: "plain",
  title: "GET /, 64 connections, one at a time",
  path: "/",
  connections: 64,
  batch: 1,
};
const PIPELINED: Workload = {
  name: "pipelined",
  title: "GET /, 64 connections, 16 requests pipelined",
  path: "/",
  connections: 64,
  batch: 16,
};
const LATENCY: readonly Workload[] = [1, 8].map((connections) => ({
  name: `c${connections}`,
  title: `GET /, ${connections} connection${connections === 1 ? "" : "s"}, one at a time`,
  path: "/",
  connections,
  batch: 1,
}));
/** The floor has one answer for everything, so it says nothing about these. */
const PATHS: readonly Workload[] = [
  {
    name: "json",
    title: "GET /json, 64 connections",
    path: "/json",
    connections: 64,
    batch: 1,
    not: ["floor"],
  },
  {
    name: "users",
    title: "GET /users/42, 64 connections",
    path: "/users/42",
    connections: 64,
    batch: 1,
    not: ["floor"],
  },
  {
    name: "echo",
    title: "POST /echo of 1 KiB, 64 connections",
    path: "/echo",
    connections: 64,
    batch: 1,
    method: "POST",
    bodyBytes: 1024,
    not: ["floor"],
  },
];

function machine(): Record<string, string | number> {
  const cpu = /model name\s*:\s*(.+)/.exec(Deno.readTextFileSync("/proc/cpuinfo"))?.[1] ?? "unknown";
  return {
    cpu,
    cores: navigator.hardwareConcurrency,
    kernel: Deno.osRelease().split("-")[0],
    deno: Deno.version.deno,
    loadAverage: Number(Deno.loadavg()[0].toFixed(1)),
  };
}

/** CPU of the servers that are not under load: wall seconds and CPU seconds, summed. */
class IdleCpu {
  readonly #cpu = new Map<string, number>();
  readonly #wall = new Map<string, number>();

  async watch<T>(idle: ReadonlyMap<string, ServerProcess>, body: () => Promise<T>): Promise<T> {
    const before = [...idle].map(([name, server]) => ({ name, server, cpu: cpuSeconds(server.pid) }));
    const started = performance.now();
    const result = await body();
    const wall = (performance.now() - started) / 1_000;
    for (const { name, server, cpu } of before) {
      this.#cpu.set(name, (this.#cpu.get(name) ?? 0) + cpuSeconds(server.pid) - cpu);
      this.#wall.set(name, (this.#wall.get(name) ?? 0) + wall);
    }
    return result;
  }

  percent(): Record<string, number> {
    return Object.fromEntries([...this.#cpu].map(([name, cpu]) => [name, cpu / this.#wall.get(name)! * 100]));
  }
}

async function runWorkload(
  workload: Workload,
  servers: ReadonlyMap<string, ServerProcess>,
  options: Options,
  idleCpu: IdleCpu,
): Promise<Record<string, Sample[]>> {
  const rounds: Record<string, Sample[]> = {};
  const serverCore = options.pin ? SERVER_CORE : null;
  const loadCore = options.pin ? LOAD_CORE : null;
  for (let round = 0; round < options.rounds; round++) {
    for (const [name, server] of servers) {
      if (workload.not?.includes(name)) continue;
      await warmUp(server, workload, loadCore);
      const others = new Map([...servers].filter(([other]) => other !== name));
      const sample = await idleCpu.watch(
        others,
        () => load(server, workload, options.seconds, serverCore, loadCore),
      );
      (rounds[name] ??= []).push(sample);
    }
  }
  return rounds;
}

async function runtimeFigures(options: Options): Promise<Figures | null> {
  const script = new URL("./runtime_figures.ts", import.meta.url).pathname;
  const config = options.config === null ? [] : ["--config", options.config];
  try {
    const command = [Deno.execPath(), "run", "--quiet", "--no-check", ...config, "-A", script];
    return JSON.parse(await run(pinned(options.pin ? SERVER_CORE : null, command)));
  } catch (error) {
    console.log(`skip  runtime figures: ${error instanceof Error ? error.message.trim() : error}`);
    return null;
  }
}

/** Ours must run and end in order; a peer that does not is left out. */
const OURS: readonly string[] = ["floor", "raw", "app"];

function reportBroken(name: string, error: unknown): void {
  const verdict = OURS.includes(name) ? "FAIL" : "skip";
  console.log(`${verdict}  ${name}: ${error instanceof Error ? error.message.trim() : error}`);
}

async function startAll(targets: readonly Target[], options: Options): Promise<Map<string, ServerProcess>> {
  const servers = new Map<string, ServerProcess>();
  for (const target of targets) {
    try {
      const command = pinned(options.pin ? SERVER_CORE : null, [...target.command]);
      servers.set(target.name, await ServerProcess.start(command, target.env));
    } catch (error) {
      reportBroken(target.name, error);
    }
  }
  return servers;
}

/** The loads; fills the report. */
async function runLoads(targets: readonly Target[], options: Options, report: Report): Promise<boolean> {
  const idleCpu = new IdleCpu();
  const servers = await startAll(targets, options);
  let clean = targets.every(({ name }) => servers.has(name) || !OURS.includes(name));
  try {
    const workloads = [
      PLAIN,
      PIPELINED,
      ...(options.latency ? LATENCY : []),
      ...(options.all ? PATHS : []),
    ];
    for (const workload of workloads) {
      const rounds = await runWorkload(workload, servers, options, idleCpu);
      report.workloads[workload.name] = { title: workload.title, rounds };
      console.log(`\n${workload.title}\n${workloadTable(rounds)}`);
      clean &&= Object.values(rounds).every((samples) => samples.every((sample) => sample.errors === 0));
    }
  } finally {
    for (const [name, server] of servers) {
      const code = await server.stop();
      if (code !== 0 && OURS.includes(name)) {
        console.log(`FAIL  ${name} ended with ${code ?? "a kill"} after SIGTERM, want 0 within 10 s`);
        clean = false;
      }
    }
  }
  Object.assign(report.idleCpuPercent, idleCpu.percent());
  console.log("\nCPU of the servers while another one is loaded, percent of a core:");
  console.log(
    Object.entries(report.idleCpuPercent).map(([name, p]) => `  ${name} ${fixed(p, 1)}`).join("\n"),
  );
  return clean;
}

async function runIdle(
  targets: readonly Target[],
  work: string,
  options: Options,
  report: Report,
): Promise<boolean> {
  const client = await compile("idle", work);
  let clean = true;
  for (const target of targets) {
    try {
      const result = await measureIdle(target, client, options.connections);
      report.idle.push(result);
      clean &&= result.alive === result.connections;
      if (target.name === "raw" || target.name === "app") {
        report.bars.push(idleBar(target.name, result.bytesPerConnection));
      }
    } catch (error) {
      reportBroken(target.name, error);
      clean &&= !OURS.includes(target.name);
    }
  }
  console.log(`\n${idleTitle(options.connections)}\n${idleTable(report.idle)}`);
  return clean;
}

async function main(options: Options): Promise<number> {
  if (Deno.build.os !== "linux") {
    console.log(
      `skip  the end-to-end bench reads /proc and pins cores: Linux only, this is ${Deno.build.os}`,
    );
    return 0;
  }
  if (!options.idle && await which("wrk") === null) {
    console.log("skip  no wrk on PATH; install it: apt-get install wrk");
    return 0;
  }
  if (options.pin && (navigator.hardwareConcurrency < 2 || await which("taskset") === null)) {
    console.log("note  fewer than two cores or no taskset: nothing is pinned, ratios mean less");
    return main({ ...options, pin: false });
  }
  const report: Report = {
    date: new Date().toISOString(),
    machine: machine(),
    options: { rounds: options.rounds, seconds: options.seconds, pinned: options.pin },
    workloads: {},
    idleCpuPercent: {},
    idle: [],
    runtime: options.idle ? null : await runtimeFigures(options),
    bars: [],
  };
  console.log(machineLine(report));
  if (report.runtime !== null) console.log(figureLines(report.runtime).join("\n"));
  const work = await Deno.makeTempDir({ prefix: "millrace-bench-" });
  let clean: boolean;
  try {
    const { targets, skips } = await findTargets(options.only, work, options.config);
    for (const skip of skips) console.log(`skip  ${skip.name}: ${skip.reason}`);
    clean = options.idle
      ? await runIdle(targets, work, options, report)
      : await runLoads(targets, options, report);
  } finally {
    await Deno.remove(work, { recursive: true });
  }
  if (!options.idle) {
    report.bars.push(...cpuBars(report.workloads.plain.rounds, report.workloads.pipelined.rounds));
    report.bars.push(spawnBar(report.runtime?.spawnToPollNs ?? NaN));
  }
  console.log(`\n${report.bars.map(barLine).join("\n")}`);
  if (options.save) saveReport(report, options);
  if (!clean) console.log("FAIL  errors, refused answers or a bad exit: see above");
  return clean && !(options.check && report.bars.some((bar) => bar.pass === false)) ? 0 : 1;
}

function optionsOrExit(): Options {
  try {
    return parseOptions(Deno.args);
  } catch (error) {
    console.error(error instanceof Error ? error.message : error);
    Deno.exit(2);
  }
}

if (import.meta.main) {
  if (Deno.args.includes("--help")) {
    console.log(USAGE);
  } else {
    Deno.exit(await main(optionsOrExit()));
  }
}
