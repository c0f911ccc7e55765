/**
 * What the tests of this floor share.
 * @module
 */
import { assertEquals } from "@std/assert";
import { native } from "../ffi/load.ts";
import type { Bytes } from "../ffi/native.ts";
import { ScriptedNative, type ScriptedOptions } from "../reactor/mod.ts";
import { Runtime } from "../runtime/runtime.ts";
import { type Reason, requireNative } from "../tests/support/skip.ts";
import { SocketAddr } from "./addr.ts";
import { listen } from "./listen.ts";
import { connectTransport } from "./tcp_connect.ts";
import { TcpListener } from "./tcp_listener.ts";
import { TcpStream } from "./tcp_stream.ts";
import type { Backend, Transport, TransportHandler } from "./transport.ts";

// Opened here, before the first test: a library that is opened inside one would count as leaked.
const withoutNative: Reason = requireNative();
if (withoutNative === undefined) native();

/** One kind of sockets that a table of cases is run over. */
export interface Kind {
  /** As the tests' names have it. */
  readonly name: string;
  readonly backend: Backend;
  /** Why it cannot be tested here. */
  readonly reason: Reason;
  /** What the sockets live on; `undefined` is the library of this process. */
  readonly native: () => ScriptedNative | undefined;
  /** Bytes that are certainly more than the system's buffers on the way hold. */
  readonly much: number;
}

const library = () => undefined;

/** The system's sockets: the library's and the host's. */
export const BACKENDS: readonly Kind[] = [
  { name: "native", backend: "native", reason: withoutNative, native: library, much: 16 << 20 },
  { name: "host", backend: "host", reason: undefined, native: library, much: 16 << 20 },
];

function scripted(name: string, options: ScriptedOptions): Kind {
  const native = () => new ScriptedNative({ hostTime: true, capacity: 20_000, ...options });
  return { name: `scripted ${name}`, backend: "native", reason: undefined, native, much: 200_000 };
}

/** And the scripted twin: as it should be, and with each fault alone and together. */
export const KINDS: readonly Kind[] = [
  ...BACKENDS,
  scripted("quiet", {}),
  scripted("short receives", { maxReceive: 999 }),
  scripted("short sends", { maxSend: 777 }),
  // Not 2: each event is a receive and a send, and one of them would be refused for ever.
  scripted("would-block storm", { wouldBlockEvery: 3 }),
  scripted("spurious", { spuriousEvery: 2, interruptEvery: 3 }),
  scripted("slow", { delayTurns: 3 }),
  scripted("everything", {
    maxReceive: 999,
    maxSend: 777,
    wouldBlockEvery: 3,
    spuriousEvery: 5,
    interruptEvery: 7,
    delayTurns: 2,
  }),
];

/** Loopback, any port. */
export const ANY: SocketAddr = SocketAddr.parse("127.0.0.1:0");

/** `length` bytes that repeat only after 251, so that a shifted or lost piece shows. */
export function pattern(length: number, seed = 0): Bytes {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (at + seed) % 251;
  return bytes;
}

/** Waits, in turns of the host's loop, until `condition` holds; fails after ten seconds. */
export async function until(condition: () => boolean, what = "the condition"): Promise<void> {
  const deadline = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(`${what} did not come about within 10 s`);
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

/** Writes down what its transport tells it, and checks that it is told in the right moment. */
export class Recorder implements TransportHandler {
  /** `end`, `drain` and `close`, in order. */
  readonly events: string[] = [];
  /** What arrived, copied. */
  readonly chunks: Bytes[] = [];
  /** Bytes that arrived. */
  count = 0;
  /** The error of onClose. */
  error: Error | undefined;
  /** Called after each callback. */
  onEvent: (() => void) | undefined;
  readonly transport: Transport;
  #calling = false;

  constructor(transport: Transport) {
    this.transport = transport;
    transport.handler = this;
  }

  /** Call the transport; a callback from inside is a fault. */
  call<T>(method: (transport: Transport) => T): T {
    this.#calling = true;
    try {
      return method(this.transport);
    } finally {
      this.#calling = false;
    }
  }

  /** All that arrived, in one piece. */
  get received(): Bytes {
    const whole = new Uint8Array(this.count);
    let at = 0;
    for (const chunk of this.chunks) {
      whole.set(chunk, at);
      at += chunk.length;
    }
    return whole;
  }

  get isClosed(): boolean {
    return this.events.includes("close");
  }

  get hasEnded(): boolean {
    return this.events.includes("end");
  }

  onData(bytes: Bytes, start: number, end: number): void {
    this.#check("onData");
    this.chunks.push(bytes.slice(start, end));
    this.count += end - start;
    this.onEvent?.();
  }

  onEnd(): void {
    this.#note("end");
  }

  onDrain(): void {
    this.#note("drain");
  }

  onClose(error: Error | undefined): void {
    this.error = error;
    this.#note("close");
  }

  #note(event: string): void {
    this.#check(event);
    this.events.push(event);
    this.onEvent?.();
  }

  #check(event: string): void {
    if (this.#calling) throw new Error(`${event} came inside a call of its own transport`);
    if (this.isClosed) throw new Error(`${event} came after onClose`);
  }
}

