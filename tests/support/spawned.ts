/**
 * A server under test in a process of its own.
 *
 * @module
 */
import { denoEnv, toolEnv } from "./skip.ts";

const LISTENING = /^listening on (\S+)(?: \(pid (\d+)\))?\n/m;
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 12_000;

/** How a process is started. */
export interface SpawnedOptions {
  /** The program and its arguments. */
  readonly command: readonly string[];
  /** Where; the test's own folder by default. */
  readonly cwd?: string;
  /** Added to the test's own environment. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How a process ended, and what it said. */
export interface Ended {
  readonly code: number;
  readonly signal: Deno.Signal | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A process; {@link Spawned.server} waits until it listens. */
export class Spawned implements AsyncDisposable {
  /** How it ends. */
  readonly ended: Promise<Ended>;
  readonly #child: Deno.ChildProcess;
  #stdout = "";
  #stderr = "";
  #onText: () => void = () => {};
  #hasEnded = false;

  /** Starts it. */
  constructor({ command: [program, ...args], cwd, env }: SpawnedOptions) {
    this.#child = new Deno.Command(program, {
      args,
      ...(cwd === undefined ? {} : { cwd }),
      clearEnv: true,
      env: denoEnv({ NO_COLOR: "1", ...env }),
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.ended = this.#follow();
  }

  async #follow(): Promise<Ended> {
    const { stdout, stderr, status } = this.#child;
    const [{ code, signal }] = await Promise.all([
      status,
      collect(stdout, (text) => {
        this.#stdout += text;
        this.#onText();
      }),
      collect(stderr, (text) => this.#stderr += text),
    ]);
    this.#hasEnded = true;
    return { code, signal, stdout: this.#stdout, stderr: this.#stderr };
  }

  /** Starts a server and waits for its line; throws with what it said if it ends first. */
  static async server(options: SpawnedOptions): Promise<SpawnedServer> {
    const spawned = new SpawnedServer(options);
    const listening = new Promise<void>((resolve) => {
      spawned.#onText = () => LISTENING.test(spawned.#stdout) && resolve();
    });
    const timer = setTimeout(() => spawned.kill("SIGKILL"), START_TIMEOUT_MS);
    await Promise.race([listening, spawned.ended]);
    clearTimeout(timer);
    const match = LISTENING.exec(spawned.#stdout);
    if (match === null) {
      const { code, stdout, stderr } = await spawned.ended;
      throw new Error(
        `${options.command.join(" ")} ended with ${code} before it listened\n${stdout}${stderr}`,
      );
    }
    spawned.url = match[1];
    spawned.pid = Number(match[2] ?? 0);
    return spawned;
  }

  /** Everything on stdout so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** Everything on stderr so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /** Sends a signal, unless it has ended. */
  kill(signal: Deno.Signal): void {
    if (!this.#hasEnded) this.#child.kill(signal);
  }

  /** Sends SIGTERM (or another) and waits for the end; after twelve seconds it is killed, and so has no code 0. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Ended> {
    this.kill(signal);
    const timer = setTimeout(() => this.kill("SIGKILL"), STOP_TIMEOUT_MS);
    const ended = await this.ended;
    clearTimeout(timer);
    return ended;
  }

  /** Kills it if it still runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.ended;
  }
}

/** A process that has said where it listens. */
export class SpawnedServer extends Spawned {
  /** Without a slash at the end. */
  url = "";
  /** As it says itself; 0 if it does not. */
  pid = 0;
}

async function collect(stream: ReadableStream<Uint8Array>, each: (text: string) => void): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) each(decoder.decode(chunk, { stream: true }));
}

/** Runs an outside program to its end. */
export async function runTool(program: string, args: readonly string[]): Promise<Ended> {
  const { code, signal, stdout, stderr } = await new Deno.Command(program, {
    args: [...args],
    clearEnv: true,
    env: toolEnv(),
    stdin: "null",
  }).output();
  const decoder = new TextDecoder();
  return { code, signal, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}

/** A folder that is gone afterwards. */
export class TempFolder implements AsyncDisposable {
  readonly path: string = Deno.makeTempDirSync({ prefix: "millrace-test-" });

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
