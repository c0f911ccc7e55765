/**
 * A server on a real socket, and a client that is nothing but a socket.
 * @module
 */
import { assertEquals } from "@std/assert";
import { native } from "../../ffi/load.ts";
import { type Handler, serve, type ServeOptions, type Server } from "@millrace/millrace/http";
import { Runtime } from "@millrace/millrace/runtime";
import { latin1, textOf } from "../../http/testing/wire.ts";
import { type Reason, requireNative } from "../support/skip.ts";

/** Whose sockets a case runs over. */
export interface Sockets {
  readonly backend: "native" | "host";
  /** Why it cannot run here. */
  readonly reason: Reason;
}

const withoutNative: Reason = requireNative();
// A library that is opened inside a test would count as leaked.
if (withoutNative === undefined) native();

/** Every case of these folders runs over both. */
export const SOCKETS: readonly Sockets[] = [
  { backend: "native", reason: withoutNative },
  { backend: "host", reason: undefined },
];

/** What a case is given. */
export interface Served {
  readonly server: Server;
  readonly port: number;
  readonly url: string;
}

/** Options of {@link withServer}, besides the server's. */
export interface Expectations {
  /** Lines on the console that are in order. Default 0: whatever a client sends, nothing is logged. */
  readonly logs?: number;
}

/**
 * Serves `handler`, runs `body`, shuts down, and checks what must hold after every test: no connection, descriptor or
 * timer is left, and nothing was written to the console.
 */
export async function withServer(
  sockets: Sockets,
  handler: Handler,
  body: (served: Served) => Promise<void>,
  options: ServeOptions & Expectations = {},
): Promise<void> {
  const library = withoutNative === undefined ? native() : undefined;
  const before = library?.liveHandles() ?? 0;
  const { logs = 0, ...serveOptions } = options;
  const console_ = new ConsoleSpy();
  const runtime = new Runtime();
  let server: Server | undefined;
  try {
    server = serve(handler, { port: 0, backend: sockets.backend, runtime, ...serveOptions });
    await body({ server, port: server.addr.port, url: server.url });
  } finally {
    await server?.shutdown({ deadlineMs: 0 });
    await runtime.quiesce();
    runtime.close();
    console_.restore();
  }
  assertEquals(console_.lines.length, logs, console_.lines.join("\n"));
  assertEquals(server.stats().connections, 0);
  if (library !== undefined) {
    await until(() => library.liveHandles() === before, "closing all descriptors");
  }
}

const METHODS = ["log", "info", "warn", "error", "debug"] as const;

class ConsoleSpy {
  readonly lines: string[] = [];
  readonly #before = METHODS.map((name) => console[name]);

  constructor() {
    for (const name of METHODS) {
      console[name] = (...parts) => void this.lines.push(parts.map(String).join(" "));
    }
  }

  restore(): void {
    METHODS.forEach((name, i) => console[name] = this.#before[i]);
  }
}

/** Waits until `condition` holds; fails after ten seconds. */
export async function until(condition: () => boolean, what: string): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come about within 10 s`);
    await pause(1);
  }
}

/** Waits on the real clock. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** A client. Each wait has a deadline: a test that would hang fails instead. */
export class RawClient implements Disposable {
  readonly conn: Deno.TcpConn;
  #text = "";
  #ended = false;
  #broken: unknown;

  private constructor(conn: Deno.TcpConn) {
    this.conn = conn;
  }

  /** Connect to a server of this machine. */
  static async connect(port: number): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** All that came. */
  get received(): string {
    return this.#text;
  }

  /** Did the server end its half? */
  get ended(): boolean {
    return this.#ended;
  }

  /** How the connection broke, if it did. */
  get broken(): unknown {
    return this.#broken;
  }

  /** Send; a connection that is broken already is seen when reading. */
  async send(bytes: string | Uint8Array): Promise<void> {
    const all = typeof bytes === "string" ? latin1(bytes) : bytes;
    try {
      for (let at = 0; at < all.length;) at += await this.conn.write(all.subarray(at));
    } catch (error) {
      this.#broken ??= error;
    }
  }

  /** Read until `enough`, the end, or the deadline, which is an error. */
  async readUntil(enough: (text: string) => boolean, deadlineMs: number = 10_000): Promise<string> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`${deadlineMs} ms, and there is only: ${this.#text.slice(-500)}`)),
        deadlineMs,
      );
    });
    try {
      while (!this.#ended && this.#broken === undefined && !enough(this.#text)) {
        await Promise.race([this.#readOnce(), late]);
      }
    } catch (error) {
      this.conn.close();
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return this.#text;
  }

  async #readOnce(): Promise<void> {
    const buffer = new Uint8Array(65_536);
    try {
      const count = await this.conn.read(buffer);
      if (count === null) this.#ended = true;
      else this.#text += textOf(buffer.subarray(0, count));
    } catch (error) {
      this.#broken = error;
    }
  }

  /** Read to the end. */
  readAll(deadlineMs?: number): Promise<string> {
    return this.readUntil(() => false, deadlineMs);
  }

  /** Read until so many responses have begun and the last has its head. */
  readResponses(count: number, deadlineMs?: number): Promise<string> {
    return this.readUntil((text) => {
      const parts = text.split(/HTTP\/1\.1 [2-5]/);
      return parts.length > count && parts[count].includes("\r\n\r\n");
    }, deadlineMs);
  }

  /** End the writing half. */
  async endWriting(): Promise<void> {
    try {
      await this.conn.closeWrite();
    } catch {
      // Gone already.
    }
  }

  /** Close. */
  [Symbol.dispose](): void {
    try {
      this.conn.close();
    } catch {
      // Closed already.
    }
  }
}

/** Send `bytes` on a connection of their own and read to the end. */
export async function exchange(
  port: number,
  bytes: string | Uint8Array,
  deadlineMs?: number,
): Promise<string> {
  using client = await RawClient.connect(port);
  await client.send(bytes);
  return await client.readAll(deadlineMs);
}