/** Send by begin and commit. */
export function commit(transport: Transport, bytes: Bytes): void {
  const at = transport.begin(bytes.length);
  transport.output.set(bytes, at);
  transport.commit(at, at + bytes.length);
}

/** Two connected transports, recorded. */
export interface Pair {
  readonly runtime: Runtime;
  readonly client: Recorder;
  readonly server: Recorder;
  /** See {@link Kind.much}. */
  readonly much: number;
}

/**
 * Runs `body` with two connected transports and checks that it leaves no descriptor open. The server's is of
 * `kind`, the client's too unless told otherwise.
 */
export async function withPair(
  kind: Kind,
  body: (pair: Pair) => Promise<void>,
  clientBackend: Backend = kind.backend,
): Promise<void> {
  await withRuntime(kind, async (runtime) => {
    let server: Recorder | undefined;
    const acceptor = listen(runtime, ANY, { backend: kind.backend }, (transport) => {
      server = new Recorder(transport);
    });
    const client = await runtime.run(connectTransport(
      runtime,
      acceptor.localAddr,
      { backend: clientBackend },
      (transport) => new Recorder(transport),
    ));
    await until(() => server !== undefined, "accepting");
    acceptor.close();
    try {
      await body({ runtime, client, server: server!, much: kind.much });
    } finally {
      client.transport.abort();
      server!.transport.abort();
      await until(() => client.isClosed && server!.isClosed, "closing");
    }
  });
}

/** Runs `body` with a runtime of its own and checks that it leaves no descriptor open. */
export async function withRuntime(kind: Kind, body: (runtime: Runtime) => Promise<void>): Promise<void> {
  const scripted = kind.native();
  const library = scripted ?? (withoutNative === undefined ? native() : undefined);
  const before = library?.liveHandles() ?? 0;
  const runtime = scripted === undefined ? new Runtime() : new Runtime({ native: scripted });
  try {
    await body(runtime);
    // The host does not tell when its last writes are through.
    if (kind.backend === "host") await new Promise((resolve) => setTimeout(resolve, 20));
    if (library !== undefined) {
      await until(() => runtime.reactor.size === 0 && !runtime.reactor.hasWork, "closing all sockets");
      await runtime.quiesce();
    }
  } finally {
    runtime.close();
  }
  if (library === undefined) return;
  assertEquals(library.liveHandles() - before, 0, "descriptors were left open");
  if (scripted !== undefined) assertEquals(scripted.misuses, []);
}

/** Two connected streams, and what the cases over them need to know. */
export interface Streams {
  readonly runtime: Runtime;
  readonly client: TcpStream;
  readonly server: TcpStream;
  /** See {@link Kind.much}. */
  readonly much: number;
}

/** Runs `body` with two connected streams and checks that it leaves no descriptor open. */
export async function withStreams(
  kind: Kind,
  body: (streams: Streams) => Promise<void>,
  clientBackend: Backend = kind.backend,
): Promise<void> {
  await withRuntime(kind, async (runtime) => {
    using listener = TcpListener.bind(ANY, { runtime, backend: kind.backend });
    const client = await runtime.run(
      TcpStream.connect(listener.localAddr, { runtime, backend: clientBackend }),
    );
    const server = await runtime.run(listener.accept());
    try {
      await body({ runtime, client, server, much: kind.much });
    } finally {
      client.abort();
      server.abort();
    }
  });
}

/** Reads up to the end, or until `limit` bytes are there. */
export async function readAll(stream: TcpStream, limit: number = Infinity, room = 65_536): Promise<Bytes> {
  const into = new Uint8Array(room);
  const whole = new Uint8Array(new ArrayBuffer(1024, { maxByteLength: 1 << 28 }));
  let length = 0;
  while (length < limit) {
    const count = await stream.read(into);
    if (count === 0) break;
    while (length + count > whole.length) whole.buffer.resize(2 * whole.length);
    whole.set(into.subarray(0, count), length);
    length += count;
  }
  return whole.slice(0, length);
}
