/** Memory of idle keep-alive connections. */

import { cpuSeconds, residentKiB, ServerProcess } from "./process.ts";
import type { Target } from "./targets.ts";

const FIRST = 1_000;
const SETTLE_MS = 3_000;

/** What idle connections cost a server. */
export interface IdleResult {
  readonly target: string;
  readonly connections: number;
  /** Still open at the end. */
  readonly alive: number;
  readonly residentKiBStart: number;
  readonly residentKiBFirst: number;
  readonly residentKiBAll: number;
  /** From the start to all connections. */
  readonly bytesPerConnection: number;
  /** The same without the first thousand, which also pay for warming up. */
  readonly bytesPerLaterConnection: number;
  /** CPU of the server while all connections idle, in percent of a core. */
  readonly idleCpuPercent: number;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Opens idle connections against a fresh server of its own. */
export async function measureIdle(
  target: Target,
  client: string,
  connections: number,
): Promise<IdleResult> {
  // The descriptors of this many connections and a few more, for servers that do not raise the limit themselves.
  const command = ["sh", "-c", 'ulimit -n "$(ulimit -Hn)"; exec "$@"', "sh", ...target.command];
  const server = await ServerProcess.start(command, target.env);
  try {
    const { hostname, port } = new URL(server.url);
    // Warm up: one connection, its request and the code behind it.
    await (await fetch(server.url)).text();
    await pause(1_000);
    const residentKiBStart = residentKiB(server.pid);
    const child = new Deno.Command(client, {
      args: [hostname, port, String(FIRST), String(connections)],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const input = child.stdin.getWriter();
    const lines = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const said = async (word: string): Promise<number> => {
      let text = "";
      while (!text.includes("\n")) {
        const { value, done } = await lines.read();
        if (done) throw new Error(`idle client against ${target.name} ended early`);
        text += value;
      }
      const [first, count] = text.trim().split(" ");
      if (first !== word) throw new Error(`idle client said "${text}", want "${word}"`);
      return Number(count);
    };
    const next = (): Promise<void> => input.write(new Uint8Array([10]));

    await said("open");
    await pause(SETTLE_MS);
    const residentKiBFirst = residentKiB(server.pid);
    await next();
    const opened = await said("open");
    await pause(SETTLE_MS);
    const residentKiBAll = residentKiB(server.pid);
    const cpuBefore = cpuSeconds(server.pid);
    await pause(1_000);
    const idleCpuPercent = (cpuSeconds(server.pid) - cpuBefore) * 100;
    await next();
    const alive = await said("alive");
    await child.status;
    await input.close().catch(() => {});
    await lines.cancel();
    return {
      target: target.name,
      connections: opened,
      alive,
      residentKiBStart,
      residentKiBFirst,
      residentKiBAll,
      bytesPerConnection: (residentKiBAll - residentKiBStart) * 1024 / opened,
      bytesPerLaterConnection: (residentKiBAll - residentKiBFirst) * 1024 / (opened - FIRST),
      idleCpuPercent,
    };
  } finally {
    await server.stop();
  }
}
