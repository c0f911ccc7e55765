/**
 * The environment that the targets share: HOST, PORT, and BACKEND (`auto`; the benches want `native`, so that they never
 * measure the host's sockets by mistake), and what this version refuses.
 */

/** Where to listen, and over whose sockets. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
  readonly backend: "auto" | "native" | "host";
}

/** Variables of the contract that belong to floors that do not exist yet, and the one value that changes nothing. */
const NOT_YET: Readonly<Record<string, string>> = {
  WORKERS: "1",
  UNIX: "",
  TLS_CERT: "",
  TLS_KEY: "",
  H3: "0",
};

/** HOST, PORT and BACKEND; ends the process with one line if the environment asks for what is not there. */
export function address(): Address {
  for (const [name, neutral] of Object.entries(NOT_YET)) {
    const value = Deno.env.get(name) ?? "";
    if (value !== "" && value !== neutral) {
      refuse(`${name}="${value}": not supported by this version, unset it`);
    }
  }
  const text = Deno.env.get("PORT") ?? "3000";
  const port = Number(text);
  if (text.trim() === "" || !Number.isInteger(port) || port < 0 || port > 65_535) {
    refuse(`PORT="${text}": want an integer from 0 to 65535`);
  }
  const backend = Deno.env.get("BACKEND") ?? "auto";
  if (backend !== "auto" && backend !== "native" && backend !== "host") {
    refuse(`BACKEND="${backend}": want auto, native or host`);
  }
  return { hostname: Deno.env.get("HOST") ?? "127.0.0.1", port, backend };
}

function refuse(message: string): never {
  console.error(message);
  Deno.exit(2);
}

/** Prints the one line of the contract. */
export function announce(url: string): void {
  console.log(`listening on ${url.replace(/\/$/, "")} (pid ${Deno.pid})`);
}

/** How long answers that are in flight may take after SIGTERM. */
export const DRAIN_MS = 9_000;

/** After SIGTERM (or SIGINT): drains with `close`, then exits 0. */
export function exitOnSignal(close: () => Promise<void>): void {
  let closing = false;
  const end = async (): Promise<void> => {
    if (closing) return;
    closing = true;
    await close();
    Deno.exit(0);
  };
  Deno.addSignalListener("SIGTERM", end);
  Deno.addSignalListener("SIGINT", end);
}

/** A query value as an integer from 0 to `max`, or null. */
export function integer(text: string | null, max: number): number | null {
  if (text === null || !/^\d{1,15}$/.test(text)) return null;
  const value = Number(text);
  return value <= max ? value : null;
}

/** Limits of `/stream` and `/slow`, so that a request cannot ask for the machine. */
export const MAX_CHUNKS = 1_000_000;
export const MAX_CHUNK_BYTES: number = 16 * 1024 * 1024;
export const MAX_SLOW_MS = 60_000;

/** `count` chunks of `size` bytes. */
export async function* chunks(count: number, size: number): AsyncGenerator<Uint8Array> {
  const chunk = new Uint8Array(size).fill(0x78);
  for (let i = 0; i < count; i++) yield chunk;
}
