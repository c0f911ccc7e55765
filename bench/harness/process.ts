/** Starts, measures and ends the processes under test. Linux: reads /proc. */

const LISTENING = /listening on (http:\/\/\S+) \(pid (\d+)\)/;
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 10_000;
const STDERR_KEPT = 4_000;

/** USER_HZ, the unit of the times in /proc: 100 on every Linux that we know. */
const TICKS_PER_SECOND = 100;

/** CPU ticks (utime + stime) of a process: all its threads, those that ended included. */
export function cpuTicks(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** CPU seconds of a process, to 10 ms. */
export function cpuSeconds(pid: number): number {
  return cpuTicks(pid) / TICKS_PER_SECOND;
}

/** Resident memory of a process in KiB. */
export function residentKiB(pid: number): number {
  const match = /VmRSS:\s+(\d+) kB/.exec(Deno.readTextFileSync(`/proc/${pid}/status`));
  return match === null ? 0 : Number(match[1]);
}

/** Busy seconds of one core since boot: user, nice, system, irq, softirq and steal. */
export function coreBusySeconds(core: number): number {
  for (const line of Deno.readTextFileSync("/proc/stat").split("\n")) {
    const [name, user, nice, system, , , irq, softirq, steal] = line.split(/\s+/);
    if (name !== `cpu${core}`) continue;
    return [user, nice, system, irq, softirq, steal].map(Number).reduce((a, b) => a + b) / TICKS_PER_SECOND;
  }
  return 0;
}

/** `command` as it runs on one core only; null leaves it to the system. */
export function pinned(core: number | null, command: string[]): string[] {
  return core === null ? command : ["taskset", "-c", String(core), ...command];
}

/** A server under test that has said that it listens. */
export class ServerProcess {
  readonly url: string;
  readonly pid: number;
  readonly #child: Deno.ChildProcess;

  private constructor(child: Deno.ChildProcess, url: string, pid: number) {
    this.#child = child;
    this.url = url;
    this.pid = pid;
  }

  /** Starts `command` with HOST and PORT set and waits for its line. Throws with its stderr if it ends first. */
  static async start(command: string[], env: Readonly<Record<string, string>>): Promise<ServerProcess> {
    const child = new Deno.Command(command[0], {
      args: command.slice(1),
      env: { HOST: "127.0.0.1", PORT: "0", NO_COLOR: "1", ...env },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    let complaint = "";
    void drain(child.stderr, (text) => complaint = (complaint + text).slice(-STDERR_KEPT));
    let output = "";
    const line = new Promise<RegExpExecArray | null>((resolve) => {
      void drain(child.stdout, (text) => {
        if (output.length > STDERR_KEPT) return;
        output += text;
        const match = LISTENING.exec(output);
        if (match !== null) resolve(match);
      }).then(() => resolve(null));
    });
    const timer = setTimeout(() => tryKill(child, "SIGKILL"), START_TIMEOUT_MS);
    const match = await line;
    clearTimeout(timer);
    if (match === null) {
      const { code } = await child.status;
      throw new Error(`${command.join(" ")} ended with ${code} before it listened\n${output}${complaint}`);
    }
    return new ServerProcess(child, match[1], Number(match[2]));
  }

  /** Sends SIGTERM; the exit code, or null where it had to be killed. */
  async stop(): Promise<number | null> {
    let killed = false;
    tryKill(this.#child, "SIGTERM");
    const timer = setTimeout(() => {
      killed = true;
      tryKill(this.#child, "SIGKILL");
    }, STOP_TIMEOUT_MS);
    const status = await this.#child.status;
    clearTimeout(timer);
    return killed ? null : status.code;
  }
}

function tryKill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended already.
  }
}

async function drain(stream: ReadableStream<Uint8Array>, each: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) each(decoder.decode(chunk, { stream: true }));
}

/** Runs a command to its end and returns its stdout; throws with its stderr if it fails. */
export async function run(command: string[], env: Record<string, string> = {}): Promise<string> {
  const { code, stdout, stderr } = await new Deno.Command(command[0], {
    args: command.slice(1),
    env,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  if (code !== 0) {
    throw new Error(
      `${command.join(" ")} ended with ${code}\n${decoder.decode(stdout)}${decoder.decode(stderr)}`,
    );
  }
  return decoder.decode(stdout);
}

/** The path of a program on PATH, or null. */
export async function which(program: string): Promise<string | null> {
  try {
    return (await run(["sh", "-c", `command -v ${program}`])).trim() || null;
  } catch {
    return null;
  }
}

/** Compiles one C file of bench/floor into a folder and returns the program's path. */
export async function compile(name: string, folder: string): Promise<string> {
  const source = new URL(`../floor/${name}.c`, import.meta.url).pathname;
  const program = `${folder}/${name}`;
  await run([Deno.env.get("CC") ?? "cc", "-O2", "-Wall", "-Wextra", "-o", program, source]);
  return program;
}
