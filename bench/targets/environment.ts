/** The environment that the targets share: HOST and PORT, and what this version refuses. */

/** Where to listen. */
export interface Address {
  readonly hostname: string;
  readonly port: number;
}

/** Variables of the contract that belong to floors that do not exist yet, and the one value that changes nothing. */
const NOT_YET: Readonly<Record<string, string>> = {
  WORKERS: "1",
  UNIX: "",
  TLS_CERT: "",
  TLS_KEY: "",
  H3: "0",
};

/** HOST and PORT; ends the process with one line if the environment asks for what is not there. */
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
  return { hostname: Deno.env.get("HOST") ?? "127.0.0.1", port };
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
