import { assertEquals } from "@std/assert";
import { type IoError, Runtime } from "../runtime/mod.ts";
import { SocketAddr } from "./addr.ts";
import { HostAcceptor, type HostListener } from "./host_acceptor.ts";
import { fromHostAddr, type HostConn, toHostName } from "./host_transport.ts";
import type { ListenOptions, Transport } from "./mod.ts";

function address(hostname: string): Deno.NetAddr {
  return { transport: "tcp", hostname, port: 1 };
}

/** A connection that says and takes nothing. */
class IdleConn implements HostConn {
  readonly localAddr = address("fe80::1");
  readonly remoteAddr = address("fe80::2");
  closed = 0;
  setNoDelay: (on: boolean) => void = () => {};
  readonly #never = Promise.withResolvers<never>();

  read(): Promise<number | null> {
    return this.#never.promise;
  }

  write(bytes: Uint8Array): Promise<number> {
    return Promise.resolve(bytes.length);
  }

  closeWrite(): Promise<void> {
    return Promise.resolve();
  }

  close(): void {
    this.closed++;
  }
}

/** A listener whose accepts end as they are told to: with a connection, or with an error. */
class Listener implements HostListener {
  readonly addr = address("fe80::1");
  readonly #outcomes: (HostConn | Error)[];

  constructor(outcomes: readonly (HostConn | Error)[]) {
    this.#outcomes = [...outcomes];
  }

  accept(): Promise<HostConn> {
    const outcome = this.#outcomes.shift();
    if (outcome === undefined) return new Promise(() => {});
    return outcome instanceof Error ? Promise.reject(outcome) : Promise.resolve(outcome);
  }

  close(): void {}
}

async function run(outcomes: readonly (HostConn | Error)[], options: ListenOptions = {}) {
  const accepted: Transport[] = [];
  const runtime = new Runtime();
  const acceptor = new HostAcceptor(
    runtime,
    new Listener(outcomes),
    options,
    (transport) => void accepted.push(transport),
    3,
  );
  await new Promise((resolve) => setTimeout(resolve, 0));
  const addr = acceptor.localAddr;
  for (const transport of accepted) transport.abort();
  acceptor.close();
  await new Promise((resolve) => setTimeout(resolve, 0));
  runtime.close();
  return { accepted, addr };
}

function failure(code: string): Error {
  return Object.assign(new Error("no"), { code });
}

Deno.test("host acceptor: a connection that died in the queue makes nobody rest", async () => {
  const codes =
    "ECONNABORTED EHOSTDOWN EHOSTUNREACH EINTR ENETDOWN ENETUNREACH ENONET ENOPROTOOPT EOPNOTSUPP EPERM EPROTO";
  const errors: string[] = [];
  const { accepted } = await run(
    [...codes.split(" ").map(failure), new IdleConn()],
    { onAcceptError: (error) => void errors.push(error.code) },
  );
  assertEquals([accepted.length, errors], [1, []]);
});

Deno.test("host acceptor: other failures are told as IoErrors of the listener", async () => {
  const bad: readonly [Error, string][] = [
    [failure("EMFILE"), "EMFILE"],
    [failure("EINVAL"), "EINVAL"],
    [new Deno.errors.BadResource("no"), "EBADF"],
    [new Error("odd"), "EIO"],
  ];
  for (const [cause, code] of bad) {
    const errors: IoError[] = [];
    await run([cause, new IdleConn()], { onAcceptError: (error) => void errors.push(error) });
    assertEquals(errors.map((error) => [error.code, error.syscall, error.address, error.cause]), [
      [code, "accept", "[fe80::1%3]:1", cause],
    ]);
  }
});

Deno.test("host acceptor: a connection that refuses setNoDelay is handed out nevertheless", async () => {
  const conn = new IdleConn();
  conn.setNoDelay = () => {
    throw failure("EINVAL");
  };
  const errors: unknown[] = [];
  const { accepted } = await run([conn], { onAcceptError: (error) => void errors.push(error) });
  assertEquals([accepted.length, conn.closed, errors], [1, 1, []]);
});

Deno.test("host: the interface of a link-local address is kept", async () => {
  const { addr } = await run([]);
  assertEquals(`${addr}`, "[fe80::1%3]:1");
  assertEquals(`${fromHostAddr(address("FEBF::1"), 3)}`, "[febf::1%3]:1");
  for (const other of ["::1", "fec0::1", "fd00::1", "127.0.0.1"]) {
    assertEquals(fromHostAddr(address(other), 3).scopeId, 0);
  }
  assertEquals(toHostName(SocketAddr.parse("[fe80::1%3]:1")), "fe80::1%3");
  assertEquals(toHostName(SocketAddr.parse("[::1]:1")), "::1");
});
