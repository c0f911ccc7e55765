/** One load of one server with wrk, and what it cost. */

import { coreBusySeconds, cpuSeconds, pinned, residentKiB, run } from "./process.ts";
import type { ServerProcess } from "./process.ts";

/** What is asked of a server. */
export interface Workload {
  readonly name: string;
  readonly title: string;
  readonly path: string;
  readonly connections: number;
  /** Requests in one write. */
  readonly batch: number;
  readonly method?: string;
  readonly bodyBytes?: number;
  /** Targets that can answer it; all where absent. */
  readonly not?: readonly string[];
}

/** What one load of one server measured. */
export interface Sample {
  readonly requests: number;
  readonly requestsPerSecond: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Server CPU (user and system, all threads) for each request. */
  readonly cpuUsPerRequest: number;
  readonly residentKiB: number;
  readonly errors: number;
  /** Share of the server's core that others used meanwhile: the noise. */
  readonly foreignShare: number;
}

interface WrkResult {
  readonly requests: number;
  readonly durationUs: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly errors: number;
}

const SCRIPT = new URL("../load.lua", import.meta.url).pathname;

async function wrk(
  url: string,
  workload: Workload,
  seconds: number,
  core: number | null,
): Promise<WrkResult> {
  const output = await run(
    // deno-fmt-ignore
    pinned(core, [
      "wrk", "-t1", `-c${workload.connections}`, `-d${seconds}s`, "--timeout", "5s", "--latency",
      "-s", SCRIPT, url + workload.path,
    ]),
    {
      BATCH: String(workload.batch),
      CONNECTIONS: String(workload.connections),
      METHOD: workload.method ?? "GET",
      BODY_BYTES: String(workload.bodyBytes ?? 0),
    },
  );
  const line = output.split("\n").find((text) => text.startsWith("RESULT "));
  if (line === undefined) throw new Error(`wrk printed no result\n${output}`);
  return JSON.parse(line.slice("RESULT ".length));
}

/** Runs wrk against a server for whole seconds, without keeping anything. */
export async function warmUp(server: ServerProcess, workload: Workload, core: number | null): Promise<void> {
  await wrk(server.url, workload, 1, core);
}

/** Loads a server and measures it. */
export async function load(
  server: ServerProcess,
  workload: Workload,
  seconds: number,
  serverCore: number | null,
  loadCore: number | null,
): Promise<Sample> {
  const busyBefore = serverCore === null ? 0 : coreBusySeconds(serverCore);
  const cpuBefore = cpuSeconds(server.pid);
  const started = performance.now();
  const result = await wrk(server.url, workload, seconds, loadCore);
  const cpu = cpuSeconds(server.pid) - cpuBefore;
  const wall = (performance.now() - started) / 1_000;
  const busy = serverCore === null ? 0 : coreBusySeconds(serverCore) - busyBefore;
  return {
    requests: result.requests,
    requestsPerSecond: result.requests / result.durationUs * 1e6,
    p50Us: result.p50Us,
    p99Us: result.p99Us,
    cpuUsPerRequest: cpu * 1e6 / result.requests,
    residentKiB: residentKiB(server.pid),
    errors: result.errors,
    foreignShare: Math.max(0, busy - cpu) / wall,
  };
}
